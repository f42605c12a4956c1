"""Since when a finding exists: what dsview saw, what the object's own times prove, and never more than that."""

from __future__ import annotations

import msgspec
import pytest

from dsview.kinds.condition import Condition
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.session.session import Session
from dsview.sources.events import Changed, Health, Listed, StatusChanged
from dsview.sources.manifest import manifest
from dsview.tables.finding_age import LastWrite, first_seen_text, last_write, last_write_text
from dsview.tables.manifest_lines import fold_managed_fields
from tests.support.clusters import SCENARIOS, from_path
from tests.support.scripted import ScriptedSource
from tests.ui.stage import NOW, kind_of, pod, troubled_shop

MANAGED = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {
        "name": "web",
        "managedFields": [
            {
                "manager": "helm",
                "operation": "Update",
                "apiVersion": "v1",
                "time": "2026-01-02T03:04:05Z",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:ipFamilyPolicy": {}, "f:ports": {'k:{"port":80}': {}}}},
            },
            {
                "manager": "kubectl-edit",
                "operation": "Update",
                "apiVersion": "v1",
                "time": "2026-05-06T07:08:09Z",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:ipFamilyPolicy": {}}},
            },
            {
                "manager": "cloud",
                "operation": "Update",
                "apiVersion": "v1",
                "time": "2026-02-02T02:02:02Z",
                "fieldsType": "FieldsV1",
                "subresource": "status",
                "fieldsV1": {"f:status": {"f:loadBalancer": {"f:ingress": {}}}},
            },
        ],
        "uid": "1",
    },
    "spec": {"ipFamilyPolicy": "SingleStack"},
}
TEXT = manifest(msgspec.json.encode(MANAGED))


def shop(*extra: ServiceCIDR) -> tuple[Session, ScriptedSource, list[float]]:
    """The troubled shop, live, with a clock that the test sets."""
    now = [NOW]
    source = ScriptedSource(is_live=False)
    session = Session(source, clock=lambda: now[0])
    session.start()
    items = [*troubled_shop(), *extra]
    for kind in RESOURCES:
        found = [item for item in items if kind_of(item) is kind]
        source.send(Changed(kind, found), Listed(kind), StatusChanged(kind=kind, health=Health.LIVE, since=NOW))
    while session.has_work:
        session.drain(1.0)
    session.drain(1.0)
    source.is_live = True
    return session, source, now


def test_a_finding_that_dsview_saw_come_has_that_time() -> None:
    session, source, now = shop()
    now[0] += 61
    source.send(Changed(Kind.POD, [msgspec.structs.replace(pod("web-0", 0), pod_ips=(pod("web-0", 0).pod_ip,))]))
    while session.has_work:
        session.drain(1.0)
    finding = session.findings_of("Pod", "shop", "web-0")[0]
    assert first_seen_text(session, finding) == "2027-01-15 08:01:01 UTC, seen by dsview"


def test_a_finding_from_before_is_no_older_than_its_object() -> None:
    session, _, _ = shop()
    of_pod = session.findings_of("Pod", "shop", "api-0")[0]
    assert first_seen_text(session, of_pod) == (
        "2027-01-14 08:00:00 UTC at the earliest, when the Pod started; it is older than this session"
    )
    of_service = session.findings_of("Service", "shop", "old")[0]
    assert first_seen_text(session, of_service).endswith("when the Service was created; it is older than this session")


def test_a_condition_tells_its_own_time() -> None:
    broken = ServiceCIDR(
        name="more",
        created=int(NOW) - 9_000,
        cidrs=("10.97.0.0/24", "fd00:10:97::/112"),
        conditions=(Condition("Ready", "False", "", int(NOW) - 600),),
    )
    session, _, _ = shop(broken)
    finding = next(f for f in session.findings if f.check == "DS-CLU-004")
    assert first_seen_text(session, finding) == "2027-01-15 07:50:00 UTC, when its condition Ready changed"


def test_what_is_shown_in_the_detail_only_is_not_said_to_be_older_than_the_session() -> None:
    session, _, _ = shop()
    followed = session.findings_of("Service", "shop", "old")[0]
    of_detail = msgspec.structs.replace(followed, check="DS-EPS-007", field=None)
    assert first_seen_text(session, of_detail).endswith("when the Service was created")


def test_files_have_no_session_that_anything_could_be_before() -> None:
    session = from_path(SCENARIOS[2])
    for finding in session.findings:
        assert "before this session" not in first_seen_text(session, finding)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("spec.ipFamilyPolicy", LastWrite("2026-05-06T07:08:09Z", "kubectl-edit")),
        ("spec.ports[0].port", None),
        ("spec.ports[0]", LastWrite("2026-01-02T03:04:05Z", "helm")),
        ("status.loadBalancer.ingress[1].ip", LastWrite("2026-02-02T02:02:02Z", "cloud")),
        ("spec.ipFamilies", None),
        ("listen", None),
        ("", None),
    ],
)
def test_managed_fields_show_who_last_wrote_a_field(field: str, expected: LastWrite | None) -> None:
    assert last_write(TEXT, field) == expected


def test_a_key_of_a_config_map_may_hold_dots() -> None:
    entry = {"manager": "helm", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:data": {"f:a.b": {}}}}
    text = manifest(msgspec.json.encode({"metadata": {"managedFields": [entry]}}))
    assert last_write(text, "data.a.b") == LastWrite("2026-01-01T00:00:00Z", "helm")


def test_the_last_write_is_said_as_the_latest_time_that_it_is() -> None:
    assert last_write_text(TEXT, "spec.ipFamilyPolicy") == (
        "spec.ipFamilyPolicy was last written at 2026-05-06 07:08:09 UTC or earlier, by kubectl-edit"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not: [yaml",
        "metadata: 3",
        "metadata: {managedFields: {}}",
        "metadata: {managedFields: [1, {time: 3}, {time: yesterday}]}",
        "metadata: {managedFields: [{time: yesterday, fieldsV1: [1]}]}",
    ],
)
def test_what_cannot_be_understood_tells_nothing(text: str) -> None:
    assert last_write_text(text, "spec.type") == ""


def test_a_hostile_manager_cannot_reach_a_terminal() -> None:
    entry = {"manager": "a\x1b[31m", "time": "x\u202e", "fieldsV1": {"f:spec": {"f:type": {}}}}
    text = manifest(msgspec.json.encode({"metadata": {"managedFields": [entry]}}))
    assert last_write_text(text, "spec.type").isprintable()


def test_managed_fields_are_folded_and_all_else_is_kept() -> None:
    folded = fold_managed_fields(TEXT)
    assert "  # managedFields: 3 entries, folded" in folded.split("\n")
    assert "kubectl-edit" not in folded
    without = {**MANAGED, "metadata": {"name": "web", "uid": "1"}}
    plain = manifest(msgspec.json.encode(without))
    assert folded.replace("  # managedFields: 3 entries, folded\n", "") == plain
    assert fold_managed_fields(plain) == plain
