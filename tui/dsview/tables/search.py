"""Searches for the rows that match a filter, in slices, so that 150,000 rows do not delay a key press."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from dsview.kinds.metadata import Key
from dsview.tables.filter import Filter

BATCH = 512
"""The number of rows between two checks of the time."""


class RowTexts:
    """The text of each row in lower case, computed on demand and cached until the row may have changed."""

    def __init__(self, read: Callable[[Sequence[Key]], Iterable[str]]) -> None:
        self._read = read
        self._texts: dict[Key, str] = {}

    def of(self, keys: Sequence[Key]) -> list[str]:
        """The texts of rows, in the order of their keys."""
        texts = self._texts
        try:
            return [texts[key] for key in keys]
        except KeyError:
            missing = [key for key in keys if key not in texts]
            texts_made = [text.lower() for text in self._read(missing)]
            texts.update(zip(missing, texts_made, strict=True))
        return texts_made if len(missing) == len(keys) else [texts[key] for key in keys]

    def forget(self, keys: Iterable[Key]) -> None:
        """Drop the texts of rows that changed."""
        for key in keys:
            self._texts.pop(key, None)

    def clear(self) -> None:
        """Drop all texts."""
        self._texts.clear()


class Search:
    """One search over a list of keys. `found` has the matches so far, in the order of the list."""

    def __init__(self, wanted: Filter, texts: RowTexts, keys: list[Key]) -> None:
        self._wanted = wanted
        self._texts = texts
        self._keys = keys
        self._at = 0
        self.found: list[Key] = []

    @property
    def is_done(self) -> bool:
        """Whether every key was checked."""
        return self._at >= len(self._keys)

    def work(self, until: float) -> None:
        """Continue until it is done or the time is up (`time.perf_counter`).

        Raises `TimeoutError` for a slow pattern.
        """
        select, texts_of = self._wanted.select, self._texts.of
        while self._at < len(self._keys):
            self.found += select(self._keys[self._at : self._at + BATCH], texts_of)
            self._at += BATCH
            if time.perf_counter() >= until:
                return


class Preparation:
    """Computes the texts of all rows before a filter needs them."""

    def __init__(self, texts: RowTexts, keys: list[Key]) -> None:
        self._texts = texts
        self._keys = keys
        self._at = 0

    def work(self, until: float) -> bool:
        """Continue until it is done or the time is up. Returns whether it is done."""
        while self._at < len(self._keys):
            self._texts.of(self._keys[self._at : self._at + BATCH])
            self._at += BATCH
            if time.perf_counter() >= until:
                break
        return self._at >= len(self._keys)
