"""Sort keys: one string for each row, so that 150,000 rows sort by C code alone."""

from __future__ import annotations

from dsview.model.address import Family, packed
from dsview.model.finding import Finding

LAST = "\U0010ffff"
"""Sorts behind everything."""


def address_sort(texts: tuple[str, ...], family: Family) -> str:
    """A string that orders by the first address of a family, numerically; rows without one come last."""
    size = 4 if family == "IPv4" else 16
    for text in texts:
        raw = packed(text.partition("/")[0])
        if raw is not None and len(raw) == size:
            return raw.decode("latin-1")
    return LAST


def number_sort(number: int) -> str:
    """A string that orders as the number does."""
    return f"{number:012d}"


def findings_sort(findings: tuple[Finding, ...]) -> str:
    """Worst first, then by code; rows without findings last."""
    if not findings:
        return LAST
    worst = min(findings, key=lambda f: f.order)
    return f"{worst.severity.rank}{999 - min(len(findings), 999):03d}{worst.check}"
