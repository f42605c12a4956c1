"""The tests of the loopback API server on a real kube-apiserver, if there is one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

from dsview.kinds.kind import Kind
from dsview.sources.events import Health
from tests.real.real import PODS, SERVICES, Real, pod, service
from tests.support.realapi import RealApi

OpenReal = Callable[..., Real]


def test_every_kind_is_live_and_the_mode_is_declared(real: OpenReal) -> None:
    one = real().settle()
    assert not one.statuses()
    assert one.health(Kind.EVENT) is Health.POLLING
    assert one.session.profile.mode == "dual-ipv4-first"
    assert one.session.profile.confidence.value == "declared"
    assert one.session.state.server.version is not None
    assert [finding.check for finding in one.session.findings.sorted()] == []


def test_a_service_patched_to_dual_stack_loses_its_flag(api: RealApi, real: OpenReal) -> None:
    one = real().settle()
    api.create(SERVICES, service("my-service"))
    one.until(lambda: "DS-SVC-002" in one.found("my-service"), "the flag is there")
    api.patch(f"{SERVICES}/my-service", {"spec": {"ipFamilyPolicy": "RequireDualStack"}})
    one.until(lambda: "DS-SVC-002" not in one.found("my-service"), "the flag is gone")
    kept = one.session.state.services.get(("default", "my-service"))
    served = json.loads(api.request("GET", f"{SERVICES}/my-service"))
    assert kept is not None
    assert list(kept.cluster_ips) == served["spec"]["clusterIPs"]
    assert len(kept.cluster_ips) == 2
    # And back: removing the second family takes all three fields.
    single = {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"], "clusterIPs": kept.cluster_ips[:1]}
    api.patch(f"{SERVICES}/my-service", {"spec": single})
    one.until(lambda: "DS-SVC-002" in one.found("my-service"), "the flag is there again")
    one.assert_recovers()


def test_an_object_that_is_made_anew_under_its_name_is_the_new_one(api: RealApi, real: OpenReal) -> None:
    api.create(PODS, pod("again"))
    one = real().settle()
    before = one.session.state.pods.get(("default", "again"))
    for _ in range(5):
        api.delete(f"{PODS}/again")
        api.create(PODS, pod("again"))
    one.assert_recovers()
    after = one.session.state.pods.get(("default", "again"))
    assert before is not None
    assert after is not None
    assert after.uid != before.uid


def test_a_burst_of_changes_ends_with_what_the_server_has(api: RealApi, real: OpenReal) -> None:
    one = real().settle()
    names = [f"burst-{number}" for number in range(8)]
    api.create(PODS, *(pod(name) for name in names))

    def change(name: str) -> None:
        for number in range(100):
            status = {"phase": "Running", "podIP": f"10.244.1.{number}", "podIPs": [{"ip": f"10.244.1.{number}"}]}
            api.patch(f"{PODS}/{name}/status", {"status": status})
        api.delete(f"{PODS}/{name}") if name.endswith("7") else None

    threads = [threading.Thread(target=change, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    one.until(lambda: not any(thread.is_alive() for thread in threads), "all was changed")
    one.assert_recovers()
    last = one.session.state.pods.get(("default", "burst-0"))
    assert last is not None
    assert last.pod_ips == ("10.244.1.99",)
    assert one.session.state.pods.get(("default", "burst-7")) is None
