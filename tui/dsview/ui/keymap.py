"""The user's own keys for actions, checked before drawing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import msgspec
from textual.binding import Binding, BindingsMap
from textual.keys import Keys

from dsview.ui.actions import ACTIONS, Action, Where
from dsview.ui.key_labels import key_label

PARTS_SHOWN_TOGETHER: tuple[frozenset[Where], ...] = (
    frozenset({Where.EVERYWHERE, Where.PANES, Where.TABLE}),
    frozenset({Where.EVERYWHERE, Where.READING, Where.DOCUMENT, Where.DETAIL}),
    frozenset({Where.EVERYWHERE, Where.READING, Where.DOCUMENT, Where.TRACE}),
    frozenset({Where.EVERYWHERE, Where.READING, Where.DOCUMENT, Where.PROBE}),
    frozenset({Where.EVERYWHERE, Where.FINDINGS, Where.TABLE, Where.DOCUMENT}),
    frozenset({Where.EVERYWHERE, Where.TIMELINE, Where.TABLE}),
    frozenset({Where.EVERYWHERE, Where.FLEET, Where.TABLE}),
    frozenset({Where.FILTER}),
    frozenset({Where.SEARCH}),
    frozenset({Where.CHOICE}),
)
"""The parts of the screen whose keys work at the same time."""

_KEY_NAMES = frozenset(key.value for key in Keys)


class KeymapError(ValueError):
    """Invalid keys. `word` is the text in the configuration; the message is a sentence."""

    def __init__(self, word: str, sentence: str) -> None:
        super().__init__(sentence)
        self.word = word


def with_keys(keys: Mapping[str, Sequence[str]]) -> tuple[Action, ...]:
    """All actions, those that are named with these keys in the place of their own. Raises `KeymapError`.

    What works while something is typed (Ctrl+C leaves) works as well as before.
    """
    names = [action.id for action in ACTIONS]
    for name, chosen_keys in keys.items():
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean {close[0]}?" if close else "`dsview help keys` lists them."
            raise KeymapError(name, f"{name} is not a valid action. {hint}")
        for key in chosen_keys:
            if not _is_key(key):
                raise KeymapError(name, f"{key!r} is not a valid key. Write it as t, T, f5, ctrl+t or shift+tab.")
    actions = tuple(
        msgspec.structs.replace(action, keys=(*keys[action.id], *_fixed_keys(action))) if action.id in keys else action
        for action in ACTIONS
    )
    _refuse_conflicts(actions, keys)
    return actions


def keymap_of(actions: Sequence[Action]) -> dict[str, str]:
    """Textual's key map of actions: their keys, by the id of their bindings."""
    return {action.id: ",".join(map(_name_in_textual, action.keys)) for action in actions}


def _fixed_keys(action: Action) -> tuple[str, ...]:
    """The Ctrl keys that work everywhere, whatever the configuration says."""
    return tuple(key for key in action.keys if Where.EVERYWHERE in action.where and key.startswith("ctrl+"))


def _name_in_textual(key: str) -> str:
    """A key as Textual names it: `?` is `question_mark`."""
    return next(iter(BindingsMap([Binding(key, "x")]).key_to_bindings))


def _is_key(key: str) -> bool:
    if len(key) == 1:
        return key.isprintable() and not key.isspace() and key != ","
    return key in _KEY_NAMES or (key.startswith("ctrl+") and len(key) == 6) or key.rpartition("+")[2] in _KEY_NAMES


def _refuse_conflicts(actions: Sequence[Action], keys: Mapping[str, Sequence[str]]) -> None:
    for action in actions:
        if action.id not in keys:
            continue
        for other in actions:
            shared = set(action.keys) & set(other.keys)
            if other is action or not shared or not _are_shown_together(action, other):
                continue
            problem = f"{key_label(min(shared))} is {other.id} in the same place, and cannot be {action.id} as well."
            raise KeymapError(action.id, f"{problem} Give one of them another key.")


def _are_shown_together(action: Action, other: Action) -> bool:
    return any(parts & set(action.where) and parts & set(other.where) for parts in PARTS_SHOWN_TOGETHER)
