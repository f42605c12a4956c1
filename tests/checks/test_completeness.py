"""What was not read is never taken as not there: clusters of which one kind was cut off or given in part."""

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
from tests.support.clusters import SCENARIOS, Json, from_path, settle

CLUSTERS = [*SCENARIOS, *CASES]
CUT = (Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.POD, Kind.NODE, Kind.SERVICE_CIDR)


class _CutOff(FilesSource):
    """A file or directory of which the list of one kind breaks off after `kept` of its objects (0 to 1)."""

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


@pytest.mark.parametrize("path", CLUSTERS, ids=lambda path: path.name)
def test_check_that_rests_on_absence_is_silent_where_its_kind_is_cut_off(path: Path) -> None:
    for kind in CUT:
        session = _cut(path, kind, 1.0)
        if completeness(session.state, kind) is not Completeness.CUT_OFF:
            continue
        resting = {check.code for check in all_checks() if kind in check.absence_of}
        assert not {finding.check for finding in session.book} & resting
        asked = {code for code in resting if _has_subjects(session, registry()[code])}
        assert asked <= {entry.check for entry in session.not_evaluated()}


@pytest.mark.parametrize("path", CLUSTERS, ids=lambda path: path.name)
def test_lost_objects_raise_no_error_or_warning(path: Path) -> None:
    whole = {finding.identity for finding in from_path(path).book}
    for kind in CUT:
        for kept in (0.0, 0.5):
            new = [
                finding
                for finding in _cut(path, kind, kept).book
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
