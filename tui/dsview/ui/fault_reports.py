"""Reports faults inside dsview: a sentence on the screen while it continues, or after it had to end."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message


class FaultReports:
    """The faults of one application. `post` receives the message; `crash_sentence` is that of `DsviewApp`."""

    class Reported(Message):
        """A fault that does not end the screen; the text is a sentence."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(self, post: Callable[[Message], object], crash_sentence: Callable[[BaseException], str]) -> None:
        self._post = post
        self._crash_sentence = crash_sentence
        self._has_reported_refresh = False
        self.fatal: str | None = None
        """The fault that ended the screen, as a sentence."""

    def report(self, sentence: str) -> None:
        """Report a fault while the screen continues. Called from any thread."""
        self._post(self.Reported(sentence))

    def refresh_failed(self, error: Exception) -> None:
        """A refresh of the screen failed: it is reported once, however often it fails again."""
        if not self._has_reported_refresh:
            self._has_reported_refresh = True
            self.report(self._crash_sentence(error))

    def end_with(self, error: Exception) -> None:
        """This fault ends the screen; only the first one counts."""
        if self.fatal is None:
            self.fatal = self._crash_sentence(error)
