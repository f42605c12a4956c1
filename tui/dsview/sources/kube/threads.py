"""The threads of one source. If one fails because of a bug in dsview, this is reported once, and it is restarted.

As with client-go's HandleCrash and Until, no response of a server can end a kind permanently.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from dsview.sources.kube.backoff import Backoff

OnFailure = Callable[[str], None]
"""Receives a message about the failure of a thread."""


class SourceThreads:
    """Starts threads by name. `stop` ends the delay before a restart."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._reported: set[tuple[str, str, int]] = set()

    def start(self, name: str, body: Callable[[], None], on_failure: OnFailure | None = None) -> None:
        """Run `body` in a thread until it returns. No effect if a thread with this name is running.

        `on_failure` receives a message if `body` raises an exception, so that nothing waits for the thread.
        """
        with self._lock:
            if name in self._running:
                return
            self._running.add(name)
        threading.Thread(target=self._run, args=(name, body, on_failure), name=f"dsview-{name}", daemon=True).start()

    def _run(self, name: str, body: Callable[[], None], on_failure: OnFailure | None) -> None:
        backoff = Backoff(time.monotonic)
        try:
            while not self._run_once(body, on_failure):
                if self._stop.wait(backoff.delay()):
                    return
        finally:
            with self._lock:
                self._running.discard(name)

    def _run_once(self, body: Callable[[], None], on_failure: OnFailure | None) -> bool:
        """Run the body. Returns whether it finished without an exception."""
        try:
            body()
        except Exception as error:  # noqa: BLE001  (no exception may end the thread)
            self._report_once(error)
            if on_failure is not None:
                on_failure(f"dsview itself failed while reading them ({type(error).__name__}); it tries again")
            return False
        return True

    def _report_once(self, error: Exception) -> None:
        """Report a fault once for each place in the code, as if it had ended the thread."""
        place = (type(error).__name__, *_innermost(error.__traceback__))
        with self._lock:
            is_known = place in self._reported
            self._reported.add(place)
        if not is_known:
            thread = threading.current_thread()
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))


def _innermost(traceback: TracebackType | None) -> tuple[str, int]:
    where = ("", 0)
    while traceback is not None:
        where = (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        traceback = traceback.tb_next
    return where
