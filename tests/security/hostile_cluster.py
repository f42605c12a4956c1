"""A cluster in which every text is hostile: in each field of each kind, in its health, its files and its names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import cycle, islice
from typing import Literal

from dsview.core.errors import UserError
from dsview.core.listen import Listener, ListenSource, ProxyListeners
from dsview.kinds.container import Container
from dsview.kinds.decode import BadObject, decode
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice, pack
from dsview.kinds.ingress import Ingress, IngressBackend
from dsview.kinds.kind import Kind
from dsview.kinds.load_balancer import LoadBalancerIngress
from dsview.kinds.metadata import Key, Object, OwnerRef
from dsview.kinds.node import Node, NodeAddress
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.kinds.service import Service, ServicePort
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.session.session import Session
from dsview.sources.events import Changed, Health, Item, Listed, Note, Quarantined, ServerInfo, Sink, StatusChanged

NOW = 1_800_000_000.0
_LONG_AGO = int(NOW) - 86_400
_CONTROLLER = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"}


def services(text: Iterator[str], count: int) -> Iterator[Service]:
    """Services, most of which lack the requested IPv6 address."""
    for number in range(count):
        v4 = f"10.96.{number // 250}.{number % 250}"
        yield Service(
            namespace=next(text),
            name=f"{next(text)}{number}",
            uid=f"s{number}",
            created=_LONG_AGO,
            type="LoadBalancer" if number % 2 else ("ClusterIP" if number % 3 else next(text)),
            ip_family_policy="RequireDualStack" if number % 5 else next(text),
            cluster_ip=v4,
            cluster_ips=(v4, *((next(text),) if number % 3 == 0 else ())),
            ip_families=("IPv4", "IPv6") if number % 4 else (next(text),),
            selector={next(text): next(text)},
            ports=(ServicePort(next(text), next(text), 80, next(text)),),
            external_ips=(next(text),),
            load_balancer_source_ranges=(next(text),),
            external_traffic_policy=next(text),
            load_balancer_ingress=(LoadBalancerIngress(ip=next(text), hostname=next(text)),),
            annotations=(("metallb.io/loadBalancerIPs", next(text)),),
            ignore=f"DS-API-* {next(text)}" if number % 7 == 0 else "",
        )


def pods(text: Iterator[str], count: int) -> Iterator[Pod]:
    """Pods of any phase on any node."""
    for number in range(count):
        v4 = f"10.244.{number // 250}.{number % 250}"
        yield Pod(
            namespace=next(text),
            name=f"{next(text)}{number}",
            uid=f"p{number}",
            created=_LONG_AGO,
            labels={next(text): next(text)},
            owner=OwnerRef(next(text), next(text)),
            node_name="node" if number % 2 else next(text),
            phase="Running" if number % 3 else next(text),
            ready=bool(number % 4),
            ready_since=_LONG_AGO,
            start_time=_LONG_AGO,
            dns_policy=next(text),
            pod_ip=v4,
            pod_ips=(v4, next(text)) if number % 3 else (next(text),),
            host_ip=next(text),
            containers=(Container(next(text), next(text), (next(text),), (), (next(text),)),),
            ipam=(next(text),),
        )


def nodes(text: Iterator[str], count: int) -> Iterator[Node]:
    """Nodes, and the one with every second pod."""
    for number in range(count):
        yield Node(
            name=f"{next(text)}{number}" if number else "node",
            uid=f"n{number}",
            created=_LONG_AGO,
            pod_cidr=f"10.{number}.0.0/24",
            pod_cidrs=(f"10.{number}.0.0/24", f"fd00:{number:x}::/64" if number % 2 else next(text)),
            taints=((next(text), next(text)),),
            addresses=(NodeAddress("InternalIP", f"192.0.2.{number % 250}"), NodeAddress("InternalIP", next(text))),
            ready=bool(number % 3),
            kubelet_version=next(text),
            operating_system=next(text),
            provider_id=next(text),
            annotations=(("k3s.io/internal-ip", next(text)),),
        )


def controllers(text: Iterator[str], count: int) -> Iterator[tuple[Pod, ProxyListeners]]:
    """Controller pods with their nginx.conf, or the reason why it was not read."""
    for number, pod in enumerate(pods(text, count)):
        own = Pod(
            name=f"{pod.name}c", namespace=pod.namespace, uid=f"c{number}", labels=_CONTROLLER, phase="Running",
            ready=True, ready_since=_LONG_AGO, pod_ips=(f"10.1.0.{number}", f"fd00::{number:x}"), owner=pod.owner,
            containers=(Container("controller", next(text), (next(text), f"--configmap={next(text)}"), (), ()),),
        )  # fmt: skip
        if number % 4 == 0:
            yield (
                own,
                ProxyListeners(
                    namespace=own.namespace, name=own.name, source=ListenSource.PREDICTED, reason=next(text)
                ),
            )
            continue
        listeners = (
            Listener(transport="tcp", address="0.0.0.0", port=80, families=("IPv4",), server_names=(next(text),) * 2),
            Listener(transport="tcp", address=next(text), port=443, families=(), options=(next(text),)),
            Listener(transport="unix", address=next(text), port=None, families=(), server_names=(next(text),)),
            Listener(
                transport="tcp", address="[::]", port=8080, families=("IPv6",), server_names=tuple(islice(text, 9))
            ),
        )
        yield own, _conf(own, ListenSource.READ, listeners)


def _conf(pod: Pod, source: ListenSource, listeners: tuple[Listener, ...] = (), reason: str = "") -> ProxyListeners:
    return ProxyListeners(namespace=pod.namespace, name=pod.name, source=source, listeners=listeners, reason=reason)


class HostileSource:
    """Sends everything at once, with only hostile texts. `key_of` names an object that contains all of them."""

    kind: Literal["cluster"] = "cluster"
    is_live = True

    def __init__(self, texts: list[str], *, refused: bool = False) -> None:
        self.texts = texts
        self.name = "".join(texts[:5])
        self._refused = refused
        text = cycle(texts)
        many = max(4, len(texts) // 16)
        self.big = _big(texts)
        self._pods = list(pods(text, many))
        self._controllers = list(controllers(text, max(4, many // 16)))
        slices = [_slice(text, pod, number) for number, pod in enumerate(self._pods[: many // 2])]
        self._objects: dict[Kind, list[Item]] = {
            Kind.SERVICE: [self.big[Kind.SERVICE], *services(text, many)],
            Kind.POD: [self.big[Kind.POD], *self._pods, *(pod for pod, _ in self._controllers)],
            Kind.NODE: [self.big[Kind.NODE], *nodes(text, many)],
            Kind.ENDPOINT_SLICE: [*slices],
            Kind.SERVICE_CIDR: [ServiceCIDR(name=next(text), cidrs=("10.96.0.0/16", "fd00:10:96::/112", next(text)))],
            Kind.INGRESS: [
                Ingress(
                    name=f"{next(text)}{number}", namespace=next(text), class_name=next(text), hosts=(next(text),),
                    backends=(IngressBackend(next(text), next(text), next(text)),),
                    load_balancer_ingress=(LoadBalancerIngress(ip=next(text), hostname=next(text)),),
                )
                for number in range(many)
            ],
            Kind.PROXY_LISTENERS: [conf for _, conf in self._controllers],
        }  # fmt: skip

    def now(self, wall: float) -> float:
        """The wall clock."""
        return wall

    def start(self, sink: Sink) -> None:
        """Send everything."""
        text = cycle(self.texts)
        everything = "".join(self.texts)
        sink(ServerInfo(version=everything, banners=(everything,)))
        sink(Note(everything))
        for number, name in enumerate(self.texts):
            sink(Quarantined(Kind.POD, str(number), _complaint(name)))
        for kind, items in self._objects.items():
            sink(Changed(kind, items))
        for kind in (*RESOURCES, Kind.PROXY_LISTENERS):
            sink(Listed(kind))
            health = Health.LIVE
            if self._refused:
                health = Health.REFUSED if RESOURCES.get(kind, RESOURCES[Kind.POD]).namespaced else Health.FAILED
            reason = everything if self._refused or kind is Kind.EVENT else next(text)
            sink(StatusChanged(kind=kind, health=health, reason=reason, since=NOW, namespaces=(next(text),)))

    def stop(self) -> None:
        """Does nothing."""

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Send what was read again."""
        conf = next((conf for own, conf in self._controllers if own.key == pod.key), None)
        sink(Changed(Kind.PROXY_LISTENERS, [conf] if conf is not None else []))

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Does nothing."""

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """One line for each text; refused for anything except a pod."""
        if kind is not Kind.POD:
            raise UserError("".join(self.texts))
        return "\n".join(f"{one}: {one}\n{one}:" for one in self.texts)


def _big(texts: list[str]) -> dict[Kind, Object]:
    """One object of each kind that contains all texts."""
    return {
        Kind.SERVICE: Service(
            name="big", namespace="big", uid="b1", created=_LONG_AGO, ip_family_policy="SingleStack",
            cluster_ip="10.96.255.1", cluster_ips=("10.96.255.1",), ip_families=("IPv4",),
            selector={f"{one}{number}": one for number, one in enumerate(texts)},
            ports=tuple(ServicePort(one, one, 80, one) for one in texts),
        ),
        Kind.POD: Pod(
            name="big", namespace="big", uid="b2", phase="Running", ready=True, node_name="node", pod_ips=("10.9.0.1",),
            containers=tuple(Container(one, one, (), (), ()) for one in texts), ipam=tuple(texts),
        ),
        Kind.NODE: Node(name="big", uid="b3", taints=tuple((one, one) for one in texts), pod_cidr="10.9.0.0/24"),
    }  # fmt: skip


def _slice(text: Iterator[str], pod: Pod, number: int) -> EndpointSlice:
    service = (next(text), next(text))
    size, rows = pack([Endpoint((next(text),), ready=True, target=pod.key, target_uid=pod.uid, node_name=next(text))])
    return EndpointSlice(
        name=f"{next(text)}{number}", namespace=service[0], uid=f"e{number}", address_type="IPv4",
        service_name=service[1], managed_by=next(text), size=size, rows=rows,
    )  # fmt: skip


def _complaint(name: str) -> str:
    """The error message for an object that cannot be read."""
    value = {"metadata": {"name": name, "namespace": name}, "spec": {"nodeName": [name]}}
    try:
        decode(Kind.POD, json.dumps(value).encode())
    except BadObject as error:
        return str(error)
    return name


def settled(source: HostileSource) -> Session:
    """A session that has evaluated everything."""
    session = Session(source, clock=lambda: NOW)
    session.start()
    while session.has_work:
        session.drain(1.0)
    return session


def distinct(texts: Iterable[str]) -> list[str]:
    """Each text once, without empty ones."""
    return [text for text in dict.fromkeys(texts) if text]
