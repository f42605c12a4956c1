"""A session on a real API server for the fault tests, and objects to create there."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.session.session import Session
from dsview.sources.events import Health
from dsview.sources.kube import KubeSource
from tests.support.driven import FOLLOWED, Driven
from tests.support.realapi import Json, RealApi

SERVICES = "/api/v1/namespaces/default/services"
PODS = "/api/v1/namespaces/default/pods"
_numbers = itertools.count()


class Real(Driven):
    """A session that is drained while a test waits. `user` is the user of the kubeconfig."""

    DEADLINE = 60.0

    def __init__(self, api: RealApi, folder: Path, *, user: dict[str, str] | None = None, **options: Any) -> None:
        self.api = api
        self.source = KubeSource(kubeconfig=str(api.write_kubeconfig(folder / "kubeconfig", **(user or {}))), **options)
        super().__init__(Session(self.source))

    def until_status(self, health: Health, words: str, *kinds: Kind) -> None:
        """Drain until the health of each kind is that, and its reason holds those words."""
        for kind in kinds:
            self.until(partial(self._says, health, words, kind), f"{kind} are {health}: {words!r}")

    def _says(self, health: Health, words: str, kind: Kind) -> bool:
        return self.health(kind) is health and words in self.reason(kind)

    def found(self, name: str) -> set[str]:
        """The checks that report a Service of the default namespace."""
        return {finding.check for finding in self.session.findings_of("Service", "default", name)}

    def difference(self, but: Iterable[Kind] = ()) -> dict[str, set[tuple[tuple[str, str], str]]]:
        """The differences between the state and a fresh list, by kind."""
        found = {}
        for kind in (kind for kind in FOLLOWED if kind not in but):
            fresh = self.api.versions(RESOURCES[kind].path("v1"))
            kept = {item.key: item.resource_version for item in self.session.state.store(kind)}
            if differs := set(fresh.items()) ^ set(kept.items()):
                found[kind.value] = differs
        return found

    def assert_recovers(self, but: Iterable[Kind] = ()) -> None:
        """What each fault ends with: every kind is live, the state equals a fresh list, and news arrive."""
        self.until(lambda: not self.statuses(but), "all is live")
        self.until(lambda: not self.difference(but), "all is as a fresh list")
        name = f"told-afterwards-{next(_numbers)}"
        self.api.create(SERVICES, service(name))
        self.until(lambda: self.session.state.services.get(("default", name)) is not None, "news arrive")
        self.settle()

    def wake(self) -> None:
        """Reopen every connection, as after sleep: watches of a real server last for minutes."""
        assert self.source._client is not None
        self.source._client.break_connections()


def service(name: str, **spec: Any) -> Json:
    """A Service as a user would write it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}], **spec},
    }


def pod(name: str, **labels: str) -> Json:
    """A pod that never starts: there is no scheduler."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [{"name": "app", "image": "registry.test/app:1"}]},
    }
