"""If the Service families are unknown, the checks that rely on them are not evaluated, and this is reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dsview.checks.engine.engine import Engine
from dsview.checks.engine.registry import all_checks, registry
from dsview.cluster.profile import Confidence
from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node, NodeAddress
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.session.session import Session
from dsview.sources.events import Changed, Health, StatusChanged
from tests.support.changes import V6, WORKER, Json
from tests.support.clusters import changed, find, findings_by_code, from_path

NOTHING_TELLS = "Service families: no ServiceCIDR, kube-apiserver flag or cluster IP was seen"


def _is_silent(item: Json) -> bool:
    """Whether an object says nothing about the Service families: no ServiceCIDR, no API server, no cluster IP."""
    if item["kind"] == "Service":
        return bool(item["spec"].get("clusterIP") == "None")
    return item["kind"] != "ServiceCIDR" and not str(item["metadata"]["name"]).startswith("kube-apiserver")


def _left_with(is_kept: Callable[[Json], bool], folder: Path) -> Session:
    def change(items: list[Json]) -> None:
        web = find(items, "Service", "my-service")
        web["spec"].update(clusterIP="None", clusterIPs=["None"])
        items[:] = [item for item in items if is_kept(item)]

    return changed("01", change, folder)


def _reasons(session: Session) -> dict[str, str]:
    found = {entry.check: entry.reason for entry in session.not_evaluated()}
    return {code: reason for code, reason in found.items() if NOTHING_TELLS in reason}


def test_nodes_alone_leave_everything_unevaluated_that_asks_what_services_have(tmp_path: Path) -> None:
    session = _left_with(lambda item: item["kind"] == "Node", tmp_path)
    assert _reasons(session) == {
        "DS-CLU-002": f"{NOTHING_TELLS}; evaluated between nodes only",
        "DS-NODE-001": NOTHING_TELLS,
    }


def test_every_check_that_rests_on_service_families_says_so(tmp_path: Path) -> None:
    session = _left_with(_is_silent, tmp_path)
    assert session.profile.mode == "unknown"
    reasons = _reasons(session)
    partly = {
        "DS-CLU-002": f"{NOTHING_TELLS}; evaluated between nodes only",
        "DS-CLU-009": f"{NOTHING_TELLS}; evaluated from the families of pods only",
        "DS-CLU-012": f"{NOTHING_TELLS}; evaluated from the families of pods only",
    }
    wholly = ("CLU-001", "CLU-007", "CLU-010", "NODE-001", "SVC-001", "SVC-002", "SVC-003", "SVC-006")
    assert reasons == {**dict.fromkeys((f"DS-{code}" for code in wholly), NOTHING_TELLS), **partly}


def test_families_that_only_services_tell_are_observed_and_never_declared(tmp_path: Path) -> None:
    def change(items: list[Json]) -> None:
        items[:] = [item for item in items if item["kind"] != "ServiceCIDR" and not _is_control_plane(item)]

    profile = changed("01", change, tmp_path).profile
    assert any(len(service.cluster_ips) == 2 for service in from_path(tmp_path).state.services)
    assert (profile.service_families, profile.confidence) == (("IPv4", "IPv6"), Confidence.OBSERVED)


def test_families_of_single_family_services_are_assumed(tmp_path: Path) -> None:
    def change(items: list[Json]) -> None:
        items[:] = [
            item
            for item in items
            if item["kind"] != "ServiceCIDR"
            and not _is_control_plane(item)
            and len((item["spec"].get("clusterIPs") or ()) if item["kind"] == "Service" else ()) < 2
        ]

    profile = changed("01", change, tmp_path).profile
    assert profile.confidence is Confidence.ASSUMED
    assert not profile.is_dual


def _is_control_plane(item: Json) -> bool:
    return item["kind"] == "Pod" and "component" in (item["metadata"].get("labels") or {})


def test_what_can_be_told_without_service_families_is_flagged_nevertheless(tmp_path: Path) -> None:
    def is_kept(item: Json) -> bool:
        if item["metadata"]["name"] == WORKER:
            item["status"]["addresses"].reverse()
        if item["metadata"]["name"] == "coredns" and item["kind"] == "ConfigMap":
            item["data"]["Corefile"] = item["data"]["Corefile"].replace(" ip6.arpa", "")
        return _is_silent(item)

    found = findings_by_code(_left_with(is_kept, tmp_path))
    assert [f.message for f in found["DS-CLU-002"]]
    assert [f.family for f in found["DS-CLU-009"]] == [V6]


def test_where_there_is_nothing_to_ask_nothing_is_missing() -> None:
    state = ClusterState()
    for kind in Kind:
        state.apply(StatusChanged(kind=kind, health=Health.GIVEN))
    engine = Engine(state, live=False)
    engine.evaluate_all(1_000.0)
    assert [check.code for check in all_checks() if engine.why_not_evaluated(check)] == []


@pytest.mark.parametrize("is_live", [True, False])
def test_checks_are_asked_once_the_service_families_are_told_and_no_more_when_they_are_gone(is_live: bool) -> None:
    state = ClusterState()
    engine = Engine(state, live=is_live)
    for kind in Kind:
        state.apply(StatusChanged(kind=kind, health=Health.GIVEN))
    engine.note_statuses()
    node = Node(name="a", ready=True, addresses=(NodeAddress("InternalIP", "192.0.2.4"),))
    told = ServiceCIDR(name="kubernetes", cidrs=("10.96.0.0/16", "fd00:96::/112"))
    found = []
    for event in (
        Changed(Kind.NODE, (node,)),
        Changed(Kind.SERVICE_CIDR, (told,)),
        Changed(Kind.SERVICE_CIDR, (), (told.key,)),
    ):
        engine.note(state.apply(event))
        engine.step(1_000.0)
        found.append(({f.check for f in engine.findings}, engine.why_not_evaluated(registry()["DS-NODE-001"])))
    assert found == [(set(), NOTHING_TELLS), ({"DS-NODE-001"}, None), (set(), NOTHING_TELLS)]
