"""The threads of one source. One that fails by a fault in dsview is reported once, and restarted after a delay.

As in client-go's HandleCrash and Until: no response of a server ends a kind permanently.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from dsview.sources.kube.backoff import Backoff

Failed = Callable[[str], None]
"""Receives a sentence about the failure of a thread."""


class SourceThreads:
    """Starts threads by name. `stop` ends the delay before a restart."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._told: set[tuple[str, str, int]] = set()

    def start(self, name: str, body: Callable[[], None], failed: Failed | None = None) -> None:
        """Run `body` in a thread until it returns. No effect if a thread with this name is running.

        `failed` receives a sentence if dsview is at fault, so that nothing waits for the thread.
        """
        with self._lock:
            if name in self._running:
                return
            self._running.add(name)
        threading.Thread(target=self._run, args=(name, body, failed), name=f"dsview-{name}", daemon=True).start()

    def _run(self, name: str, body: Callable[[], None], failed: Failed | None) -> None:
        backoff = Backoff(time.monotonic)
        try:
            while not self._has_ended(body, failed):
                if self._stop.wait(backoff.delay()):
                    return
        finally:
            with self._lock:
                self._running.discard(name)

    def _has_ended(self, body: Callable[[], None], failed: Failed | None) -> bool:
        """Run it. Returns whether it finished."""
        try:
            body()
        except Exception as error:  # noqa: BLE001  (whatever it is, it must not end the thread)
            self._tell(error)
            if failed is not None:
                failed(f"dsview itself failed while reading them ({type(error).__name__}); it tries again")
            return False
        return True

    def _tell(self, error: Exception) -> None:
        """Report a fault once for each place in the code, like one that ended the thread."""
        place = (type(error).__name__, *_innermost(error.__traceback__))
        with self._lock:
            is_known = place in self._told
            self._told.add(place)
        if not is_known:
            thread = threading.current_thread()
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))


def _innermost(traceback: TracebackType | None) -> tuple[str, int]:
    where = ("", 0)
    while traceback is not None:
        where = (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        traceback = traceback.tb_next
    return where
