"""`encode` is the inverse of `decode`: what was read, written and read again is the same."""

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

from dsview.kinds.decode import decode
from dsview.kinds.encode import encode
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from tests.support.random_objects import strategy

DATA = Path(__file__).parent.parent / "data"

Json = dict[str, Any]


def again(kind: Kind, data: bytes) -> None:
    item = decode(kind, data)
    written = msgspec.json.encode(encode(kind, item))
    assert decode(kind, written) == item
    head = json.loads(written)
    assert head["kind"] == kind.value
    assert head["apiVersion"].rpartition("/")[0] == RESOURCES[kind].group


@pytest.mark.parametrize("kind", RESOURCES)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_object_written_and_read_again_is_the_same(kind: Kind, data: st.DataObject) -> None:
    sent = data.draw(strategy(inspect.type_info(RESOURCES[kind].wire)))
    again(kind, json.dumps(sent).encode())


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
