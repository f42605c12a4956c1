"""Opens sessions in threads, so that the screen stays responsive while a cluster does not respond."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from dsview.core.errors import UserError
    from dsview.session.session import Session
    from dsview.ui.workspace import Workspace

# ruff: noqa: PLC0415 - sessions and checks are imported after the first frame

OpenSession = Callable[[], "Session"]
"""Makes a session that is not started yet. Called in a thread; it may block, and may raise `UserError`."""


class SessionOpener:
    """Opens one session at a time; what was requested before the last request is ignored.

    `post` receives the messages; both carry the number of the request, for `is_current`. For `crash_sentence` see
    `DsviewApp`.
    """

    class Opened(Message):
        """A session was opened and is about to start."""

        def __init__(self, workspace: Workspace, number: int) -> None:
            super().__init__()
            self.workspace = workspace
            self.number = number

    class Failed(Message):
        """A session could not be opened."""

        def __init__(self, error: UserError, number: int) -> None:
            super().__init__()
            self.error = error
            self.number = number

    def __init__(self, post: Callable[[Message], object], crash_sentence: Callable[[BaseException], str]) -> None:
        self._post = post
        self._crash_sentence = crash_sentence
        self._number = 0

    def open(self, open_session: OpenSession) -> None:
        """Open a session in a thread.

        It is a daemon thread, so that quitting never waits for a cluster that does not respond.
        """
        self._number += 1
        thread = threading.Thread(
            target=self._open, args=(open_session, self._number), name="open-session", daemon=True
        )
        thread.start()

    def abandon(self) -> None:
        """Ignore the session that is being opened."""
        self._number += 1

    def is_current(self, number: int) -> bool:
        """Whether this is the last request, and it was not abandoned."""
        return number == self._number

    def _open(self, open_session: OpenSession, number: int) -> None:
        from dsview.core.errors import EXIT_FAULT, UserError

        try:
            from dsview.ui.workspace import Workspace

            session = open_session()
            if number != self._number:
                return
            self._post(self.Opened(Workspace(session), number))
            session.start()
        except UserError as error:
            self._post(self.Failed(error, number))
        except Exception as error:  # noqa: BLE001 - a traceback must not land on the terminal
            self._post(self.Failed(UserError(self._crash_sentence(error), exit_code=EXIT_FAULT), number))
