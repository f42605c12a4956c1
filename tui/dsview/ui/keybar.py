"""The key bar: what the keys currently do. Textual's own Footer leaks memory (textual#6666)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual import events
from textual.content import Content
from textual.widget import Widget

from dsview.ui.actions import Action, Where, bar_actions, bar_word
from dsview.ui.key_labels import key_label
from dsview.ui.phrases import KEY, MUTED

if TYPE_CHECKING:
    from dsview.ui.app import DsviewApp

_LAST = ("help", "quit")
"""The actions that stay if there is little room."""


_ONLY_IF_NAMED = frozenset({"clear"})
"""Actions that are shown only while the screen says what they do."""


@runtime_checkable
class HasWords(Protocol):
    """A screen whose keys do different things at different times."""

    def bar_words(self) -> Mapping[str, str]:
        """The labels that currently differ, by action name; empty for keys that currently do nothing."""


class KeyBar(Widget):
    """One line with the keys of its screen. A click does the same as the key."""

    app: DsviewApp

    def __init__(self, *parts: Where) -> None:
        super().__init__()
        self._parts = (*parts, Where.EVERYWHERE)
        self._shown = self._parts
        self._spans: list[tuple[int, int, Action]] = []
        self._words: Mapping[str, str] = {}

    def on_mount(self) -> None:
        """If there is a time line, it is above this one."""
        self.app.time.show_time_bar(self.screen, before=self)

    def show_parts(self, *parts: Where) -> None:
        """Show the keys of other parts of the screen; without any, the original ones."""
        self._shown = parts or self._parts
        self.refresh()

    def follow(self) -> None:
        """Show what the keys currently do; drawn only if that changed."""
        words = self._current_words()
        if words != self._words:
            self._words = words
            self.refresh()

    def _current_words(self) -> Mapping[str, str]:
        screen = self.screen
        return screen.bar_words() if isinstance(screen, HasWords) and screen.is_mounted else {}

    def _word(self, action: Action) -> str:
        usual = "" if action.name in _ONLY_IF_NAMED else bar_word(action, self._shown)
        return self._words.get(action.name, usual)

    def render(self) -> Content:
        """The keys that fit, always including help and quit."""
        self._spans = []
        self._words = self._current_words()
        parts: list[str | tuple[str, str]] = []
        at = 0
        for action in self._fitting(self.size.width):
            key, word = key_label(action.keys[0]), self._word(action)
            parts += [" ", (key, KEY), " ", (word, MUTED), " "]
            width = len(key) + len(word) + 3
            self._spans.append((at, at + width, action))
            at += width
        return Content.assemble(*parts)

    def _fitting(self, width: int) -> Iterable[Action]:
        chosen = [action for action in bar_actions(self._shown, self.app.actions) if self._word(action)]
        while sum(self._width(action) for action in chosen) > width:
            spare = next((action for action in reversed(chosen) if action.name not in _LAST), None)
            if spare is None:
                break
            chosen.remove(spare)
        return chosen

    def _width(self, action: Action) -> int:
        return len(key_label(action.keys[0])) + len(self._word(action)) + 3

    async def on_click(self, event: events.Click) -> None:
        """Do what the key does."""
        for start, end, action in self._spans:
            if start <= event.x < end:
                self.app.go.perform(action.name)
                return
