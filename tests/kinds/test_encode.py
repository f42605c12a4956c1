"""`encode` is the inverse of `decode`: reading, writing and reading again gives the same object."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from dsview.cluster.newest_time import newest_time
from dsview.kinds.decode import decode
from dsview.kinds.encode import encode
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.kinds.wire import iso_time
from dsview.session.snapshot import take_snapshot
from dsview.sources.snapshot import write_snapshot
from dsview.tables.facts import moment_text
from tests.support.clusters import from_path
from tests.support.random_objects import strategy

DATA = Path(__file__).parent.parent / "data"

Json = dict[str, Any]


def again(kind: Kind, data: bytes) -> None:
    item = decode(kind, data)
    written = msgspec.json.encode(encode(kind, item))
    assert decode(kind, written) == item
    head = json.loads(written)
    assert head["kind"] == RESOURCES[kind].api_kind
    assert head["apiVersion"].rpartition("/")[0] == RESOURCES[kind].group


@pytest.mark.parametrize("kind", RESOURCES)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_object_written_and_read_again_is_the_same(kind: Kind, data: st.DataObject) -> None:
    sent = data.draw(strategy(inspect.type_info(RESOURCES[kind].wire)))
    again(kind, json.dumps(sent).encode())


FAR_TIMES = (
    "0001-01-01T00:00:00+23:59",
    "0001-01-01T00:00:00Z",
    "0999-12-31T23:59:59.9Z",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-00:01",
    "9999-12-31T23:59:59-23:59",
)
"""What RFC 3339 can say, and no clock of a cluster."""


@pytest.mark.parametrize("time", FAR_TIMES)
def test_times_that_no_clock_tells_are_written_and_read_again(time: str) -> None:
    metadata = {"name": "a", "creationTimestamp": time, "deletionTimestamp": time}
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": time}]
    for kind in RESOURCES:
        sent = {
            "metadata": metadata,
            "involvedObject": {"kind": "Pod", "name": "a"},
            "lastTimestamp": time,
            "status": {"startTime": time, "conditions": conditions},
        }
        again(kind, json.dumps(sent).encode())


@pytest.mark.parametrize("time", FAR_TIMES)
def test_a_snapshot_of_times_that_no_clock_tells_is_read_whole(time: str, tmp_path: Path) -> None:
    new = {"name": "b", "namespace": "n", "creationTimestamp": "2026-11-20T08:14:01Z"}
    items = [
        {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "n", "creationTimestamp": time}},
        {"kind": "Pod", "apiVersion": "v1", "metadata": new},
    ]
    (tmp_path / "objects.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": items}))
    first = from_path(tmp_path / "objects.json")
    write_snapshot(tmp_path / "snapshot.json", take_snapshot(first, 1795162441.0))
    second = from_path(tmp_path / "snapshot.json")
    assert list(second.state.pods) == list(first.state.pods)
    assert len(list(second.state.pods)) == 2
    assert newest_time(second.state) == 1795162441, "a clock that is off by centuries does not tell what time it is"


@given(st.integers())
def test_any_number_of_seconds_is_a_time(moment: int) -> None:
    text = iso_time(moment)
    if moment:
        assert text is not None
        decode(Kind.POD, json.dumps({"metadata": {"name": "a", "creationTimestamp": text}}).encode())
        assert moment_text(moment)


def backend(name: str) -> Json:
    return {"service": {"name": name, "port": {"number": 80}}}


def rule(host: str | None, *services: str) -> Json:
    named = {"host": host} if host else {}
    return named | ({"http": {"paths": [{"backend": backend(name)} for name in services]}} if services else {})


@pytest.mark.parametrize(
    "spec",
    [
        {"rules": [rule("a", "x"), rule(None, "y"), rule("b", "z"), rule("a", "w")]},
        {"rules": [rule(None, "y"), rule("a", "x")]},
        {"rules": [rule("b"), rule("a", "x"), rule("c")]},
        {"defaultBackend": backend("d")},
        {"defaultBackend": backend("d"), "rules": [rule("a", "x", "d"), rule(None, "d", "e")]},
    ],
)
def test_ingress_keeps_its_hosts_and_backends_in_order(spec: Json) -> None:
    again(Kind.INGRESS, json.dumps({"metadata": {"name": "i", "namespace": "n"}, "spec": spec}).encode())


def recorded() -> Iterator[tuple[Kind, bytes]]:
    for path in sorted(DATA.glob("recordings/*/lists/*.json*")):
        content = path.read_bytes()
        found = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
        kind = str(found.get("kind", "")).removesuffix("List")
        for item in found.get("items") or ():
            if kind in set(RESOURCES):
                yield Kind(kind), json.dumps(item).encode()
    for path in sorted(DATA.glob("scenarios/*/objects.json*")):
        content = path.read_bytes()
        for item in json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)["items"]:
            if item["kind"] in set(RESOURCES):
                yield Kind(item["kind"]), json.dumps(item).encode()


def test_every_recorded_object_written_and_read_again_is_the_same() -> None:
    seen = set()
    for kind, data in recorded():
        again(kind, data)
        seen.add(kind)
    assert seen >= {Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.POD, Kind.NODE, Kind.EVENT, Kind.INGRESS, Kind.CONFIG_MAP}
