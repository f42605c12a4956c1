"""Sort keys: one string for each row, so that 150,000 rows sort by C code alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from socket import AF_INET, AF_INET6, inet_pton

from dsview.core.address import Family, packed
from dsview.core.finding import Finding

_ABOVE_MAPPED = b"\0" * 9 + b"\1"
"""A prefix for v4-mapped addresses, which are IPv4; all of them sort before it."""

_PORTION = 1024
"""The number of rows that are ranked together. One text that is not a plain address costs the time of a portion."""

LAST = "\xff" * 17
"""Sorts after all ASCII and all addresses. It has their kind of string, because otherwise comparing is slow."""


def address_ranks(rows: Iterable[Sequence[str]], family: Family) -> list[str]:
    """For the addresses or CIDRs of each row, a string that sorts numerically by the first one of a family.

    Rows without one come last. A row of two is taken to have at most one of each family, as in every list of the API.
    """
    rows = iter(rows)
    ranks: list[str] = []
    while portion := list(islice(rows, _PORTION)):
        try:
            ranks += _plain_ranks(portion, is_v6=family == "IPv6")
        except (OSError, ValueError):
            ranks += [_rank(texts, family) for texts in portion]
    return ranks


def _plain_ranks(rows: Sequence[Sequence[str]], *, is_v6: bool) -> list[str]:
    """The ranks of rows of plain addresses, by calls that take many rows at once: 150,000 must not delay a key.

    Of two addresses, the one that is usually of the family is read first, because memory is what this waits for.
    Raises `OSError` or `ValueError` if a text is something else, such as a CIDR.
    """
    kind, lowest = (AF_INET6, _ABOVE_MAPPED) if is_v6 else (AF_INET, bytes(4))
    nothing = "::" if is_v6 else "0.0.0.0"  # noqa: S104 - nothing is bound to it
    likely, other = (-1, 0) if is_v6 else (0, -1)
    raws = [
        inet_pton(
            kind,
            nothing
            if not 0 < len(row) <= 2
            else row[likely]
            if (":" in row[likely]) is is_v6
            else row[other]
            if (":" in row[other]) is is_v6
            else nothing,
        )
        for row in rows
    ]
    size = len(raws[0])
    together = b"".join(raws).decode("latin-1")
    ranks = [together[at : at + size] for at in range(0, len(together), size)]
    if min(raws) <= lowest:
        # Rows without one, rows of more than two, and IPv4-mapped addresses.
        family: Family = "IPv6" if is_v6 else "IPv4"
        for index, raw in enumerate(raws):
            if raw <= lowest:
                ranks[index] = _rank(rows[index], family)
    return ranks


def _rank(texts: Sequence[str], family: Family) -> str:
    size = 16 if family == "IPv6" else 4
    for text in texts:
        if size == 16 and ":" not in text:
            continue
        raw = packed(text.partition("/")[0]) or b""
        if len(raw) == size:
            return raw.decode("latin-1")
    return LAST


def lane_of(column: str) -> Family:
    """The family of a column's lane, by its id."""
    return "IPv4" if column.endswith("v4") else "IPv6"


def number_sort(number: int) -> str:
    """A string that sorts like the number."""
    return f"{number:012d}"


_DEGRADED = "~"
"""Sorts after every finding and before `LAST`."""


def findings_sort(findings: tuple[Finding, ...], *, harm: int = 0, is_degraded: bool = False) -> str:
    """Worst first, then by `harm`, the lowest number first, then by the number of findings, then by code.

    Rows without findings come last, the degraded ones first among them.
    """
    if not findings:
        return _DEGRADED if is_degraded else LAST
    worst = min(findings, key=lambda f: f.order)
    return f"{worst.severity.rank}{harm}{999 - min(len(findings), 999):03d}{worst.check}"
