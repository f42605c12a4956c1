"""Of the environment of a container only what decides its sockets is kept, whichever way a pod is encoded."""

from __future__ import annotations

import json

from dsview.kinds.decode import decode
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.protobuf import kubernetes_pb2 as pb
from dsview.kinds.protobuf.pod import decode_pod

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


def test_protobuf_keeps_the_same() -> None:
    message = pb.Pod()
    message.metadata.name = "p"
    container = message.spec.containers.add()
    container.name = "discovery"
    for variable in (
        pb.EnvVar(name="PASSWORD", value="ISTIO_DUAL_STACK"),
        pb.EnvVar(name="ISTIO_DUAL_STACK", value="true"),
        pb.EnvVar(name="KONG_PROXY_LISTEN", value_from=b""),
    ):
        container.env.append(variable.SerializeToString(deterministic=True))

    assert decode_pod(message).containers[0].environment == KEPT
