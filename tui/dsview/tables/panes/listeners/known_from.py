"""From what the sockets of a proxy are known, in words that need no glossary."""

from __future__ import annotations

from dsview.core.listen import ListenSource
from dsview.tables.cells import Cell, Tone
from dsview.tables.pane import text_cell

SURE = frozenset({ListenSource.READ, ListenSource.DECLARED})
"""Sources that leave no doubt."""

WORDS: dict[ListenSource, str] = {
    ListenSource.READ: "its config",
    ListenSource.DECLARED: "a setting",
    ListenSource.PREDICTED: "a default",
    ListenSource.UNREAD: "not known",
}
"""What stands under `Known from`."""

MEANINGS: dict[ListenSource, str] = {
    ListenSource.DECLARED: "Declared by a setting that was read; the proxy's own configuration was not.",
    ListenSource.PREDICTED: "Predicted from a default: neither a setting nor the proxy's own configuration was read.",
    ListenSource.UNREAD: "Unknown: what decides was not read.",
}
"""What each means, but for sockets whose configuration was read."""


def known_from(source: ListenSource) -> Cell:
    """The cell of the column; its value is the word that `confidence:` in a filter takes."""
    return text_cell(WORDS[source], Tone.PLAIN if source in SURE else Tone.MUTED, value=source.value)
