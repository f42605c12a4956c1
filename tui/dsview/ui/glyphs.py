"""The signs with a meaning that does not depend on colour, in Unicode and in ASCII."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dsview.core.finding import Severity


class Glyphs(msgspec.Struct, frozen=True, kw_only=True):
    """One set of signs, each one cell wide."""

    error: str
    warning: str
    note: str
    good: str
    cursor: str
    gap: str
    rule: str
    line: str
    ellipsis: str
    ascending: str
    descending: str
    dot: str
    more: str
    opened: str
    less: str
    folded: str
    rail: str
    broken_rail: str
    nowhere: str
    short: str

    @property
    def is_ascii(self) -> bool:
        """Whether these signs are plain ASCII."""
        return self.error == "X"

    def own(self, text: str) -> str:
        """Text with the signs of this set in place of the default ones."""
        return text.translate(_TO_ASCII) if self.is_ascii else text

    def severity(self, severity: Severity | None) -> str:
        """The sign of a severity; a space for none."""
        if severity is None:
            return " "
        return (self.error, self.warning, self.note)[severity.rank]


UNICODE = Glyphs(
    error="■",
    warning="▲",
    note="●",
    good="√",
    cursor="▌",
    gap="╌",
    rule="│",
    line="─",
    ellipsis="…",
    ascending="↑",
    descending="↓",
    dot="·",
    more="►",
    opened="▼",
    less="◄",
    folded="└",
    rail="┃",
    broken_rail="╎",
    nowhere="○",
    short="◊",
)
ASCII = Glyphs(
    error="X",
    warning="!",
    note="i",
    good="+",
    cursor=">",
    gap="-",
    rule="|",
    line="-",
    ellipsis="~",
    ascending="^",
    descending="v",
    dot="-",
    more=">",
    opened="v",
    less="<",
    folded="`",
    rail="|",
    broken_rail=":",
    nowhere="o",
    short="*",
)

_TO_ASCII = str.maketrans(
    {getattr(UNICODE, name): getattr(ASCII, name) for name in ("error", "warning", "note", "dot", "ellipsis")}
)
