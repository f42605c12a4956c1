"""The time line above the key bar: the position in a recording, or the state of one that is being made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from dsview.core.text import Safe
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import FAINT, GOOD, KEY, MUTED, STRONG, Part, content

if TYPE_CHECKING:
    from dsview.session.replay import ReplaySession

_STEPS = (("< >", "change"), ("{ }", "minute"), ("( )", "finding"))
_PLAY = {0: "play", 1: "10x", 10: "60x", 60: "stop"}
"""What the key for playing does next, by the speed."""

_LEAST_TRACK = 12
_MARKS = {"opened": "$flag-error bold", "closed": GOOD}


class TimeBar(Widget):
    """One line. `follow` shows the position in a recording, `show_sentence` a sentence about one that is being made."""

    class Clicked(Message):
        """The track was clicked, at a fraction of its length from 0 to 1."""

        def __init__(self, fraction: float) -> None:
            super().__init__()
            self.fraction = fraction

    def __init__(self, *, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._session: ReplaySession | None = None
        self._speed = 0
        self._is_loading = False
        self._sentence = Safe("")
        self._track = (0, 0)
        self._changes: list[set[str]] = []
        self._changes_for = (0, 0.0)

    def follow(self, session: ReplaySession, speed: int, *, is_loading: bool = False) -> None:
        """Show the position in a recording; `speed` is the multiple of the original speed, 0 if it is not playing.

        `is_loading` while that moment is still being read.
        """
        self._session, self._speed, self._is_loading = session, speed, is_loading
        self.refresh()

    def show_sentence(self, sentence: Safe) -> None:
        """Show a sentence."""
        self._session, self._sentence = None, sentence
        self.refresh()

    def render(self) -> Content:
        """The line."""
        width = self.size.width
        session = self._session
        if session is None:
            return content((f" {self._glyphs.note} ", "$flag-error bold"), (self._sentence, MUTED))
        first, last = session.reader.first, session.reader.last
        is_long = last - first >= 86_400
        left = content((f" {_time_text(session.position, is_long=is_long)} ", STRONG), self._state())
        right = content((f" {_time_text(last, is_long=False)} ", FAINT))
        play = (".", _PLAY.get(self._speed, "play"))
        # While it plays, the key that stops it is the last to go.
        words = (play, *_STEPS) if self._speed else (*_STEPS, play)
        keys = [content(" ", (key, KEY), (f" {word} ", MUTED)) for key, word in words]
        while keys and left.cell_length + right.cell_length + sum(k.cell_length for k in keys) + _LEAST_TRACK > width:
            keys.pop()
        track_width = max(1, width - left.cell_length - right.cell_length - sum(key.cell_length for key in keys))
        self._track = (left.cell_length, track_width)
        return content(left, self._track_line(session, track_width), right, *keys)

    def _state(self) -> Part:
        if self._is_loading:
            return ("loading ", MUTED)
        if self._speed:
            return (f"{self._glyphs.more}{self._speed}x ", GOOD)
        return ("", MUTED)

    def _track_line(self, session: ReplaySession, track_width: int) -> Content:
        first, last = session.reader.first, session.reader.last
        at = min(track_width - 1, int((session.position - first) * track_width / max(last - first, 1.0)))
        parts: list[Part] = []
        for place, changes in enumerate(self._finding_changes(session, track_width, last)):
            mark = "opened" if "opened" in changes else "closed" if "closed" in changes else ""
            sign = self._glyphs.dot if mark else self._glyphs.line
            style = _MARKS.get(mark, FAINT if place > at else MUTED)
            parts.append((self._glyphs.rail, KEY) if place == at else (sign, style))
        return content(*parts)

    def _finding_changes(self, session: ReplaySession, track_width: int, last: float) -> list[set[str]]:
        """For each cell of the track, how findings changed then; read again if the line or the recording grew."""
        from dsview.core.errors import UserError  # noqa: PLC0415 - after the first frame

        if self._changes_for != (track_width, last):
            self._changes_for = (track_width, last)
            try:
                self._changes = session.reader.entry_types("finding", track_width)
            except UserError:
                # Errors are reported when the user goes to a moment; the line itself stays.
                self._changes = [set() for _ in range(track_width)]
        return self._changes

    def on_click(self, event: events.Click) -> None:
        """Go to the time that was clicked."""
        start, track_width = self._track
        if self._session is not None and start <= event.x < start + track_width:
            self.post_message(self.Clicked((event.x - start) / max(1, track_width - 1)))


def _time_text(at: float, *, is_long: bool) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M:%S" if is_long else "%H:%M:%S")
