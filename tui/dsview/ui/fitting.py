"""Fits text into a width. Shortened text has an ellipsis and keeps the part that distinguishes it."""

from __future__ import annotations

import re

from rich.cells import cell_len, set_cell_size

_LEAST_CUT = 7
"""The minimum width for shortening a text in the middle."""

_SEPARATORS = re.compile(r"[.:]+")
"""The separators between the parts of an address."""

_KIND = re.compile(r"[A-Z][A-Za-z]+ \S")
"""The kind before the name of an object."""

_TELLING = re.compile(r"[1-9a-fA-F]")
"""A digit of a part of an address that is not zero."""


def fit(text: str, width: int, ellipsis: str, *, right: bool = False, middle: bool = False) -> str:
    """The text shortened or padded to exactly `width` terminal cells; wide and combining characters are counted.

    It is shortened at the end, or, for generated names, in the middle, because both ends matter. In names of namespaces
    the end matters more.
    """
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        if width <= 1:
            return ellipsis[:width]
        kept = (width - 1) * 2 // 3 if "/" in text else (width - 1) // 2
        tail = kept if middle and text.isascii() and width >= _LEAST_CUT else 0
        return set_cell_size(text, width - 1 - tail) + ellipsis + (text[-tail:] if tail else "")
    padding = " " * (width - length)
    return padding + text if right else text + padding


def fit_object(text: str, width: int, ellipsis: str) -> str:
    """An object such as `Deployment shop/web (4 Pods)`, shortened or padded to exactly `width` cells.

    Its kind is dropped first, because the check implies it, then the middle.
    """
    if _KIND.match(text) and (len(text) if text.isascii() else cell_len(text)) > width:
        return (ellipsis + fit(text.partition(" ")[2], max(0, width - 1), ellipsis, middle=True))[:width]
    return fit(text, width, ellipsis, middle=True)


def fit_name(text: str, width: int, ellipsis: str) -> str:
    """The name of an object cut or padded to exactly `width` cells: its domain goes first, then its middle.

    The nodes of a cloud differ in their host names and share a domain: `ip-10-0-12-9.eu-central-1.compute.internal`.
    """
    host = text.partition(".")[0]
    if len(text) <= width or host == text or not text.isascii():
        return fit(text, width, ellipsis, middle=True)
    if len(host) < width:
        return fit(text, width, ellipsis)
    # A host name that just fits without its dot gets an ellipsis instead, to show that the domain is left out.
    return fit(host if len(host) > width else f"{host}.", width, ellipsis, middle=True)


def fit_address(text: str, width: int, ellipsis: str, *, right: bool = False) -> str:
    """An address, CIDR or socket shortened or padded to exactly `width` cells.

    Its last part stays (of a CIDR, the last part that is not zero), with what follows: port, prefix length, and words
    after a space. `fd00:10:244:3::/64` becomes `fd…:3::/64`.
    """
    if len(text) > width and text.isascii():
        address, blank, more = text.partition(" ")
        tail = _tail(address, width - 1 - len(blank + more))
        if tail:
            tail += blank + more
            return address[: width - 1 - len(tail)] + ellipsis + tail
    return fit(text, width, ellipsis, right=right, middle=True)


def _tail(address: str, room: int) -> str:
    """The end of an address that is kept: whole parts, in about half of the width; may be empty."""
    tails = [address[found.start() :] for found in _SEPARATORS.finditer(address)]
    telling = [tail for tail in tails if _TELLING.search(tail.partition("/")[0])]
    budget = room * 2 // 3 if "/" in address else room // 2
    for tail in telling:
        if len(tail) <= budget:
            return tail
    if not telling:
        return ""
    least = telling[-1]
    return least if len(least) <= room else least.lstrip(".:") if len(least.lstrip(".:")) <= room else ""
