"""Suggests how a filter could continue at the cursor: keys, then existing values.

It teaches the language while typing.
"""

from __future__ import annotations

import re

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.core.text import Safe, safe
from dsview.tables.filter_fields import FILTER_KEYS, FilterKey
from dsview.tables.pane import Pane

MOST = 20
"""The maximum number of suggestions."""


class Suggestions(msgspec.Struct, frozen=True, kw_only=True):
    """Texts that could replace what begins at `start` and ends at the cursor, the most likely first.

    `about` is the sentence of the key that is being typed, empty if there is none.
    """

    start: int
    texts: tuple[Safe, ...]
    about: Safe = Safe("")


_BEGUN = re.compile(r'!*((?:"[^"]*"?|[^\s|"])*)$')
"""The term that ends at the cursor."""


def suggest(text: str, cursor: int, pane: Pane, view: ClusterView) -> Suggestions:
    """What is possible at the cursor."""
    match = _BEGUN.search(text[:cursor])
    begun = match.group(1) if match is not None else ""
    start = cursor - len(begun)
    name, colon, value = begun.partition(":")
    entry = FILTER_KEYS.get(name.lower())
    if colon and entry is not None:
        texts = tuple(safe(f"{name}:{found}") for found in _values(entry, value, pane, view))
        return Suggestions(
            start=start, texts=texts, about=safe(entry.help if texts else f"{entry.help} {entry.example}")
        )
    keys = [key for key in FILTER_KEYS.values() if key.applies_to(pane) and key.name.startswith(begun.lower())]
    return Suggestions(start=start, texts=tuple(safe(f"{key.name}:") for key in keys) if not colon else ())


def _values(entry: FilterKey, begun: str, pane: Pane, view: ClusterView) -> list[str]:
    wanted = begun.lstrip('"').lower()
    values = entry.values(pane, view)
    found = [value for value in values if value.lower().startswith(wanted)]
    # A name that would need quoting or escaping cannot be suggested.
    plain = [value for value in found if safe(value) == value and '"' not in value]
    return [f'"{value}"' if re.search(r"[\s|]", value) else value for value in plain[:MOST]]
