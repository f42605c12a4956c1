"""Values that a capture hides. They show neither what was there nor that nothing was there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_BLOT: Final = "x*#?█▒•_"
"""Characters that replace digits or groups of digits."""

_WORDS: Final = re.compile(
    r"(?<![a-z])(?:redacted|hidden|masked|removed|anonymi[sz]ed|obfuscated|scrubbed|saniti[sz]ed|censored|omitted"
    r"|snip(?:ped)?)(?![a-z])|<[^<>]*",
    re.IGNORECASE,
)
_SHAPES: Final = re.compile(
    r"\*{2,}.*"
    rf"|[{_BLOT}.…-]{{2,}}|[x*#?█…]"
    # A placeholder: <node-ip>, [IP], {{ IP }}, $NODE_IP, %IP%, MY_PUBLIC_IP, ipv6-address-1, x-ipv4-0000000001-x.
    r"|[<\[({]{1,2}\s*[a-z_][\w .-]*[>\])}]{1,2}|\$\{?\w+\}?|%\w+%"
    # What says itself that it is no address stands in no address's place.
    r"|(?!(?:not?|invalid|bad|wrong|broken|bogus)[-_ ])"
    r"(?:[a-z]+[-_ ])*(?:ip|ipv[46]|addr|address|cidr|subnet)(?:[-_ ]?(?:v[46]|addr|address))?"
    r"(?:[-_ ]?\d{1,10})?(?:[-_ ][a-z])?"
    # Digests, and a UUID that replaces an address.
    r"|(?:(?:sha\d{1,3}|md5):)?[0-9a-f]{12,128}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
"""What must-gather, insights archives, support bundles and people write instead of an address."""

_PLAIN: Final = re.compile(r"(?:[\d.]+|[0-9a-fA-F]*:[0-9a-fA-F.:]*)(?:/\d+)?")
_V4_GROUP: Final = re.compile(rf"\d{{0,3}}[{_BLOT}]{{1,4}}\d{{0,2}}", re.IGNORECASE)
_LETTER: Final = re.compile(r"([a-z])\1{0,3}", re.IGNORECASE)
_V6: Final = re.compile(rf"[0-9a-f:.yz…{_BLOT}]+", re.IGNORECASE)
_V6_BLOT: Final = re.compile(rf"[yz…{_BLOT}]|\.\.", re.IGNORECASE)


_LONGEST: Final = 200
"""The maximum length of a text that can replace an address."""


def is_redacted(text: str) -> bool:
    """Whether a text that should be an address or a range was replaced. No address has such a form."""
    # This runs for every address of every object, so most are decided by a quick test.
    if _PLAIN.fullmatch(text) and ".." not in text:
        return False
    value = text.partition("/")[0].strip()
    if not value or len(value) > _LONGEST:
        return False
    if not value.startswith("%"):
        value = value.partition("%")[0]
    if ":" in value and _V6.fullmatch(value):
        return _V6_BLOT.search(value) is not None
    return _is_blotted_v4(value) or _SHAPES.fullmatch(value) is not None or _WORDS.search(value) is not None


def any_redacted(texts: Iterable[str]) -> bool:
    """Whether one of the texts was replaced."""
    return any(map(is_redacted, texts))


def _is_blotted_v4(text: str) -> bool:
    """`10.x.x.x`, `192.168.1xx.*`, `a.b.c.d`: groups of digits, some of them replaced."""
    groups = text.split(".")
    if not 2 <= len(groups) <= 4:
        return False
    rest = [group for group in groups if not (group.isascii() and group.isdigit())]
    if not rest:
        return False
    return all(_V4_GROUP.fullmatch(group) or (len(groups) == 4 and _LETTER.fullmatch(group)) for group in rest)
