"""A list of choices over the screen: namespaces (several) or contexts (one). Typing narrows it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from dsview.core.text import safe
from dsview.ui.actions import Where, bindings_of
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import GOOD, KEY, MUTED, STRONG, content
from dsview.ui.styles import styles_dir

_WIDTH = 72
"""The cells of a line, as `choose.tcss` has them."""

_FRAME = 4
"""The cells of the dialog beside its lines."""

_SCROLL_BAR = 2
"""The cells that a scroll bar takes from a line."""

_INDENT = 3
"""The cells before the second line of a choice."""

_MOST_LINES, _LEAST_LINES = 24, 3
"""The lines of the list, if the screen has room for them."""

_OTHER_LINES = 6
"""The lines of the dialog beside the list: border, field, keys and blank lines."""

_SHARE = 0.9
"""The part of the screen's height that the dialog may take, as `choose.tcss` has it."""


class Choice(msgspec.Struct, frozen=True):
    """One line: its name, a few words beside it, and whether it is currently chosen.

    `title` is displayed instead of the name. `text` are sentences below it. `aliases` are short
    words for this line before any other.
    """

    name: str
    note: str = ""
    is_chosen: bool = False
    title: str = ""
    text: str = ""
    aliases: tuple[str, ...] = ()

    def rank(self, needle: str) -> int | None:
        """The quality of the match with the typed text, the best first; None if it does not match."""
        shown = (self.title or self.name).lower()
        words = f"{shown} {self.name.lower()}"
        if not needle or needle in self.aliases or needle == shown:
            return 0
        if shown.startswith(needle) or any(alias.startswith(needle) for alias in self.aliases):
            return 1
        if needle in words:
            return 2
        return 3 if self.aliases and needle in self.note.lower() else None


class Narrow(Input):
    """The field that narrows the list. If several can be chosen, the space bar chooses instead of typing."""

    takes_blanks = False

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Leave the space bar to the screen."""
        return (self.takes_blanks or key != "space") and super().check_consume_key(key, character)


class ChooseScreen(ModalScreen[frozenset[str] | None]):
    """Returns the chosen names: an empty set for "all", None if the choice was cancelled.

    `verb` is the label of Enter, `start` the initial name under the cursor, if it is not the chosen one.
    """

    CSS_PATH: ClassVar[Path] = styles_dir() / "choose.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of(Where.CHOICE),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("pageup", "move(-10)", "Page up", show=False, priority=True),
        Binding("pagedown", "move(10)", "Page down", show=False, priority=True),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        several: bool,
        glyphs: Glyphs,
        verb: str = "switch to it",
        start: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._several = several
        self._verb = verb
        self._start = start
        self._glyphs = glyphs
        self._chosen = {choice.name for choice in choices if choice.is_chosen}
        self._shown: list[Choice] = []
        self._narrowed_by = ""

    def compose(self) -> ComposeResult:
        """The field, the list, and the keys."""
        with Vertical(id="choose"):
            field = Narrow(placeholder="type to narrow", compact=True, select_on_focus=False)
            field.cursor_blink = False
            field.takes_blanks = not self._several
            yield field
            yield OptionList(markup=False)
            yield Static(self._keys(), id="choose-keys")

    def on_mount(self) -> None:
        """Show all of them."""
        self._list("")
        # At once, so that the next keys go to this field.
        self.set_focus(self.query_one(Input))

    def on_resize(self) -> None:
        """Let the list scroll within the dialog: lines outside of it could be selected, but not seen."""
        room = int(self.size.height * _SHARE) - _OTHER_LINES
        self.query_one(OptionList).styles.max_height = max(_LEAST_LINES, min(_MOST_LINES, room))

    def _keys(self) -> Content:
        if self._several:
            return content(
                ("Space", KEY), (" add or remove  ", MUTED), ("Enter", KEY), (" show  ", MUTED),
                ("Ctrl+A", KEY), (" all  ", MUTED), ("Esc", KEY), (" cancel", MUTED),
            )  # fmt: skip
        return content(("Enter", KEY), (f" {self._verb}  ", MUTED), ("Esc", KEY), (" cancel", MUTED))

    def _list(self, needle: str) -> None:
        self._narrowed_by = needle
        needle = needle.strip().lower()
        ranked = [(rank, choice) for choice in self._choices if (rank := choice.rank(needle)) is not None]
        self._shown = [choice for _, choice in sorted(ranked, key=lambda pair: pair[0])]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._line(choice)) for choice in self._shown])
        shown, total = len(self._shown), len(self._choices)
        amount = f"{total:,}" if shown == total else f"{shown:,} of {total:,}"
        self.query_one("#choose").border_title = Content(f"{self._title} ({amount})")
        if not self._shown:
            options.add_option(Option(content(("   No match", MUTED)), disabled=True))
        else:
            first = {self._start} if self._start else self._chosen
            options.highlighted = next(
                (i for i, choice in enumerate(self._shown) if not needle and choice.name in first), 0
            )

    def _line(self, choice: Choice) -> Content:
        mark = (self._glyphs.good, GOOD) if choice.name in self._chosen else " "
        title = content(" ", mark, " ", (safe(choice.title or choice.name), STRONG), "  ")
        note, *more = self._wrapped(safe(choice.note), title.cell_length)
        below = textwrap.wrap(safe(choice.text), _WIDTH - 6) if choice.text else []
        indent = " " * _INDENT
        return content(title, (note, MUTED), *((f"\n{indent}{part}", MUTED) for part in (*more, *below)))

    def _wrapped(self, note: str, start: int) -> list[str]:
        """The words beside a name, in lines: the first one begins at the given cell."""
        width = max(_INDENT + 1, min(_WIDTH, self.app.size.width - _FRAME) - _SCROLL_BAR)
        indent = " " * _INDENT
        if start >= width:
            return ["", *(line.strip() for line in textwrap.wrap(note, width - _INDENT))]
        lines = textwrap.wrap(note, width, initial_indent=" " * start, subsequent_indent=indent)
        return [line.strip() for line in lines] or [""]

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list."""
        event.stop()
        self._narrow()

    def _narrow(self) -> None:
        text = self.query_one(Input).value
        if text != self._narrowed_by:
            self._list(text)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A line was clicked."""
        event.stop()
        if self._several:
            self.action_choose()
        else:
            self.action_accept()

    def _highlighted(self) -> Choice | None:
        at = self.query_one(OptionList).highlighted
        return self._shown[at] if at is not None and at < len(self._shown) else None

    def action_move(self, by: int) -> None:
        """Move the highlight."""
        options = self.query_one(OptionList)
        if self._shown:
            options.highlighted = max(0, min((options.highlighted or 0) + by, len(self._shown) - 1))

    def action_choose(self) -> None:
        """Add the line to what is chosen, or remove it."""
        choice, options = self._highlighted(), self.query_one(OptionList)
        if choice is None or not self._several or options.highlighted is None:
            return
        self._chosen ^= {choice.name}
        options.replace_option_prompt_at_index(options.highlighted, self._line(choice))

    def action_accept(self) -> None:
        """Return the chosen names; if there are none, or only one can be chosen, the line under the cursor."""
        # Enter may be handled before the last typed keys reach the field.
        self.query_one(Input).call_later(self._accept)

    def _accept(self) -> None:
        self._narrow()
        choice = self._highlighted()
        if self._several and self._chosen:
            self.dismiss(frozenset(self._chosen))
        elif choice is not None:
            self.dismiss(frozenset({choice.name}))

    def action_choose_all(self) -> None:
        """Choose all."""
        if self._several:
            self.dismiss(frozenset())

    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)
