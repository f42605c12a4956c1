"""What was not read never counts as missing: clusters of which one kind was cut off or read in part."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from dsview.checks.engine.check import Check
from dsview.checks.engine.registry import all_checks, registry
from dsview.cluster.completeness import Completeness, completeness, may_rely_on_absence
from dsview.core.finding import Severity
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.events import Changed, Sink, SourceEvent, StatusChanged
from dsview.sources.files import FilesSource
from dsview.sources.snapshot import SNAPSHOT_KIND
from tests.checks.test_cases import CASES
from tests.support.case_files import case_file, findings_of, session_of
from tests.support.clusters import SCENARIOS, Json, changed, from_path, settle

CLUSTERS = [*SCENARIOS, *CASES]
CUT = (Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.POD, Kind.NODE, Kind.SERVICE_CIDR)


class _CutOff(FilesSource):
    """A file or directory in which the list of one kind ends after `kept` of its objects (0 to 1)."""

    def __init__(self, path: Path, kind: Kind, kept: float) -> None:
        super().__init__(str(path))
        self._cut_kind, self._kept = kind, kept

    def start(self, sink: Sink) -> None:
        super().start(lambda event: sink(self._changed(event)))

    def _changed(self, event: SourceEvent) -> SourceEvent:
        if isinstance(event, Changed) and event.kind is self._cut_kind:
            return msgspec.structs.replace(event, upserts=event.upserts[: int(len(event.upserts) * self._kept)])
        if isinstance(event, StatusChanged) and event.kind is self._cut_kind and event.health.is_complete:
            return msgspec.structs.replace(event, cut_off="the file was not read to its end")
        return event


def _cut(path: Path, kind: Kind, kept: float) -> Session:
    return settle(Session(_CutOff(path, kind, kept)))


def _has_subjects(session: Session, check: Check) -> bool:
    return not check.subjects or any(session.state.is_known(kind) for kind in check.subjects)


SLICES_AND_PODS = (Kind.ENDPOINT_SLICE, Kind.POD)
RESTS_ON: dict[str, tuple[Kind, ...]] = {
    "DS-CLU-001": (Kind.NODE, Kind.POD),
    "DS-CLU-002": (Kind.POD,),
    "DS-CLU-005": (Kind.SERVICE_CIDR,),
    "DS-CLU-006": (Kind.SERVICE,),
    "DS-CLU-011": (Kind.POD,),
    "DS-EPS-001": (Kind.ENDPOINT_SLICE,),
    "DS-EPS-002": (Kind.ENDPOINT_SLICE,),
    "DS-EPS-003": (Kind.ENDPOINT_SLICE,),
    "DS-EPS-005": (Kind.ENDPOINT_SLICE,),
    "DS-EPS-008": SLICES_AND_PODS,
    "DS-GW-002": SLICES_AND_PODS,
    "DS-LB-003": (Kind.NODE,),
    "DS-LB-006": (Kind.NODE,),
    "DS-LB-008": (Kind.ENDPOINT_SLICE,),
    "DS-LSN-001": (Kind.POD,),
    "DS-LSN-002": (Kind.POD,),
    "DS-NET-004": SLICES_AND_PODS,
    "DS-NET-006": (Kind.ENDPOINT_SLICE, Kind.NODE),
    "DS-NODE-002": (Kind.POD,),
    "DS-NODE-007": (Kind.NODE, Kind.POD),
    "DS-POD-001": (Kind.POD,),
    "DS-POD-004": (Kind.POD,),
    "DS-POD-006": (Kind.POD,),
    "DS-SVC-004": (Kind.SERVICE_CIDR,),
    "DS-SVC-007": (Kind.POD,),
}
"""The checks that take an object that was not read for one that is not there, and of which kinds. Every other check
says something of objects that are there."""


def test_every_check_says_on_the_absence_of_what_it_rests() -> None:
    assert {check.code: check.absence_of for check in all_checks() if check.absence_of} == RESTS_ON


@pytest.mark.parametrize("code", RESTS_ON)
def test_check_is_silent_where_a_kind_is_cut_off_whose_absence_it_rests_on(code: str) -> None:
    check = registry()[code]
    file = case_file(check)
    case = file.fires[0]
    assert findings_of(check, session_of(file, case))
    for kind in RESTS_ON[code]:
        status = {kind.value: {"health": "given", "cutOff": "the file ends too early"}}
        session = session_of(file, msgspec.structs.replace(case, status=status))
        assert completeness(session.state, kind) is Completeness.CUT_OFF
        assert not findings_of(check, session), kind
        assert code in {entry.check for entry in session.not_evaluated()}, kind


@pytest.mark.parametrize("path", CLUSTERS, ids=lambda path: path.name)
def test_check_that_rests_on_absence_is_silent_where_its_kind_is_cut_off(path: Path) -> None:
    for kind in CUT:
        session = _cut(path, kind, 1.0)
        if completeness(session.state, kind) is not Completeness.CUT_OFF:
            continue
        resting = {check.code for check in all_checks() if kind in check.absence_of}
        assert not {finding.check for finding in session.findings} & resting
        asked = {code for code in resting if _has_subjects(session, registry()[code])}
        assert asked <= {entry.check for entry in session.not_evaluated()}


@pytest.mark.parametrize("path", CLUSTERS, ids=lambda path: path.name)
def test_lost_objects_raise_no_error_or_warning(path: Path) -> None:
    whole = {finding.identity for finding in from_path(path).findings}
    for kind in CUT:
        for kept in (0.0, 0.5):
            new = [
                finding
                for finding in _cut(path, kind, kept).findings
                if finding.severity is not Severity.NOTE and finding.identity not in whole
            ]
            assert not new, (kind, kept)


def _object(kind: str, name: str, namespace: str = "shop") -> Json:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def _state(folder: Path, *documents: Json) -> Session:
    for number, document in enumerate(documents):
        (folder / f"{number}.json").write_text(json.dumps(document))
    return from_path(folder)


def test_list_of_several_namespaces_is_of_all(tmp_path: Path) -> None:
    items = [_object("Pod", "a", "shop"), _object("Pod", "b", "web")]
    state = _state(tmp_path, {"apiVersion": "v1", "kind": "PodList", "items": items}).state
    assert completeness(state, Kind.POD) is Completeness.COMPLETE
    assert may_rely_on_absence(state, Kind.POD, "other")


def test_list_of_one_namespace_says_nothing_of_others(tmp_path: Path) -> None:
    state = _state(tmp_path, {"apiVersion": "v1", "kind": "PodList", "items": [_object("Pod", "a")]}).state
    assert completeness(state, Kind.POD) is Completeness.IN_PART
    assert may_rely_on_absence(state, Kind.POD, "shop")
    assert not may_rely_on_absence(state, Kind.POD, "web")


def test_single_objects_say_nothing_of_those_that_are_not_given(tmp_path: Path) -> None:
    state = _state(tmp_path, _object("Pod", "a"), _object("Service", "web")).state
    assert completeness(state, Kind.POD) is Completeness.IN_PART
    assert not may_rely_on_absence(state, Kind.POD, "shop")


def test_empty_list_is_complete(tmp_path: Path) -> None:
    empty = {"apiVersion": "v1", "kind": "PodList", "items": []}
    state = _state(tmp_path, empty, _object("Service", "web")).state
    assert may_rely_on_absence(state, Kind.POD, "shop")


def test_list_that_breaks_off_is_cut_off_and_said(tmp_path: Path) -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [_object("Pod", "a"), _object("Pod", "b")]})
    (tmp_path / "pods.json").write_text(text[:-40])
    session = from_path(tmp_path)
    assert completeness(session.state, Kind.POD) is Completeness.CUT_OFF
    assert session.state.notes
    assert not may_rely_on_absence(session.state, Kind.POD, "shop")


def test_file_that_holds_a_refusal_refuses_its_kind(tmp_path: Path) -> None:
    message = 'pods is forbidden: User "viewer" cannot list resource "pods"'
    status = {"apiVersion": "v1", "kind": "Status", "code": 403, "message": message}
    session = _state(tmp_path, status, _object("Service", "web"))
    assert completeness(session.state, Kind.POD) is Completeness.REFUSED
    assert any("Status" in note for note in session.state.notes)


def test_snapshot_keeps_what_was_cut_off(tmp_path: Path) -> None:
    head = {"health": "given", "cutOff": "pods.json was not read to its end"}
    document = {
        "apiVersion": "dsview.io/v1",
        "kind": SNAPSHOT_KIND,
        "kinds": {"Pod": head},
        "items": [_object("Pod", "a")],
    }
    state = _state(tmp_path, document).state
    assert completeness(state, Kind.POD) is Completeness.CUT_OFF


def test_object_that_cannot_be_read_leaves_what_it_may_be_open(tmp_path: Path) -> None:
    bad = {**_object("EndpointSlice", "web-1"), "apiVersion": "discovery.k8s.io/v1", "endpoints": "none"}
    good = {**_object("EndpointSlice", "api-1", "web"), "apiVersion": "discovery.k8s.io/v1", "addressType": "IPv4"}
    listed = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSliceList", "items": [bad, good]}
    state = _state(tmp_path, listed).state
    assert completeness(state, Kind.ENDPOINT_SLICE) is Completeness.IN_PART
    assert not may_rely_on_absence(state, Kind.ENDPOINT_SLICE, "shop")
    assert not may_rely_on_absence(state, Kind.ENDPOINT_SLICE)
    assert may_rely_on_absence(state, Kind.ENDPOINT_SLICE, "web")


def test_check_is_silent_only_where_the_object_that_cannot_be_read_may_be_its_missing_one(tmp_path: Path) -> None:
    def change(items: list[Json]) -> None:
        for item in items:
            labels = item["metadata"].get("labels") or {}
            is_of_web = item["kind"] == "EndpointSlice" and labels.get("kubernetes.io/service-name") == "web"
            if is_of_web and item["addressType"] == "IPv6":
                item["endpoints"] = 7

    session = changed("03", change, tmp_path)
    assert not [finding for finding in session.findings if finding.check in {"DS-EPS-001", "DS-EPS-003"}]
    reasons = {entry.check: entry.reason for entry in session.not_evaluated()}
    assert "shop/web-" in reasons["DS-EPS-001"]
    assert reasons["DS-EPS-001"].endswith("could not be read; evaluated for the other namespaces only")


def test_pods_of_some_namespaces_say_nothing_of_the_whole_cluster() -> None:
    file = case_file(registry()["DS-CLU-001"])
    case = file.fires[0]
    whole = session_of(file, case).profile
    assert (whole.qualifiers, whole.unused_families) == (("services dual, pods single",), ())
    unused = msgspec.structs.replace(case, objects=case_file(registry()["DS-POD-006"]).objects)
    assert session_of(file, unused).profile.unused_families == ("IPv6",)
    for status in ({"listed": ["default"]}, {"namespaces": ["default"]}):
        in_part = {"Pod": {"health": "given", **status}}
        assert not session_of(file, msgspec.structs.replace(case, status=in_part)).profile.qualifiers
        assert not session_of(file, msgspec.structs.replace(unused, status=in_part)).profile.unused_families
