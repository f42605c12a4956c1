"""Only the environment variables that decide the sockets of a container are kept, in both encodings of a pod."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsview.kinds.decode import decode
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.protobuf import kubernetes_pb2 as pb
from dsview.kinds.protobuf.pod import decode_pod
from dsview.listeners.front_doors import front_doors
from tests.support import doors

KEPT = (("ISTIO_DUAL_STACK", "true"), ("KONG_PROXY_LISTEN", None))


def test_json_keeps_the_variables_that_decide_and_no_password() -> None:
    env = [
        {"name": "PASSWORD", "value": "ISTIO_DUAL_STACK"},
        {"name": "ISTIO_DUAL_STACK", "value": "true"},
        {"name": "KONG_PROXY_LISTEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ]
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "discovery", "env": env}]}}

    found = decode(Kind.POD, json.dumps(pod).encode())

    assert isinstance(found, Pod)
    assert found.containers[0].environment == KEPT


def test_protobuf_keeps_the_same_variables_as_json() -> None:
    message = pb.Pod()
    message.metadata.name = "p"
    container = pb.Container(name="discovery")
    for variable in (
        pb.EnvVar(name="PASSWORD", value="ISTIO_DUAL_STACK"),
        pb.EnvVar(name="ISTIO_DUAL_STACK", value="true"),
        pb.EnvVar(name="KONG_PROXY_LISTEN", value_from=b""),
    ):
        container.env.append(variable.SerializeToString(deterministic=True))
    message.spec.containers.append(container.SerializeToString())

    assert decode_pod(message).containers[0].environment == KEPT


FROM = [{"prefix": "DB_", "secretRef": {"name": "s"}}, {"prefix": "ISTIO_", "configMapRef": {"name": "c"}}]


def test_only_the_prefixes_that_begin_a_variable_that_decides_are_kept() -> None:
    message = pb.Pod()
    message.metadata.name = "p"
    sources = [pb.EnvFromSource(prefix=str(entry["prefix"])).SerializeToString() for entry in FROM]
    message.spec.containers.append(pb.Container(env_from=sources).SerializeToString())
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"envFrom": FROM}]}}

    found = decode(Kind.POD, json.dumps(pod).encode())

    assert isinstance(found, Pod)
    assert found.containers[0].env_from == ("ISTIO_",)
    assert decode_pod(message).containers[0].env_from == ("ISTIO_",)


@pytest.mark.parametrize(
    ("entries", "confidence", "reason"),
    [
        ([{"configMapRef": {"name": "istiod"}}], "unread", "may be set by envFrom"),
        ([{"prefix": "ISTIO_", "secretRef": {"name": "istiod"}}], "unread", "may be set by envFrom"),
        ([{"prefix": "DB_", "secretRef": {"name": "db"}}], "predicted", "predicted from the default"),
        ([], "predicted", "predicted from the default"),
    ],
)
def test_a_variable_that_env_from_may_set_is_unknown(
    entries: list[dict[str, object]], confidence: str, reason: str, tmp_path: Path
) -> None:
    items = doors.istio(None)
    istiod = next(item for item in items if item["metadata"]["name"] == "istiod")
    istiod["spec"]["containers"][0]["envFrom"] = entries

    session = doors.load([*items, *doors.backend()], tmp_path)
    (door,) = front_doors(session.state)
    sockets = door.controller.sockets(session.state, door.pods[0])

    assert sockets.source.value == confidence
    assert reason in sockets.reason
    assert any(finding.check == "DS-LSN-001" for finding in session.findings) is (confidence == "predicted")


def test_a_variable_of_the_container_comes_before_that_of_env_from(tmp_path: Path) -> None:
    items = doors.istio("true")
    istiod = next(item for item in items if item["metadata"]["name"] == "istiod")
    istiod["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "istiod"}}]

    session = doors.load(items, tmp_path)
    (door,) = front_doors(session.state)

    assert door.controller.sockets(session.state, door.pods[0]).source.value == "declared"
