"""Any object is evaluated, or set aside with a sentence; nothing fails and nothing else is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from dsview.checks.engine.engine import Engine
from dsview.cluster.state import ClusterState
from dsview.core.finding import Finding
from dsview.core.text import safe
from dsview.kinds.decode import BadObject, decode
from dsview.kinds.encode import encode
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.kinds.registry import RESOURCES
from dsview.sources.events import Changed, Health, StatusChanged
from tests.bench import synthetic
from tests.engine.objects import COMMON, OBJECTS, START

Json = Any
SMALL = synthetic.Size(pods=6, nodes=2, services=2, slices=3)
HEALTHY = [(kind, item) for kind, item in synthetic.objects(SMALL)]

ODD_ADDRESSES = (
    "::ffff:10.0.0.1",
    "::FFFF:0a00:1",
    "fe80::1%eth0",
    "010.000.000.001",
    "10.0.0.1/24",
    "2001:DB8:0:0:0:0:0:1",
    "::1.2.3.4",
    "256.1.1.1",
    "1.2.3",
    "::" * 40,
    "10.0.0.1\x00",
    "\u0661\u0660.0.0.1",
    "[::1]:80",
    "0.0.0.0/99999999999",
)
ODD_TEXTS = (
    "",
    "\x1b]0;owned\x07",
    "\x1b[31m",
    "\x9b2J",
    "[bold]x[/bold]",
    "a\nb\tc\rd",
    "\u202egnp.exe",
    "\ud800",
    "\x00",
    "a,b\tc",
    "'; rm -rf /",
    "None",
    "-1",
    "9" * 400,
    "x" * 70_000,
)
ODD_NUMBERS = (0, -1, 65_536, 2**31, 2**63, 2**70, 10**400, 0.5, 1e308, float("nan"), float("inf"))
ODD_TIMES = (
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "yesterday",
    "2026-01-01T00:00:00+23:59",
)

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(ODD_ADDRESSES),
    st.sampled_from(ODD_TEXTS),
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(ODD_TIMES),
    st.text(max_size=20),
    st.builds(lambda: [f"10.0.{i // 256}.{i % 256}" for i in range(300)]),
    st.builds(lambda: [{"ip": f"fd00::{i:x}"} for i in range(300)]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["ip", "name", "key", "cidr", "service", "addresses", "x\x1b"]), inner, max_size=3
        ),
    ),
    max_leaves=4,
)


def places(value: Json) -> Iterator[tuple[Any, Any]]:
    """Every container and key of a document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from places(inner)


@st.composite
def documents(draw: st.DrawFn) -> tuple[Kind, bytes]:
    """The JSON of an object with some unexpected values."""
    kind = draw(st.sampled_from((*COMMON, *RESOURCES)))
    document = json.loads(json.dumps(encode(kind, draw(OBJECTS[kind]))))
    for _ in range(draw(st.integers(1, 4))):
        container, key = draw(st.sampled_from(list(places(document))))
        match draw(st.sampled_from(["replace", "replace", "replace", "delete", "twice", "rename"])):
            case "replace":
                container[key] = draw(VALUES)
            case "delete":
                del container[key]
            case "twice" if isinstance(container, list):
                container.append(container[key])
            case "rename" if isinstance(container, dict):
                container[draw(st.sampled_from(ODD_TEXTS))] = container.pop(key)
    return kind, damaged(draw, json.dumps(document).encode())


def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """The text with a repeated key, invalid UTF-8, deep nesting, a huge annotation, truncated, or unchanged."""
    at = draw(st.integers(0, len(data)))
    match draw(st.sampled_from(["", "", "", "", "", "bytes", "cut", "twice", "deep", "huge", "controls"])):
        case "bytes":
            return data[:at] + b"\xff\xfe" + data[at:]
        case "cut":
            return data[:at]
        case "twice":
            return data[:-1] + b',"spec":{},"metadata":{"name":"again"}}' if data.endswith(b"}") else data
        case "deep":
            return data[:-1] + b',"spec":' + b"[" * 3_000 + b"]" * 3_000 + b"}"
        case "huge":
            return data.replace(
                b'"metadata": {', b'"metadata": {"annotations": {"a": "' + b"x" * 1_500_000 + b'"}, ', 1
            )
        case "controls":
            return data[:at] + b"\x00\x1b" + data[at:]
    return data


def texts(finding: Finding) -> Iterator[str]:
    """The text of a finding that users read."""
    yield finding.message
    yield from (text for text in (finding.observed, finding.expected, finding.fix) if text is not None)


_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@given(documents())
@example((Kind.POD, b"null"))
@example((Kind.POD, b""))
@example((Kind.SERVICE, b'{"metadata":{"name":"\\ud800"}}'))
@example((Kind.POD, b'{"metadata":{"name":"p","ownerReferences":{"a":1},"labels":[1]}}'))
@example(
    (
        Kind.CONFIG_MAP,
        b'{"metadata":{"name":"kube-proxy","namespace":"kube-system"},"data":{"config.conf":"a: &a [*a]"}}',
    )
)
def test_a_hostile_object_is_evaluated_or_set_aside(hostile: tuple[Kind, bytes]) -> None:
    kind, data = hostile
    try:
        item = decode(kind, data)
    except BadObject as error:
        event("set aside")
        sentence = str(error)
        assert sentence == safe(sentence)
        assert re.match(rf"{kind} .+ cannot be read: .", sentence)
        assert len(sentence) < 1_500
        return
    event("read")
    state = ClusterState()
    engine = Engine(state, live=False)
    for known, healthy in HEALTHY:
        state.apply(Changed(known, (healthy,)))
    for each in Kind:
        state.apply(StatusChanged(kind=each, health=Health.GIVEN))
    engine.evaluate_all(START)
    engine.note(state.apply(Changed(kind, (item,))))
    engine.step(START)
    assert engine.failures == {}
    assert engine.is_idle
    assert state.store(kind).get(item.key) is item
    for known, healthy in HEALTHY:
        assert state.store(known).get((healthy.namespace, healthy.name)) in (healthy, item)
    for finding in engine.findings:
        for text in texts(finding):
            assert not _CONTROL.search(text)
            text.encode()
    engine.note(state.apply(Changed(kind, (), (item.key,))))
    engine.step(START)
    assert not [f for f in engine.findings if (f.object.kind, f.object.name) == (kind.value, item.name)] or is_healthy(
        item
    )


def is_healthy(item: Object) -> bool:
    """Whether an object of the healthy cluster has this name, so that the hostile one replaced it."""
    return any(item.key == (healthy.namespace, healthy.name) for _, healthy in HEALTHY)


@pytest.mark.parametrize("kind", RESOURCES)
@pytest.mark.parametrize("body", [b"{}", b'{"spec":null,"status":null}', b'{"spec":{},"status":{}}'])
def test_an_object_of_nothing_but_a_name_is_read(kind: Kind, body: bytes) -> None:
    item = decode(kind, body[:-1] + (b"," if len(body) > 2 else b"") + b'"metadata":{"name":"x"}}')
    assert item.name == "x"
