"""When the nginx.conf of a controller pod is read, and the status of all of them together."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dsview.cluster.state import ClusterState
from dsview.core.listen import ListenSource, ProxyListeners
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.container import Container
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.session.proxy_config_reader import RELOAD_DELAY, REREAD_INTERVAL, RETRY_DELAY, ProxyConfigReader
from dsview.sources.events import Changed, Health, SourceEvent, StatusChanged
from tests.support.scripted import ScriptedSource

POD = Pod(
    name="controller-a",
    namespace="ingress",
    uid="u1",
    phase="Running",
    ready=True,
    ready_since=100,
    labels={"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"},
    containers=(
        Container("sidecar", "x", (), (), ()),
        Container("controller", "y", ("--configmap=$(POD_NAMESPACE)/conf",), (), ()),
    ),
)


class Stage:
    """A reader with its requests and its events, which are applied at once."""

    def __init__(self, *, is_live: bool = True) -> None:
        self.state = ClusterState()
        self.source = ScriptedSource(is_live=is_live)
        self.reader = ProxyConfigReader(self.state, self.source, self.send)
        self.now = 1_000.0

    def send(self, event: SourceEvent) -> None:
        self.state.apply(event)

    def pods(self, *pods: Pod) -> None:
        gone = [key for key in self.state.pods.keys() if key not in {pod.key for pod in pods}]  # noqa: SIM118  (no dict)
        self.state.apply(Changed(Kind.POD, pods, gone))
        self.state.apply(StatusChanged(kind=Kind.POD, health=Health.LIVE))
        self.reader.follow(self.now)

    def answer(self, source: ListenSource = ListenSource.READ, reason: str = "", name: str = POD.name) -> None:
        conf = ProxyListeners(namespace="ingress", name=name, source=source, reason=reason)
        self.state.apply(Changed(Kind.PROXY_LISTENERS, (conf,)))
        self.reader.on_response([conf.key], self.now)
        self.reader.follow(self.now)

    def later(self, seconds: float) -> int:
        """How many pods were read by then."""
        self.now += seconds
        self.reader.follow(self.now)
        return len(self.source.requested_configs)

    def is_waiting(self) -> bool:
        return self.reader.is_waiting

    @property
    def status(self) -> tuple[Health, str]:
        status = self.state.status(Kind.PROXY_LISTENERS)
        return status.health, status.reason


def other(pod: Pod = POD, **fields: Any) -> Pod:
    return msgspec.structs.replace(pod, **fields)


def test_a_ready_controller_is_asked_once_in_its_own_container() -> None:
    stage = Stage()
    stage.pods(POD)
    assert stage.source.requested_configs == [(POD.key, "controller")]
    assert stage.source.watched_config_maps == [("ingress", "conf")]
    assert stage.is_waiting() is True
    assert stage.status == (Health.LOADING, "")
    stage.answer()
    assert stage.is_waiting() is False
    assert stage.status == (Health.LIVE, "")
    assert stage.later(REREAD_INTERVAL - 1) == 1
    assert stage.later(1) == 2
    assert stage.source.watched_config_maps == [("ingress", "conf")]


def test_nothing_is_asked_before_the_pods_are_known() -> None:
    stage = Stage()
    stage.state.apply(Changed(Kind.POD, (POD,)))
    stage.reader.follow(stage.now)
    assert stage.source.requested_configs == []
    assert stage.status == (Health.LOADING, "")


@pytest.mark.parametrize("fields", [{"uid": "u2"}, {"ready_since": 200}])
def test_a_pod_that_was_replaced_or_restarted_is_asked_again(fields: dict[str, Any]) -> None:
    stage = Stage()
    stage.pods(POD)
    stage.answer()
    stage.pods(other(**fields))
    assert len(stage.source.requested_configs) == 2


def test_a_pod_that_changed_in_nothing_that_matters_is_not_asked_again() -> None:
    stage = Stage()
    stage.pods(POD)
    stage.answer()
    stage.pods(other(pod_ips=("10.0.0.9",)))
    assert len(stage.source.requested_configs) == 1


def test_a_change_of_the_config_map_is_read_at_once_and_again_after_the_reload() -> None:
    stage = Stage()
    stage.pods(POD)
    stage.answer()
    stage.state.apply(
        Changed(Kind.CONFIG_MAP, (ConfigMap(name="conf", namespace="ingress", data={"disable-ipv6": "true"}),))
    )
    assert stage.later(1) == 2
    stage.answer()
    assert stage.later(RELOAD_DELAY - 1) == 2
    assert stage.later(1) == 3
    stage.answer()
    assert stage.later(RELOAD_DELAY) == 3


@pytest.mark.parametrize("fields", [{"ready": False}, {"phase": "Pending"}, {"deleted": 50}])
def test_a_pod_that_is_not_up_is_not_asked(fields: dict[str, Any]) -> None:
    stage = Stage()
    stage.pods(other(**fields))
    assert stage.source.requested_configs == []
    assert not stage.is_waiting()


def test_what_was_read_of_a_pod_that_is_gone_is_forgotten() -> None:
    stage = Stage()
    stage.pods(POD)
    stage.answer()
    stage.pods()
    assert list(stage.state.proxy_listeners) == []
    assert stage.status == (Health.LIVE, "")


def test_a_refusal_is_reported_with_its_reason() -> None:
    stage = Stage()
    stage.pods(POD)
    stage.answer(ListenSource.UNREAD, "pods/exec is not permitted")
    assert stage.status == (Health.REFUSED, "pods/exec is not permitted")


def test_what_could_not_be_read_is_asked_again_soon_and_then_less_and_less_often() -> None:
    stage = Stage()
    stage.pods(POD)
    pauses: list[int] = []
    while sum(pauses) < REREAD_INTERVAL * 10:
        stage.answer(ListenSource.PREDICTED, "the connection broke")
        before, pause = len(stage.source.requested_configs), 1
        while stage.later(1) == before:
            pause += 1
        pauses.append(pause)
    assert pauses[0] == RETRY_DELAY
    assert pauses == sorted(pauses)
    assert pauses[-1] == REREAD_INTERVAL


def test_some_that_were_read_make_the_kind_known_and_the_rest_is_said() -> None:
    stage = Stage()
    stage.pods(POD, other(name="controller-b"))
    stage.answer()
    stage.answer(ListenSource.UNREAD, "too long", "controller-b")
    assert stage.status == (Health.LIVE, "1 of 2 read; too long")


def test_files_are_never_asked_and_count_as_given_or_not() -> None:
    stage = Stage(is_live=False)
    stage.pods(POD)
    assert stage.source.requested_configs == []
    assert stage.status == (Health.NOT_GIVEN, "")
    stage.answer()
    assert stage.status == (Health.GIVEN, "")


def test_without_any_controller_nothing_is_missing() -> None:
    stage = Stage()
    stage.pods(Pod(name="web", namespace="shop"))
    assert stage.status == (Health.LIVE, "")
