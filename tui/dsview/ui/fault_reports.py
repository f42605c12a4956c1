"""Reports internal errors of dsview: on the screen if it continues, otherwise after it has closed."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message


class FaultReports:
    """The internal errors of one application. `post` receives the message; for `crash_sentence` see `DsviewApp`."""

    class Reported(Message):
        """An internal error after which the screen continues, as a sentence."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(self, post: Callable[[Message], object], crash_sentence: Callable[[BaseException], str]) -> None:
        self._post = post
        self._crash_sentence = crash_sentence
        self._has_reported_refresh = False
        self.fatal: str | None = None
        """The internal error that closed the screen, as a sentence."""

    def report(self, sentence: str) -> None:
        """Report an internal error while the screen continues. May be called from any thread."""
        self._post(self.Reported(sentence))

    def refresh_failed(self, error: Exception) -> None:
        """Report that a refresh of the screen failed; further failures are not reported."""
        if not self._has_reported_refresh:
            self._has_reported_refresh = True
            self.report(self._crash_sentence(error))

    def end_with(self, error: Exception) -> None:
        """Record the internal error that closes the screen; only the first one counts."""
        if self.fatal is None:
            self.fatal = self._crash_sentence(error)
