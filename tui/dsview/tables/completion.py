"""Suggests how to continue a filter at the cursor: keys and existing values."""

from __future__ import annotations

import re

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.core.text import Safe, safe
from dsview.tables.filter_fields import FILTER_KEYS, FilterKey
from dsview.tables.pane import Pane

MAX_SUGGESTIONS = 20
"""The maximum number of suggestions."""


class Suggestions(msgspec.Struct, frozen=True, kw_only=True):
    """Texts that could replace the text from `start` to the cursor, the most likely first.

    `help` explains the key that is being typed; empty if there is none.
    """

    start: int
    texts: tuple[Safe, ...]
    help: Safe = Safe("")


_CURRENT_TERM = re.compile(r'!*((?:"[^"]*"?|[^\s|"])*)$')
"""Matches the term that ends at the cursor."""


def suggest(text: str, cursor: int, pane: Pane, view: ClusterView) -> Suggestions:
    """The suggestions at the cursor."""
    match = _CURRENT_TERM.search(text[:cursor])
    prefix = match.group(1) if match is not None else ""
    start = cursor - len(prefix)
    name, colon, value = prefix.partition(":")
    entry = FILTER_KEYS.get(name.lower())
    if colon and entry is not None:
        texts = tuple(safe(f"{name}:{completed}") for completed in _values(entry, value, pane, view))
        return Suggestions(
            start=start, texts=texts, help=safe(entry.help if texts else f"{entry.help} {entry.example}")
        )
    keys = [key for key in FILTER_KEYS.values() if key.applies_to(pane) and key.name.startswith(prefix.lower())]
    return Suggestions(start=start, texts=tuple(safe(f"{key.name}:") for key in keys) if not colon else ())


def _values(entry: FilterKey, prefix: str, pane: Pane, view: ClusterView) -> list[str]:
    wanted = prefix.lstrip('"').lower()
    values = entry.values(pane, view)
    matching = [value for value in values if value.lower().startswith(wanted)]
    # A name that would need quoting or escaping cannot be suggested.
    plain = [value for value in matching if safe(value) == value and '"' not in value]
    return [f'"{value}"' if re.search(r"[\s|]", value) else value for value in plain[:MAX_SUGGESTIONS]]
