"""Objects in protobuf: the same objects as from JSON, and the handling of invalid bytes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from dsview.kinds.container import ContainerPortWire, ContainerWire, EnvVarWire
from dsview.kinds.decode import BadObject, decode
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import ObjectMeta, OwnerReference
from dsview.kinds.pod import Pod
from dsview.kinds.protobuf import kubernetes_pb2 as pb
from dsview.kinds.protobuf.decode import decode_message, decode_object, split_event, unwrap
from dsview.kinds.protobuf.metadata import entry_prefixes
from dsview.kinds.registry import RESOURCES
from tests.support import protobuf_answers
from tests.support.clusters import DATA
from tests.support.random_objects import strategy

RECORDED = (Kind.POD, Kind.SERVICE, Kind.NODE, Kind.ENDPOINT_SLICE, Kind.IP_ADDRESS)
IN_PROTOBUF = [kind for kind, resource in RESOURCES.items() if resource.has_protobuf]


def recorded(kind: Kind, name: str) -> bytes:
    return gzip.decompress((DATA / "protobuf" / f"{RESOURCES[kind].plural}-{name}.gz").read_bytes())


@pytest.mark.parametrize("kind", RECORDED)
def test_both_encodings_of_a_recorded_list_give_equal_objects(kind: Kind) -> None:
    items = json.loads(recorded(kind, "list.json"))["items"]
    page = pb.List.FromString(unwrap(recorded(kind, "list.pb"), f"{kind.value}List"))
    assert len(items) > 5
    assert [decode_message(kind, item) for item in page.items] == [decode(kind, json.dumps(i).encode()) for i in items]


OF_OLD_VERSIONS = {"topology", "service_name", "service_port"}
"""Fields of v1beta1, which files hold and dsview asks no server for; and `backend` of an Ingress' spec."""

_NEVER_EMPTY = {"kind", "livenessProbe", "readinessProbe", "startupProbe"}


def as_a_server_writes(value: Any, name: str = "") -> Any:
    """JSON without values that no server writes and protobuf cannot express, such as null."""
    if isinstance(value, dict):
        kept = {key: as_a_server_writes(one, key) for key, one in value.items()}
        is_nothing = {key for key, one in kept.items() if one == ("" if key == "kind" else {}) and key in _NEVER_EMPTY}
        v1beta1_fields = {"topology", "serviceName", "servicePort"} | ({"backend"} if name == "spec" else set())
        return {key: one for key, one in kept.items() if one is not None and key not in is_nothing | v1beta1_fields}
    if isinstance(value, list):
        return [as_a_server_writes(one, name) for one in value]
    return value


@pytest.mark.parametrize("kind", IN_PROTOBUF)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_encodings_of_any_object_give_equal_objects(kind: Kind, data: st.DataObject) -> None:
    sent = as_a_server_writes(data.draw(strategy(inspect.type_info(RESOURCES[kind].wire))))
    wrapped = protobuf_answers.envelope(kind.value, "v1", protobuf_answers.message_of(kind.value, sent))
    assert decode_object(kind, wrapped) == decode(kind, json.dumps(sent).encode())


INNER_WIRES: dict[tuple[type[msgspec.Struct], str], type[msgspec.Struct]] = {
    (ContainerWire, "ports"): ContainerPortWire,
    (ContainerWire, "env"): EnvVarWire,
    (ObjectMeta, "owner_references"): OwnerReference,
}
"""What is raw in the JSON until it is looked at."""


OTHER_DIRECTION = ("spec.ingress.to", "spec.egress.from_")
"""What one struct for the rules of both directions has too much."""


