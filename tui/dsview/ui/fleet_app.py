"""The dashboard with a fleet above it: Enter opens a cluster, Esc returns to the table of all clusters."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from textual.message import Message

from dsview.core.text import safe
from dsview.ui.app import DsviewApp
from dsview.ui.screens.fleet import FleetScreen
from dsview.ui.timers import call_after

if TYPE_CHECKING:
    from dsview.analysis.detail_target import Target
    from dsview.analysis.fleet import Member
    from dsview.core.errors import UserError
    from dsview.session.session import Session

COLLECT_AFTER = (0.5, 2.5, 10.0)
"""Seconds after closing a cluster at which its memory is released, unless something still uses it."""

POLL_INTERVAL = 0.25
"""Seconds between two checks for new data."""


def _collect() -> None:
    """Collect the objects that a session had excluded from garbage collection (`Session`)."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class FleetFeed(Protocol):
    """The source of the clusters. `names` are known before anything was read."""

    @property
    def names(self) -> Sequence[str]:
        """The contexts."""

    def start(self, on_change: Callable[[Member], None], on_failure: Callable[[str], None]) -> None:
        """Start; `on_failure` receives a sentence if the feed ends.

        Both callbacks may be called from any thread.
        """

    def read_again(self, name: str) -> None:
        """Read a cluster again."""

    def stop(self) -> None:
        """Stop."""


class FleetApp(DsviewApp):
    """A fleet, and the dashboard of the cluster that was opened last. `open_cluster` gives its session, not started."""

    class FeedEnded(Message):
        """The feed has ended; the text is a sentence."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(
        self,
        feed: FleetFeed,
        *,
        open_cluster: Callable[[str], Session],
        clock: Callable[[], float] = time.time,
        **options: Any,
    ) -> None:
        super().__init__(lambda: open_cluster(feed.names[0]), source_name="fleet", **options)
        self._feed = feed
        self._open_cluster = open_cluster
        self._clock = clock
        self._target_to_open: Target | None = None
        self._fleet = FleetScreen(feed.names, glyphs=self.glyphs, clock=clock)

    @property
    def shown_name(self) -> str:
        """The fleet, or the cluster of it that is on the screen."""
        return "fleet" if self.screen is self._fleet else super().shown_name

    @property
    def shown_time(self) -> float:
        """The displayed time, in epoch seconds."""
        return self._clock() if self.screen is self._fleet else super().shown_time

    def on_mount(self) -> None:
        """The fleet comes first."""
        self.install_screen(self._fleet, "fleet")
        self.push_screen("fleet")

    def _after_first_frame(self) -> None:
        if self._on_first_frame is not None:
            self._on_first_frame()
        # Painting leaves garbage, and no session may be opened for days that would switch the collector on again.
        gc.freeze()
        gc.enable()
        self._feed.start(self._fleet.update_member, self._report_end_of_feed)
        self.set_interval(POLL_INTERVAL, self._fleet.show_changes)

    def _report_end_of_feed(self, sentence: str) -> None:
        self.post_message(self.FeedEnded(sentence))

    def on_fleet_app_feed_ended(self, event: FeedEnded) -> None:
        """Show the sentence, and keep the table."""
        self.notify(safe(event.sentence), title="Fleet", severity="error", timeout=20, markup=False)

    def on_unmount(self) -> None:
        """Leave the clusters."""
        self._feed.stop()

    def open_member(self, name: str, target: Target | None = None) -> None:
        """Open a cluster of the fleet, and the detail of an object once everything was read."""
        self._target_to_open = target
        self._fleet.show_opening(name)
        self.main.show_opening(safe(name))
        self.open(lambda: self._open_cluster(name))

    def _settle(self) -> None:
        super()._settle()
        if self._target_to_open is not None and self._is_settled:
            target, self._target_to_open = self._target_to_open, None
            # Do not interrupt a user who has opened another screen meanwhile.
            if self.screen is self.main:
                self.go.detail(target)

    def read_again(self, name: str) -> None:
        """Read a cluster of the fleet again."""
        self._feed.read_again(name)

    @property
    def escape_word(self) -> str:
        """Where Escape leads from the main screen."""
        return "fleet"

    @property
    def cluster_crumb(self) -> str:
        """The name of the open cluster: screens of another cluster would look the same."""
        return safe(self.workspace.session.source.name) if self.workspace is not None else ""

    @property
    def _must_close_screens(self) -> bool:
        """The table of the fleet lies above the cluster that is being opened."""
        return True

    def leave_main(self) -> None:
        """Return to the fleet; the cluster is closed and its data released."""
        self._opener.abandon()
        self._target_to_open = None
        if self.workspace is not None:
            self._remember_view()
        self._leave_session()
        self._fleet.show_opening("")
        self.go.home()
        self.main.detach()
        self.push_screen("fleet")
        # Pending messages hold it a moment longer.
        for seconds in COLLECT_AFTER:
            call_after(self, seconds, _collect)

    def _report_not_opened(self, error: UserError) -> None:
        self._fleet.show_opening("")
        self.notify(safe(str(error)), title="Not opened", severity="error", markup=False)
