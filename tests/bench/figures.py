"""The result of a measurement, and how it is printed."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

import msgspec


class Figure(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One measured quantity: the value of every run. `goal` is the maximum, or with `at_least` the minimum."""

    row: str
    what: str
    unit: str
    values: list[float]
    goal: float | None = None
    at_least: bool = False
    plain: float | None = None
    """What a plain client, or a trivial application, needed for the same in the same run."""

    @property
    def median(self) -> float:
        """The value to quote."""
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool | None:
        """Whether the median reaches the goal; None if there is no goal."""
        if self.goal is None:
            return None
        return self.median >= self.goal if self.at_least else self.median <= self.goal


def quantile(values: Iterable[float], share: float) -> float:
    """A percentile of the values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(figures: Sequence[Figure]) -> str:
    """The figures as lines of text."""
    lines = [("row", "what", "median", "spread", "goal", "", "ratio to plain")]
    for figure in figures:
        spread = f"{_number(min(figure.values))} to {_number(max(figure.values))}" if len(figure.values) > 1 else ""
        sign = ("≥ " if figure.at_least else "≤ ") if figure.goal is not None else ""
        goal = sign + _number(figure.goal) if figure.goal is not None else ""
        verdict = {True: "met", False: "missed", None: ""}[figure.is_met]
        ratio = f"{figure.median / figure.plain:.2f}" if figure.plain else ""
        lines.append((figure.row, figure.what, f"{_number(figure.median)} {figure.unit}", spread, goal, verdict, ratio))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
