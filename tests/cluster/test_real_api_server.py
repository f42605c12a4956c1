"""The same way as the loopback API server's tests, on a real kube-apiserver where there is one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dsview.model.kinds import Kind
from dsview.session.session import Session
from dsview.sources.events import Health
from dsview.sources.kube import KubeSource
from tests.support.realapi import RealApi, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "there is one")

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "my-service"},
    "spec": {"selector": {"app": "MyApp"}, "ports": [{"port": 80}]},
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealApi]:
    with RealApi(tmp_path_factory.mktemp("apiserver")) as server:
        yield server


@pytest.fixture
def session(api: RealApi, tmp_path: Path) -> Iterator[Session]:
    opened = Session(KubeSource(kubeconfig=str(api.write_kubeconfig(tmp_path / "kubeconfig"))))
    opened.start()
    yield opened
    opened.stop()


def until(session: Session, condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, f"waited in vain until {what}"
        session.drain(0.05)
        session.wait(0.05)


def test_every_kind_is_live_and_the_mode_is_declared(session: Session) -> None:
    until(session, lambda: session.is_settled, "everything is known")
    assert session.profile.mode == "dual-ipv4-first"
    assert session.profile.confidence.value == "declared"
    assert all(session.state.status(kind).health is Health.LIVE for kind in (Kind.SERVICE, Kind.POD, Kind.NODE))
    assert session.state.server.version is not None


def test_a_service_patched_to_dual_stack_loses_its_flag(api: RealApi, session: Session) -> None:
    until(session, lambda: session.is_settled, "everything is known")
    path = "/api/v1/namespaces/default/services"
    api.request("POST", path, SERVICE)

    def found() -> set[str]:
        return {f.check for f in session.findings_of("Service", "default", "my-service")}

    until(session, lambda: "DS-SVC-002" in found(), "the flag is there")
    body = {"spec": {"ipFamilyPolicy": "RequireDualStack"}}
    api.request("PATCH", f"{path}/my-service", body, "application/merge-patch+json")
    until(session, lambda: "DS-SVC-002" not in found(), "the flag is gone")
    kept = session.state.services.get(("default", "my-service"))
    served = json.loads(api.request("GET", f"{path}/my-service"))
    assert kept is not None
    assert list(kept.cluster_ips) == served["spec"]["clusterIPs"]
    assert len(kept.cluster_ips) == 2
