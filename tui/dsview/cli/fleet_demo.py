"""The fleet of `dsview fleet --demo`, without a cluster, network or other process. A `FleetFeed` for the screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dsview.analysis.fleet import Contact, Member, member_of
from dsview.core.errors import UserError
from dsview.core.text import safe
from dsview.session.fleet import waits_for_plugin
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.sources.demo.fleet import DEMO_FLEET, DemoCluster


class FleetDemo:
    """Sends the demo's clusters in their initial state."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._clusters = {cluster.name: cluster for cluster in DEMO_FLEET}
        self.names = tuple(self._clusters)

    def start(self, on_change: Callable[[Member], None], on_failure: Callable[[str], None]) -> None:
        """Send them one by one from a thread."""
        threading.Thread(target=lambda: self.send_all(on_change), name="dsview-demo-fleet", daemon=True).start()

    def send_all(self, on_change: Callable[[Member], None]) -> None:
        """Send them one by one."""
        for cluster in self._clusters.values():
            on_change(self._member(cluster))

    def _member(self, cluster: DemoCluster) -> Member:
        now = self._clock()
        if cluster.failure:
            reason = safe(cluster.failure)
            return Member(context=cluster.name, contact=Contact.FAILED, since=now, reason=reason)
        if cluster.plugin:
            reason = waits_for_plugin(cluster.plugin)
            return Member(context=cluster.name, contact=Contact.SIGNING_IN, since=now, reason=reason)
        session = self.open(cluster.name, is_alone=False)
        session.start()
        while not session.is_settled:
            session.drain(0.05)
            session.wait(0.1)
        session.stop()
        return member_of(session, cluster.name, now)

    def open(self, name: str, *, is_alone: bool = True) -> Session:
        """The session of a cluster. Raises `UserError` for one that cannot be read."""
        cluster = self._clusters[name]
        if not cluster.scenario:
            raise UserError(cluster.failure or f"{name} {waits_for_plugin(cluster.plugin)}.")
        source = DemoSource(cluster.scenario, clock=self._clock, title=name, without=cluster.without)
        return Session(source, clock=self._clock, is_alone=is_alone)

    def read_again(self, name: str) -> None:
        """Does nothing: the clusters of the demo do not change."""

    def stop(self) -> None:
        """Does nothing: there is nothing to stop."""
