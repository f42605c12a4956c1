"""Values that a capture hides. A hidden value is unknown: it must count neither as an address nor as a missing one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_MASK: Final = "x*#?█▒•_"
"""Characters that replace digits or groups of digits."""

_WORDS: Final = re.compile(
    r"(?<![a-z])(?:redacted|hidden|masked|removed|anonymi[sz]ed|obfuscated|scrubbed|saniti[sz]ed|censored|omitted"
    r"|snip(?:ped)?)(?![a-z])|<[^<>]*",
    re.IGNORECASE,
)
_PLACEHOLDERS: Final = re.compile(
    r"\*{2,}.*"
    rf"|[{_MASK}.…-]{{2,}}|[x*#?█…]"
    # A placeholder: <node-ip>, [IP], {{ IP }}, $NODE_IP, %IP%, MY_PUBLIC_IP, ipv6-address-1, x-ipv4-0000000001-x.
    r"|[<\[({]{1,2}\s*[a-z_][\w .-]*[>\])}]{1,2}|\$\{?\w+\}?|%\w+%"
    # A text that says that it is not an address does not replace one.
    r"|(?!(?:not?|invalid|bad|wrong|broken|bogus)[-_ ])"
    r"(?:[a-z]+[-_ ])*(?:ip|ipv[46]|addr|address|cidr|subnet)(?:[-_ ]?(?:v[46]|addr|address))?"
    r"(?:[-_ ]?\d{1,10})?(?:[-_ ][a-z])?"
    # Digests, and a UUID that replaces an address.
    r"|(?:(?:sha\d{1,3}|md5):)?[0-9a-f]{12,128}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
"""What must-gather, insights archives, support bundles and people write instead of an address."""

_PLAIN: Final = re.compile(r"(?:[\d.]+|[0-9a-fA-F]*:[0-9a-fA-F.:]*)(?:/\d+)?")
_V4_GROUP: Final = re.compile(rf"\d{{0,3}}[{_MASK}]{{1,4}}\d{{0,2}}", re.IGNORECASE)
_LETTER: Final = re.compile(r"([a-z])\1{0,3}", re.IGNORECASE)
_V6: Final = re.compile(rf"[0-9a-f:.yz…{_MASK}]+", re.IGNORECASE)
_V6_MASK: Final = re.compile(rf"[yz…{_MASK}]|\.\.", re.IGNORECASE)


_MAX_LENGTH: Final = 200
"""The maximum length of a text that can replace an address."""


def is_redacted(text: str) -> bool:
    """Whether a placeholder stands where an address or a range should be."""
    # This runs for every address of every object, so a quick test decides the usual case.
    if _PLAIN.fullmatch(text) and ".." not in text:
        return False
    value = text.partition("/")[0].strip()
    if not value or len(value) > _MAX_LENGTH:
        return False
    if not value.startswith("%"):
        value = value.partition("%")[0]
    if ":" in value and _V6.fullmatch(value):
        return _V6_MASK.search(value) is not None
    return _is_masked_v4(value) or _PLACEHOLDERS.fullmatch(value) is not None or _WORDS.search(value) is not None


def any_redacted(texts: Iterable[str]) -> bool:
    """Whether any of the texts is a placeholder."""
    return any(map(is_redacted, texts))


def _is_masked_v4(text: str) -> bool:
    """`10.x.x.x`, `192.168.1xx.*`, `a.b.c.d`: groups of digits, some of them replaced."""
    groups = text.split(".")
    if not 2 <= len(groups) <= 4:
        return False
    rest = [group for group in groups if not (group.isascii() and group.isdigit())]
    if not rest:
        return False
    return all(_V4_GROUP.fullmatch(group) or (len(groups) == 4 and _LETTER.fullmatch(group)) for group in rest)
