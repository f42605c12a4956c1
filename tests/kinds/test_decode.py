"""Objects are read from JSON: repeated values are shared, missing ones are empty, wrong ones are reported."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsview.kinds.annotations import IGNORE_ANNOTATION
from dsview.kinds.decode import BadObject, decode, decode_line
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice, pack, unpack_addresses, unpack_identity
from dsview.kinds.kind import Kind
from dsview.kinds.pod import IPAM_ANNOTATIONS, Pod
from dsview.kinds.registry import RESOURCES
from dsview.kinds.service import Service
from dsview.kinds.wire import Interner

META = {"name": "x", "namespace": "shop"}


def pod(**parts: Any) -> Pod:
    metadata = {**META, **parts.pop("metadata", {})}
    item = decode(Kind.POD, json.dumps({"metadata": metadata, **parts}).encode())
    assert isinstance(item, Pod)
    return item


def test_labels_owners_hosts_and_containers_that_repeat_are_one_object() -> None:
    parts: dict[str, Any] = {
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i", "args": ["a", "b"]}]},
        "status": {"hostIPs": [{"ip": "192.0.2.1"}]},
        "metadata": {
            "labels": {"app": "web"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "r", "controller": True}],
        },
    }
    one, two = pod(**json.loads(json.dumps(parts))), pod(**json.loads(json.dumps(parts)))
    assert one.labels is two.labels
    assert one.owner is two.owner
    assert one.host_ips is two.host_ips
    assert one.containers is two.containers
    assert one.node_name is two.node_name


def test_the_first_pod_ip_is_the_same_text_as_the_singular_one() -> None:
    item = pod(status={"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]})
    assert item.pod_ip is item.pod_ips[0]


def test_containers_differ_by_their_probes() -> None:
    def probed(probe: dict[str, Any]) -> Pod:
        return pod(spec={"containers": [{"name": "c", "image": "i", "readinessProbe": probe}]})

    assert probed({"httpGet": {}}).containers[0].probes == ("httpGet",)
    assert probed({"exec": {}}).containers[0].probes == ("exec",)
    assert pod(spec={"containers": [{"name": "c", "image": "i"}]}).containers[0].probes == ()


def test_an_interner_forgets_everything_when_it_is_full() -> None:
    interner = Interner(limit=2)
    first = interner.get("a", lambda: ["a"])
    assert interner.get("a", lambda: ["never made"]) is first
    interner.get("b", lambda: ["b"])
    interner.get("c", lambda: ["c"])
    assert interner.get("a", lambda: ["made anew"]) == ["made anew"]


def test_only_annotations_that_are_used_are_kept() -> None:
    annotations = {
        IGNORE_ANNOTATION: "DS-POD-001 known",
        IPAM_ANNOTATIONS[0]: "[]",
        "cni.projectcalico.org/podIP": "10.0.0.1/32",
    }
    item = pod(metadata={"annotations": annotations})
    assert item.ignore == "DS-POD-001 known"
    assert item.ipam == (IPAM_ANNOTATIONS[0],)
    assert pod(metadata={"annotations": {"cni.projectcalico.org/podIP": "10.0.0.1/32"}}).ipam == ()


@pytest.mark.parametrize(
    ("labels", "message"),
    [([1], "array"), ({"a": 1}, "int"), ("x", "str")],
)
def test_labels_of_a_wrong_type_quarantine_the_object(labels: Any, message: str) -> None:
    with pytest.raises(BadObject, match=rf"^Pod shop/x cannot be read: .*{message}"):
        pod(metadata={"labels": labels})


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[]", b'{"metadata":{}}', b'{"metadata":{"name":""}}', b'{"metadata":{"name":"\xff"}}'],
)
@pytest.mark.parametrize("kind", RESOURCES)
def test_values_that_are_not_objects_are_reported_as_unreadable(kind: Kind, data: bytes) -> None:
    with pytest.raises(BadObject, match=rf"^{kind} .+ cannot be read: .+"):
        decode(kind, data)


def test_the_name_of_a_broken_object_is_shown_and_harmless() -> None:
    with pytest.raises(BadObject) as caught:
        decode(Kind.POD, b'{"metadata":{"name":"a\\u001b[31mb","namespace":"shop"},"spec":{"nodeName":7}}')
    assert "shop/a\\x1b[31mb" in str(caught.value)
    assert "spec.nodeName" in str(caught.value)


def test_the_families_of_a_service_are_those_it_names_or_else_those_of_its_cluster_ips() -> None:
    def families(**spec: Any) -> tuple[str, ...]:
        item = decode(Kind.SERVICE, json.dumps({"metadata": META, "spec": spec}).encode())
        assert isinstance(item, Service)
        return item.families

    assert families(ipFamilies=["IPv6", "IPv4"]) == ("IPv6", "IPv4")
    assert families(ipFamilies=["IPv4", "IPv4", "IPv9"]) == ("IPv4",)
    assert families(clusterIPs=["fd00::1", "10.0.0.1"]) == ("IPv6", "IPv4")
    assert families(clusterIP="10.0.0.1") == ("IPv4",)
    assert families(clusterIP="None", clusterIPs=["None"]) == ()
    assert families(type="ExternalName", ipFamilies=["IPv4"]) == ()


PLAIN = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf"), exclude_characters=","),
    min_size=1,
    max_size=12,
)
ENDPOINTS = st.builds(
    Endpoint,
    addresses=st.lists(PLAIN, max_size=3).map(tuple),
    ready=st.booleans(),
    target=st.one_of(st.just(("", "")), st.tuples(PLAIN, PLAIN)),
    target_uid=st.one_of(st.just(""), PLAIN),
    node_name=st.one_of(st.just(""), PLAIN),
)


def slice_of(endpoints: list[Endpoint]) -> EndpointSlice:
    size, rows = pack(endpoints)
    return EndpointSlice(name="s", address_type="IPv4", size=size, rows=rows)


@given(st.lists(ENDPOINTS, max_size=5))
def test_packed_endpoints_come_out_as_they_went_in(endpoints: list[Endpoint]) -> None:
    item = slice_of(endpoints)
    assert list(item.endpoints()) == endpoints
    assert [unpack_identity(row) for row in item.packed()] == [(e.identity, e.ready) for e in endpoints]
    assert [unpack_addresses(row) for row in item.packed()] == [e.addresses for e in endpoints]


@given(st.lists(st.tuples(*[st.text(max_size=6)] * 5), max_size=4))
def test_separators_in_hostile_text_do_not_make_other_endpoints(texts: list[tuple[str, ...]]) -> None:
    endpoints = [
        Endpoint(addresses=(a,), ready=True, target=(ns, name), target_uid=uid, node_name=node)
        for a, ns, name, uid, node in texts
    ]
    assert len(list(slice_of(endpoints).endpoints())) == len(endpoints)


def test_null_conditions_mean_ready() -> None:
    body = {
        "metadata": META,
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": None}}, {}],
    }
    item = decode(Kind.ENDPOINT_SLICE, json.dumps(body).encode())
    assert isinstance(item, EndpointSlice)
    assert [e.ready for e in item.endpoints()] == [True, True]


def test_a_line_of_a_watch_is_read_in_one_pass_as_its_object_is() -> None:
    item = {"kind": "Pod", "apiVersion": "v1", "metadata": META, "spec": {"nodeName": "n1"}, "status": {"podIP": "::1"}}
    line = json.dumps({"type": "MODIFIED", "object": item}).encode() + b"\n"
    assert decode_line(Kind.POD, line) == ("MODIFIED", decode(Kind.POD, json.dumps(item).encode()))


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"7","creationTimestamp":null}}}',
        b'{"type":"ERROR","object":{"kind":"Status","metadata":{},"code":410,"reason":"Expired"}}',
        b'{"type":"ADDED","object":{"metadata":{"name":""}}}',
        b'{"type":"ADDED","object":{"metadata":{"name":"x"},"status":{"podIPs":7}}}',
        b'{"type":"ADDED","object":{"metadata"',
    ],
)
def test_a_line_without_a_whole_object_is_left_to_a_closer_look(line: bytes) -> None:
    assert decode_line(Kind.POD, line) is None
