"""Pods from protobuf, up to 150,000 in one list, so no object is created that is not kept."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from hashlib import blake2b

from dsview.kinds.annotations import IGNORE_ANNOTATION
from dsview.kinds.container import READ_VARIABLES, Container, ContainerPort, relevant_prefixes
from dsview.kinds.pod import IPAM_ANNOTATIONS, Pod, requested_ipam
from dsview.kinds.protobuf import kubernetes_pb2 as pb
from dsview.kinds.protobuf.metadata import entry_prefixes, read_annotations, read_meta, read_owner
from dsview.kinds.wire import Interner, Memo, shared_seconds

_by_digest = Interner()

_ANNOTATIONS = (IGNORE_ANNOTATION, *IPAM_ANNOTATIONS)
_PREFIXES = entry_prefixes(_ANNOTATIONS)
_VARIABLE_PREFIXES = tuple(b"\n" + bytes((len(name),)) + name.encode() for name in READ_VARIABLES)
"""The first bytes of an EnvVar with each name: the tag of field 1, the length, the name. Go writes field 1 first."""

_PROBES = (("http_get", "httpGet"), ("tcp_socket", "tcpSocket"), ("grpc", "grpc"), ("exec", "exec"))


def decode_pod(message: pb.Pod) -> Pod:
    """The same Pod that `kinds.pod` makes from the JSON."""
    meta, spec, status = message.metadata, message.spec, message.status
    annotations = read_annotations(meta, _ANNOTATIONS, _PREFIXES)
    is_ready, ready_since = False, 0
    for condition in status.conditions[:]:
        if condition.type == "Ready":
            is_ready, ready_since = condition.status == "True", shared_seconds[condition.last_transition_time.seconds]
            break
    ips = tuple([entry.ip for entry in status.pod_ips[:]])
    if "" in ips:
        ips = tuple(filter(None, ips))
    pod_ip = status.pod_ip
    phase = status.phase
    return Pod(
        **read_meta(meta, annotations.pop(IGNORE_ANNOTATION, "")),
        deleted=meta.deletion_timestamp.seconds,
        owner=read_owner(meta),
        node_name=sys.intern(spec.node_name),
        host_network=spec.host_network,
        dns_policy=sys.intern(spec.dns_policy or "ClusterFirst"),
        phase=sys.intern(phase),
        ready=is_ready,
        ready_since=ready_since,
        pod_ip=ips[0] if ips and ips[0] == pod_ip else pod_ip,
        pod_ips=ips,
        host_ip=sys.intern(status.host_ip),
        host_ips=_hosts[tuple(status.host_ips[:])],
        start_time=shared_seconds[status.start_time.seconds],
        containers=_read_containers(spec),
        stopped=() if is_ready or phase != "Running" else _read_stopped(status.container_statuses),
        ipam=requested_ipam(annotations.items()) if annotations else (),
    )


def _read_stopped(statuses: Iterable[bytes]) -> tuple[str, ...]:
    found = map(pb.ContainerStatus.FromString, statuses)
    return tuple([status.name for status in found if not status.state.HasField("running")])


def _read_hosts(hosts: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(host.ip for host in map(pb.PodIP.FromString, hosts) if host.ip)


_hosts = Memo(_read_hosts)


_ContainerKey = tuple[
    str,
    str,
    tuple[str, ...],
    tuple[str, ...],
    tuple[bytes, ...],
    tuple[bytes, ...],
    tuple[bytes, ...],
    bytes,
    bytes,
    bytes,
]


def _read_containers(spec: pb.PodSpec) -> tuple[Container, ...]:
    # A single look-up without parsing. Even so, it takes a third of the time needed to read a pod.
    containers = spec.containers[:]
    return _by_digest.get(b"".join(map(_digest, containers)), lambda: _parse_containers(containers))


def _digest(data: bytes) -> bytes:
    """A digest of a container without its volume mounts, which name a volume that is different in each pod.

    The bytes themselves are not kept, because environments may contain passwords.
    """
    container = pb.ContainerOfAnyPod.FromString(data)
    container.ClearField("volume_mounts")
    return blake2b(container.SerializeToString(), digest_size=16).digest()


def _parse_containers(containers: Iterable[bytes]) -> tuple[Container, ...]:
    # As in `kinds.container`: containers that differ only in fields that are not read are shared.
    keys: tuple[_ContainerKey, ...] = tuple(
        [
            (
                c.name,
                c.image,
                tuple(c.command),
                tuple(c.args),
                tuple(c.ports),
                _read_environment(c.env),
                tuple(c.env_from),
                c.liveness_probe,
                c.readiness_probe,
                c.startup_probe,
            )
            for c in map(pb.Container.FromString, containers)
        ]
    )
    return _container_lists[keys]


def _read_environment(variables: Iterable[bytes]) -> tuple[bytes, ...]:
    """The variables that may be among `READ_VARIABLES`. No others are kept."""
    return tuple([v for v in variables if v.startswith(_VARIABLE_PREFIXES)])


def _container(key: _ContainerKey) -> Container:
    name, image, command, arguments, ports, environment, env_from, *probes = key
    return Container(
        name=name,
        image=image,
        command_line=(*command, *arguments),
        ports=tuple(
            ContainerPort(p.name, p.container_port, p.protocol or "TCP")
            for p in map(pb.ContainerPort.FromString, ports)
        ),
        probes=tuple(_probe_kind(probe) for probe in probes if probe),
        environment=tuple(
            (sys.intern(v.name), None if v.HasField("value_from") else v.value)
            for v in map(pb.EnvVar.FromString, environment)
            if v.name in READ_VARIABLES
        ),
        env_from=relevant_prefixes(e.prefix for e in map(pb.EnvFromSource.FromString, env_from)),
    )


_containers = Memo(_container)
_container_lists: Memo[tuple[_ContainerKey, ...], tuple[Container, ...]] = Memo(
    lambda keys: tuple(map(_containers.__getitem__, keys))
)


def _probe_kind(data: bytes) -> str:
    handler = pb.Probe.FromString(data).handler
    return next((kind for field, kind in _PROBES if handler.HasField(field)), "unknown")
