"""A session on the loopback API server for the fault tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.session.session import Session
from dsview.sources.events import Health
from dsview.sources.kube import KubeSource
from tests.support.apiserver import ApiServer
from tests.support.driven import FOLLOWED, Driven

Json = dict[str, Any]


class Live(Driven):
    """A session on `api`."""

    def __init__(self, api: ApiServer, folder: Path, **options: Any) -> None:
        self.api = api
        user, cluster = options.pop("user", {}), options.pop("cluster", None)
        kubeconfig = api.write_kubeconfig(folder / "kubeconfig", cluster, **user)
        super().__init__(Session(KubeSource(kubeconfig=str(kubeconfig), **options)))

    def until_status(self, health: Health, words: str, kind: Kind = Kind.POD) -> None:
        """Drain until a kind has this health, for a reason that contains `words`."""
        self.until(
            lambda: self.health(kind) is health and words in self.reason(kind), f"{kind} are {health}: {words!r}"
        )

    def matches_server(self) -> bool:
        """Whether the state holds the server's objects in the same resource versions."""
        state = self.session.state
        return all(
            {key: item["metadata"]["resourceVersion"] for key, item in self.api.objects[RESOURCES[kind].plural].items()}
            == {item.key: item.resource_version for item in state.store(kind)}
            for kind in FOLLOWED
        )

    def assert_recovers(self) -> None:
        """Wait until every kind is live, the state matches the server, and new objects arrive."""
        self.until(lambda: not self.statuses() and self.matches_server(), "every kind is live and up to date")
        self.api.put(pod("added-afterwards"))
        self.until(lambda: self.session.state.pods.get(("shop", "added-afterwards")) is not None, "a new pod arrives")
        self.until(lambda: self.session.is_settled, "the session is settled")


def pod(name: str, **status: Any) -> Json:
    """A pod in the JSON of the API."""
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": "2026-11-20T08:00:00Z"},
        "spec": {"nodeName": "node-a", "containers": []},
        "status": {"phase": "Running", "startTime": "2026-11-20T08:00:00Z", **status},
    }
