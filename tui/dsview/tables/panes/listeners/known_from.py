"""How the sockets of a proxy are known, in everyday words."""

from __future__ import annotations

from dsview.core.listen import Likelihood, ListenSource
from dsview.tables.cells import Cell, Tone
from dsview.tables.pane import text_cell

SURE = frozenset({ListenSource.READ, ListenSource.DECLARED})
"""The sources that are certain."""

DOUBTS: dict[Likelihood, str] = {Likelihood.LIKELY: " likely", Likelihood.UNKNOWN: " ?"}
"""The words after a socket that is not certain to exist."""

WORDS: dict[ListenSource, str] = {
    ListenSource.READ: "its config",
    ListenSource.DECLARED: "a setting",
    ListenSource.PREDICTED: "a default",
    ListenSource.UNREAD: "not known",
}
"""The text in the column `Known from`."""

MEANINGS: dict[ListenSource, str] = {
    ListenSource.READ: "Read from the proxy's own configuration.",
    ListenSource.DECLARED: "Declared by a setting that was read; the proxy's own configuration was not.",
    ListenSource.PREDICTED: "Predicted from a default: neither a setting nor the proxy's own configuration was read.",
    ListenSource.UNREAD: "Unknown: neither the configuration nor the settings that decide were read.",
}
"""The meaning of each source, in a sentence."""


def known_from(source: ListenSource) -> Cell:
    """The cell of the column. Its value is the one that `confidence:` accepts in a filter."""
    return text_cell(WORDS[source], Tone.PLAIN if source in SURE else Tone.MUTED, value=source.value)
