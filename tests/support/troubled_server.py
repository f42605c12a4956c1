"""The story of the troubled demo, played by the loopback API server under a clock that the test advances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dsview.export.formats import render_json
from dsview.export.report import build_report
from dsview.kinds.registry import RESOURCES
from dsview.session.session import Session
from dsview.sources.demo.description import load
from dsview.sources.demo.script import moments, workload_of
from dsview.sources.demo.simulated_cluster import SimulatedCluster
from dsview.sources.demo.source import nginx_conf
from dsview.sources.kube import KubeSource
from tests.support.apiserver import ApiServer
from tests.support.driven import FOLLOWED, Driven

START = 1_800_000_000.0
_PRINTED_BY = "cat /etc/nginx/nginx.conf"


class TroubledServer(Driven):
    """A session on a server that plays the demo. `now` is the time of both, in epoch seconds."""

    def __init__(self, api: ApiServer, folder: Path, wrap: Any = lambda source: source) -> None:
        self.api = api
        self.now = START
        description = load("troubled")
        self._hosts = description.nginx_hosts
        self._cluster = SimulatedCluster(description, START)
        self._moments = moments(description.story)
        for workload, templates in description.nginx.items():
            for replica, template in enumerate(templates):
                self._write(workload, replica, template)
        self._sync()
        api.start()
        source = wrap(KubeSource(kubeconfig=str(api.write_kubeconfig(folder / "kubeconfig"))))
        super().__init__(Session(source, clock=lambda: self.now))
        self.catch_up()

    def _write(self, workload: str, replica: int, template: str) -> None:
        pod = self._cluster.pod_of(workload, replica)
        self.api.files[pod] = {_PRINTED_BY: nginx_conf(template, self._hosts)}

    def _sync(self) -> None:
        upserts, deletes = self._cluster.changes()
        for items in upserts.values():
            for item in items:
                self.api.put(item)
        for kind, keys in deletes.items():
            for namespace, name in keys:
                self.api.delete(kind.value, namespace, name)

    def at(self, seconds: float) -> None:
        """Advance to `seconds` after the start of the story, second by second, and let the session follow."""
        while self.now < START + seconds:
            self.now = min(self.now + 1, START + seconds)
            while self._moments and START + self._moments[0].at <= self.now:
                moment = self._moments.pop(0)
                moment.act(self._cluster, START + moment.at)
                if moment.conf is not None:
                    self._write(workload_of(moment.conf), moment.conf.replica, moment.conf.conf)
                self._sync()
            self.catch_up()

    def catch_up(self) -> None:
        """Wait until the session has read everything from the server and evaluated it."""
        self.until(lambda: self._is_up_to_date() and self.session.is_settled, "the session is up to date")
        # A last round while nothing is pending, for timers that are due.
        self.session.drain(1.0)

    def _is_up_to_date(self) -> bool:
        state = self.session.state
        return all(
            sorted(item["metadata"]["resourceVersion"] for item in self.api.objects[RESOURCES[kind].plural].values())
            == sorted(item.resource_version for item in state.store(kind))
            for kind in FOLLOWED
        )

    def stop(self) -> None:
        """Stop the session and the server."""
        self.session.stop()
        self.api.stop()


def report_of(session: Session) -> str:
    """The current JSON report of a session."""
    return render_json(build_report(session))
