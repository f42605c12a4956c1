"""Keeps keys in the order of a table: by namespace and name, or by a column. Updates are cheap if few keys change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from dsview.kinds.metadata import Key

RanksOf = Callable[[Sequence[Key]], list[str]]
"""Returns the sort keys of rows for a column, one string for each row."""


class Ordering:
    """Ordered keys: by rank if `ranks_of` is given, then by namespace and name.

    `keys` is replaced and never changed in place.
    """

    def __init__(self, keys: Iterable[Key], ranks_of: RanksOf | None = None, *, descending: bool = False) -> None:
        self._ranks_of = ranks_of
        self._descending = descending
        self._ranks: tuple[list[Key], list[str]] | None = None
        self.keys: list[Key] = self._ranked(sorted(keys))

    def ranked(self, ranks_of: RanksOf, *, descending: bool) -> Ordering:
        """The keys of this ordering, which must be by namespace and name, ordered by rank."""
        ordering = Ordering((), ranks_of, descending=descending)
        ordering.keys = ordering._ranked(self.keys)
        return ordering

    def __len__(self) -> int:
        return len(self.keys)

    def _ranked(self, named: list[Key]) -> list[Key]:
        if self._ranks_of is None:
            return named
        ranks = self._ranks_of(named)
        self._ranks = (named, ranks)
        return [named[i] for i in sorted(range(len(named)), key=ranks.__getitem__, reverse=self._descending)]

    @cached_property
    def _rank(self) -> dict[Key, str]:
        """The rank of each key. Computed when a row first changes, so that it does not delay sorting."""
        ranks, self._ranks = self._ranks, None
        return dict(zip(*ranks, strict=True)) if ranks is not None else {}

    def replace(self, gone: set[Key], new: set[Key]) -> bool:
        """Remove and add keys. A key in both is moved to its current position. Returns whether anything moved."""
        if self._ranks_of is None:
            new = {key for key in new if self.index_of(key) is None}
            gone = {key for key in gone if self.index_of(key) is not None}
            if not gone and not new:
                return False
        else:
            rank = self._rank
            ranks = dict(zip(new, self._ranks_of(list(new)), strict=True))
            if all(rank.get(key) == value for key, value in ranks.items()) and rank.keys().isdisjoint(gone - new):
                return False
            gone = gone | new
            for key in gone:
                rank.pop(key, None)
            rank.update(ranks)
        self.keys = self.merged_into(self.keys, gone, new)
        return True

    def index_of(self, key: Key) -> int | None:
        """The position of a key, or None."""
        return index_in(self.keys, key, by_name=self._ranks_of is None)

    def merged_into(self, keys: list[Key], gone: set[Key], new: Iterable[Key]) -> list[Key]:
        """A part of the keys, in this order, with some removed and others added."""
        kept = [key for key in keys if key not in gone] if gone else keys
        return self._merged(kept, self._ordered(new))

    def _ordered(self, keys: Iterable[Key]) -> list[Key]:
        ordered = sorted(keys)
        if self._ranks_of is not None:
            ordered.sort(key=self._rank.__getitem__, reverse=self._descending)
        return ordered

    def _merged(self, kept: list[Key], new: list[Key]) -> list[Key]:
        """Merge two ordered lists.

        A few new keys are inserted between slices, because sorting 150,000 keys again takes ten times as long.
        """
        if not new:
            return kept
        if len(new) > len(kept) // 8:
            return self._ordered(kept + new)
        merged: list[Key] = []
        start = 0
        for key in new:
            at = self._insertion_point(kept, key, start)
            merged += kept[start:at]
            merged.append(key)
            start = at
        merged += kept[start:]
        return merged

    def _insertion_point(self, keys: list[Key], key: Key, low: int) -> int:
        """The position at which a key belongs in an ordered list, at `low` or later."""
        if self._ranks_of is None:
            return bisect_left(keys, key, low)
        rank = self._rank
        rank_of_key = rank[key]
        high = len(keys)
        while low < high:
            middle = (low + high) // 2
            other = keys[middle]
            rank_of_other = rank[other]
            is_before = (
                other < key if rank_of_other == rank_of_key else (rank_of_other > rank_of_key) is self._descending
            )
            low, high = (middle + 1, high) if is_before else (low, middle)
        return low


def index_in(keys: list[Key], key: Key, *, by_name: bool) -> int | None:
    """The position of a key in a list. `by_name`: the list is ordered by namespace and name."""
    if not by_name:
        try:
            return keys.index(key)
        except ValueError:
            return None
    at = bisect_left(keys, key)
    return at if at < len(keys) and keys[at] == key else None
