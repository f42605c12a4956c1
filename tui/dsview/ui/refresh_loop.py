"""The refresh loop: drains the session on the UI thread and reports changes, at most ten times a second.

If many events are waiting, it also drains in between, in slices short enough that a key never waits long. If there are
none, it slows down, so that an idle screen costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsview.analysis.cluster_view import Delta
    from dsview.session.session import Session
    from dsview.ui.timers import CallAfter, Cancellable

SLICE = 0.008
"""Seconds that one drain may take."""

PAINT_EVERY = 0.1

BUSY_SLICE = 0.016
BUSY_PAINT_EVERY = 0.25
"""The same while many events wait or lists load, because each frame delays them."""

BREATH = 0.001
"""Seconds between two drains while many events wait: keys and frames are handled here."""

LOADING_EVERY = 0.02
"""Seconds between two drains while lists load, so that the first rows do not wait for the next iteration."""

CALM_EVERY = 0.25
CALM_AFTER = 5.0
"""Seconds without events after which the loop slows down to `CALM_EVERY`."""


class RefreshLoop:
    """Drains one session until it is stopped.

    `changed` is called with everything that changed since its last call, `idle` if there is nothing left to drain or
    show, `second` about once a second, and `failed` with an exception that a drain or a callback raised. The loop
    continues in any case.
    """

    def __init__(
        self,
        session: Session,
        *,
        call_after: CallAfter,
        changed: Callable[[Delta], None],
        idle: Callable[[], None],
        second: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._session = session
        self._call_after = call_after
        self._changed = changed
        self._idle = idle
        self._second = second
        self._failed = failed
        self._pending: Delta | None = None
        self._painted = 0.0
        self._idled = 0.0
        self._ticked = 0.0
        self._heard = time.monotonic()
        self._next_beat: Cancellable | None = None
        self._is_busy = False
        self._has_rows = False
        self._is_stopped = False

    def start(self) -> None:
        """Start the loop."""
        self._beat()

    def stop(self) -> None:
        """Stop the loop."""
        self._is_stopped = True
        if self._next_beat is not None:
            self._next_beat.cancel()

    def _beat(self) -> None:
        if self._is_stopped:
            return
        try:
            self._drain()
        except Exception as error:  # noqa: BLE001 - the screen stays up, whatever a drain meets
            self._pending = None
            self._failed(error)
        self._is_busy = self._session.has_work
        self._next_beat = self._call_after(self._delay(time.monotonic()), self._beat)

    def _delay(self, now: float) -> float:
        """Seconds until the next iteration."""
        if self._is_busy:
            return BREATH
        if now - self._heard >= CALM_AFTER:
            return CALM_EVERY
        if not self._session.was_settled:
            return LOADING_EVERY
        return max(BREATH, self._painted + PAINT_EVERY - now) if self._pending is not None else PAINT_EVERY

    def _drain(self) -> None:
        delta = self._session.drain(BUSY_SLICE if self._is_busy else SLICE)
        now = time.monotonic()
        if delta:
            self._heard = now
            self._pending = delta if self._pending is None else merged(self._pending, delta)
        if self._pending is not None and self._may_paint(now, self._pending):
            pending, self._pending = self._pending, None
            self._has_rows = self._has_rows or bool(pending.changes)
            self._changed(pending)
            # Counted from the end of painting, so that a slow frame leaves time for drains.
            self._painted = time.monotonic()
        is_due = self._session.was_settled or now - self._idled >= BUSY_PAINT_EVERY
        if self._pending is None and not self._session.has_work and is_due:
            self._idled = now
            self._idle()
        if now - self._ticked >= 1.0:
            self._ticked = now
            self._second()

    def _may_paint(self, now: float, pending: Delta) -> bool:
        """Whether to paint now; the first rows are painted at once."""
        return now - self._painted >= self._pause or (bool(pending.changes) and not self._has_rows)

    @property
    def _pause(self) -> float:
        """Seconds between two frames."""
        return BUSY_PAINT_EVERY if self._is_busy or not self._session.was_settled else PAINT_EVERY


def merged(first: Delta, second: Delta) -> Delta:
    """Merge both changes; the first one is modified and returned."""
    first.changes += second.changes
    first.findings |= second.findings
    first.nodes |= second.nodes
    first.profile |= second.profile
    first.statuses |= second.statuses
    first.everything |= second.everything
    return first
