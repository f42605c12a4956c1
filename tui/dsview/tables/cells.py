"""Columns, cells and rows: the contents of a table, independent of how it is drawn."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from dsview.core.finding import Finding, Severity
from dsview.core.text import Safe
from dsview.kinds.metadata import Key

Lane = Literal["", "IPv4", "IPv6"]
GAP = Safe("—")
"""Shown where an address is missing that should exist."""

NONE = Safe("·")
"""Shown where there is no value and none is expected."""

UNREAD = Safe("?")
"""Shown where the value is unknown, because its source was not read."""


class Tone(StrEnum):
    """The meaning of a cell, to which a theme assigns a colour. The severity of a flag is added to it."""

    PLAIN = "plain"
    MUTED = "muted"
    GOOD = "good"
    GAP = "gap"
    PRIMARY = "primary"
    SHORT = "short"
    """Less than expected, even without a finding."""
    REMARK = "remark"
    """In the findings column: why the row is incomplete or pending. It is not a finding."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a pane.

    Attributes:
        help: A sentence.
        lane: The family of the column, if it has one.
        width: The smallest useful width, in cells.
        max_width: The largest useful width, in cells.
        priority: A narrow screen hides the columns with the highest numbers first, and never those with 0.
    """

    id: str
    title: str
    help: str
    lane: Lane = ""
    width: int = 6
    max_width: int = 40
    align: Literal["left", "right"] = "left"
    priority: int = 0


class Cell(msgspec.Struct, frozen=True, gc=False):
    """One cell. `flag` is the worst severity of the findings about this cell.

    `value` is the full value for exports if the text is shortened for the screen, such as `PreferDualStack` for
    `Prefer`. For a remark, it is the text for a narrow column.
    """

    text: Safe
    tone: Tone = Tone.PLAIN
    flag: Severity | None = None
    value: str = ""

    @property
    def is_short(self) -> bool:
        """Whether it has less than expected. It gets a symbol of its own unless a finding flags it."""
        return self.tone is Tone.SHORT or (self.tone is Tone.GAP and self.text != GAP)

    @property
    def exported(self) -> str:
        """The full value as Kubernetes spells it; empty if there is none."""
        if self.tone is Tone.REMARK:
            return ""
        return self.value or ("" if self.text in {GAP, NONE, UNREAD} else self.text)


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row: its key, one cell for each column of the pane, and the findings that flag it, without exempted ones."""

    key: Key
    cells: tuple[Cell, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def severity(self) -> Severity | None:
        """The worst severity of the row's findings."""
        return min((f.severity for f in self.findings), key=lambda s: s.rank, default=None)
