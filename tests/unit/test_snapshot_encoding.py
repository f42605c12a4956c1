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

from dsview.kinds.annotations import IGNORE_ANNOTATION
from dsview.kinds.container import ContainerPortWire
from dsview.kinds.decode import decode
from dsview.kinds.encode import encode
from dsview.kinds.ingress import INGRESS_ANNOTATIONS
from dsview.kinds.ingress_class import DEFAULT_CLASS_ANNOTATION
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import OwnerReference
from dsview.kinds.node import NODE_ANNOTATIONS
from dsview.kinds.pod import IPAM_ANNOTATIONS, PodIP
from dsview.kinds.registry import RESOURCES
from dsview.kinds.service import SERVICE_ANNOTATIONS

DATA = Path(__file__).parent.parent / "data"

Json = dict[str, Any]
# Few words, so that hosts, names and values meet; one with what separates fields of packed endpoints.
WORDS = st.sampled_from(["", "a", "b", "10.0.0.1", "fd00::1", "Ready", "True", "Pod", "*", "x\ty\nz,"])
MAPS = st.dictionaries(WORDS, WORDS, max_size=2)
ANNOTATIONS = st.dictionaries(
    st.sampled_from(
        [
            IGNORE_ANNOTATION,
            DEFAULT_CLASS_ANNOTATION,
            "other",
            *IPAM_ANNOTATIONS[:2],
            *NODE_ANNOTATIONS[:2],
            *SERVICE_ANNOTATIONS[:2],
            *INGRESS_ANNOTATIONS[:2],
        ]
    ),
    st.sampled_from(["", "true", "10.0.0.1"]),
    max_size=4,
)
PROBES: st.SearchStrategy[Any] = st.sampled_from(
    [None, {}, {"httpGet": {"port": 80}}, {"exec": {}, "periodSeconds": 3}, {"tcpSocket": {}}, {"new": 1}]
)


def strategy(type_: inspect.Type, name: str = "") -> st.SearchStrategy[Any]:
    """JSON that an API server might send for a field of `wire`: anything absent that may be, `null` included."""
    match type_:
        case inspect.StructType():
            required = {f.encode_name: strategy(f.type, f.encode_name) for f in type_.fields if f.required}
            optional = {f.encode_name: strategy(f.type, f.encode_name) for f in type_.fields if not f.required}
            if "name" in required:
                required["name"] = st.sampled_from(["a", "b"])
            return st.fixed_dictionaries(required, optional=optional)
        case inspect.RawType():
            return raw(name)
        case inspect.UnionType():
            return st.one_of(*(strategy(t, name) for t in type_.types))
        case inspect.ListType():
            return st.lists(strategy(type_.item_type, name), max_size=3)
        case inspect.DictType():
            return MAPS
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(0, 3)
        case inspect.DateTimeType():
            return st.sampled_from(["2026-11-20T08:14:01Z", "2026-11-20T08:14:02.123456Z"])
    return WORDS


def raw(name: str) -> st.SearchStrategy[Any]:
    """What `wire` takes as it stands."""
    match name:
        case "labels":
            return st.none() | st.dictionaries(
                st.sampled_from(["app", "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"]), WORDS
            )
        case "annotations":
            return st.none() | ANNOTATIONS
        case "ownerReferences":
            return st.none() | st.lists(strategy(inspect.type_info(OwnerReference)), max_size=2)
        case "hostIPs":
            return st.none() | st.lists(strategy(inspect.type_info(PodIP)), max_size=2)
        case "ports":
            return st.none() | st.lists(strategy(inspect.type_info(ContainerPortWire)), max_size=2)
        case "command" | "args":
            return st.none() | st.lists(WORDS, max_size=2)
    return PROBES


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