def structs_in(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for part in get_args(hint):
        yield from structs_in(part)


def fields_of(wire: type[msgspec.Struct]) -> set[str]:
    """The fields of a wire struct and of all structs in it, as paths."""
    found: set[str] = set()
    for field in msgspec.structs.fields(wire):
        inner = INNER_WIRES.get((wire, field.name))
        structs = [inner] if inner is not None else list(structs_in(field.type))
        found |= {field.name} | {f"{field.name}.{name}" for struct in structs for name in fields_of(struct)}
    return found


def fields_in(message: Any) -> set[str]:
    """The fields of a message and of all messages in it, as paths; an inlined message's as those of the one around."""
    found: set[str] = set()
    for field in message.fields:
        inner = field.message_type
        if inner is None and field.name in protobuf_answers.INNER:
            inner = protobuf_answers.INNER[field.name].DESCRIPTOR
        names = fields_in(inner) if inner is not None else set()
        is_inlined = field.name in protobuf_answers.INLINED
        found |= names if is_inlined else {field.name} | {f"{field.name}.{name}" for name in names}
    return found


@pytest.mark.parametrize("kind", IN_PROTOBUF)
def test_every_field_that_is_read_of_the_json_is_in_the_message(kind: Kind) -> None:
    missing = fields_of(RESOURCES[kind].wire) - fields_in(getattr(pb, kind.value).DESCRIPTOR)
    known = {name for name in missing if name.startswith((*OTHER_DIRECTION, "spec.backend"))}
    assert {name for name in missing - known if name.rpartition(".")[2] not in OF_OLD_VERSIONS} == set()


def test_what_repeats_is_kept_once() -> None:
    page = pb.List.FromString(unwrap(recorded(Kind.POD, "list.pb"), "PodList"))
    pods = [pod for item in page.items if isinstance(pod := decode_message(Kind.POD, item), Pod)]
    again = [pod for item in page.items if isinstance(pod := decode_message(Kind.POD, item), Pod)]
    for one, other in zip(pods, again, strict=True):
        assert one.labels is other.labels
        assert one.containers is other.containers
        assert one.owner is other.owner
        assert one.host_ips is other.host_ips


def with_containers(*containers: pb.Container) -> Pod:
    message = pb.Pod(metadata=pb.ObjectMeta(name="web", namespace="shop"))
    message.spec.containers.extend(container.SerializeToString() for container in containers)
    found = decode_message(Kind.POD, message.SerializeToString())
    assert isinstance(found, Pod)
    return found


def mounting(volume: str) -> pb.Container:
    mount = pb.PodIP(ip=volume).SerializeToString()  # a VolumeMount's name has the same number
    container = pb.Container(name="app", image="app:1")
    container.MergeFromString(pb.ContainerOfAnyPod(volume_mounts=[mount]).SerializeToString())
    return container


def test_containers_that_differ_in_their_mounts_only_are_kept_once() -> None:
    first, second = with_containers(mounting("kube-api-access-a")), with_containers(mounting("kube-api-access-b"))
    assert first.containers is second.containers
    assert first.containers[0].image == "app:1"


def test_containers_that_differ_only_in_unread_fields_are_cached_once() -> None:
    first, second = (pb.EnvVar(name="PASSWORD", value=value).SerializeToString() for value in ("a", "b"))
    one, other = with_containers(pb.Container(name="app", env=[first])), with_containers(pb.Container(env=[second]))
    same = with_containers(pb.Container(name="app", env=[second]))
    assert one.containers is same.containers
    assert one.containers != other.containers


def test_the_cache_distinguishes_containers_by_their_boundaries() -> None:
    one, both = pb.Container(name="a"), pb.Container(name="b")
    assert [c.name for c in with_containers(one, both).containers] == ["a", "b"]
    assert [c.name for c in with_containers(both, one).containers] == ["b", "a"]
    assert [c.name for c in with_containers(one).containers] == ["a"]


def test_a_container_that_cannot_be_read_fails_its_pod() -> None:
    message = pb.Pod(metadata=pb.ObjectMeta(name="web", namespace="shop"))
    message.spec.containers.append(b"\x0a\x02\xff\xfe")
    with pytest.raises(BadObject, match="shop/web"):
        decode_message(Kind.POD, message.SerializeToString())


@pytest.mark.parametrize("event", ["ADDED", "MODIFIED"])
@pytest.mark.parametrize("size", [0, 100, 130, 20_000, 3_000_000])
def test_an_event_written_by_go_is_split_by_its_lengths(event: str, size: int) -> None:
    pod = {"metadata": {"name": "web", "namespace": "shop"}}
    data = protobuf_answers.frame_of_item(event, "Pod", pod, size=size)[4:]
    found = split_event(Kind.POD, data)
    assert found is not None
    assert found == (event, pb.Unknown.FromString(pb.WatchEvent.FromString(data).object.raw[4:]).raw)


@given(data=st.data())
def test_an_event_is_split_as_the_parser_would_split_it_or_left_to_the_parser(data: st.DataObject) -> None:
    pod = protobuf_answers.frame_of_item("ADDED", "Pod", {"metadata": {"name": "web"}}, size=150)[4:]
    changed = bytearray(pod)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(pod) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(changed[: data.draw(st.integers(0, len(pod)))])
    found = split_event(Kind.POD, cut)
    if found is not None:
        event = pb.WatchEvent.FromString(cut)
        assert found == (event.type, unwrap(event.object.raw, "Pod"))


POD = protobuf_answers.message_of("Pod", {"metadata": {"name": "web", "namespace": "shop"}})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html>a proxy</html>", "it is not Kubernetes' protobuf"),
        (b"", "it is not Kubernetes' protobuf"),
        (b"k8s\0\xff\xff\xff", "its envelope is broken"),
        (protobuf_answers.envelope("Service", "v1", POD), "it is of kind 'Service'"),
        (protobuf_answers.envelope("Pod", "v1", b"\xff\xff\xff"), "it is not a message of that kind"),
        (protobuf_answers.envelope("Pod", "v1", b""), "metadata.name is empty"),
    ],
)
def test_bytes_that_are_not_such_an_object_are_reported_as_bad(data: bytes, said: str) -> None:
    with pytest.raises(BadObject, match=r"^Pod \(no name\) cannot be read: ") as caught:
        decode_object(Kind.POD, data)
    assert said in str(caught.value)


def test_a_bad_object_is_named_if_its_name_can_be_read() -> None:
    # A status whose bytes are not a PodStatus, after valid metadata.
    good = pb.PartialObject(metadata=pb.ObjectMeta(name="web", namespace="shop")).SerializeToString()
    with pytest.raises(BadObject) as caught:
        decode_message(Kind.POD, good + b"\x1a\x03\xff\xff\xff")
    assert caught.value.identity == "shop/web"


def test_text_that_is_not_utf8_costs_its_object_only() -> None:
    good = pb.PartialObject(metadata=pb.ObjectMeta(name="web", namespace="shop")).SerializeToString()
    with pytest.raises(BadObject) as caught:
        # spec.nodeName is two bytes that are not valid text.
        decode_message(Kind.POD, good + b"\x12\x04\x52\x02\xff\xfe")
    assert caught.value.identity == "shop/web"


def test_names_of_annotations_are_short_enough_for_their_length_in_one_byte() -> None:
    with pytest.raises(ValueError, match="too long"):
        entry_prefixes(("a" * 128,))
