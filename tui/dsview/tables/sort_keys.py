"""Sort keys: one string for each row, so that sorting 150,000 rows runs in C only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from socket import AF_INET, AF_INET6, inet_pton

from dsview.core.address import Family, packed
from dsview.core.finding import Finding

_ABOVE_MAPPED = b"\0" * 9 + b"\1"
"""All v4-mapped addresses, which count as IPv4, sort before this prefix."""

_BATCH = 1024
"""The number of rows that are ranked together. One text that is not a plain address costs the time of a portion."""

LAST = "\xff" * 17
"""Sorts after all ASCII and all addresses. It is a string of the same width as these, because that compares fast."""


def address_ranks(rows: Iterable[Sequence[str]], family: Family) -> list[str]:
    """For the addresses or CIDRs of each row, a string that sorts numerically by the first one of a family.

    Rows without one come last. Of two addresses, at most one has the family, as in every list of the API.
    """
    rows = iter(rows)
    ranks: list[str] = []
    while batch := list(islice(rows, _BATCH)):
        try:
            ranks += _plain_ranks(batch, is_v6=family == "IPv6")
        except (OSError, ValueError):
            ranks += [_rank(texts, family) for texts in batch]
    return ranks


def _plain_ranks(rows: Sequence[Sequence[str]], *, is_v6: bool) -> list[str]:
    """The ranks of rows with plain addresses. Calls process many rows, so that 150,000 do not delay a key press.

    Of two addresses, the one that usually has the family is read first, because memory access limits the speed. Raises
    `OSError` or `ValueError` if a text is something else, such as a CIDR.
    """
    kind, lowest = (AF_INET6, _ABOVE_MAPPED) if is_v6 else (AF_INET, bytes(4))
    nothing = "::" if is_v6 else "0.0.0.0"  # noqa: S104 - nothing is bound to it
    first_index, other = (-1, 0) if is_v6 else (0, -1)
    raws = [
        inet_pton(
            kind,
            nothing
            if not 0 < len(row) <= 2
            else row[first_index]
            if (":" in row[first_index]) is is_v6
            else row[other]
            if (":" in row[other]) is is_v6
            else nothing,
        )
        for row in rows
    ]
    size = len(raws[0])
    joined = b"".join(raws).decode("latin-1")
    ranks = [joined[at : at + size] for at in range(0, len(joined), size)]
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
    """The sort key of a row by its findings: the worst severity, then `harm`, their number, and the code.

    A lower `harm` sorts first. Rows without findings come last, after degraded ones.
    """
    if not findings:
        return _DEGRADED if is_degraded else LAST
    worst = min(findings, key=lambda f: f.order)
    return f"{worst.severity.rank}{harm}{999 - min(len(findings), 999):03d}{worst.check}"
