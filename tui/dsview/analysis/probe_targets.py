"""Collects what `dsview probe` connects to: the addresses that a cluster publishes to the outside. Sends nothing.

Cluster IPs are left out, because they are valid only inside the cluster. Only TCP is probed, because a UDP server need
not answer a packet without a payload.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.gateway_trace import covers, routes_of
from dsview.analysis.hop import Trace
from dsview.analysis.trace_target import KIND_WORDS, find_named
from dsview.cluster.endpoints import service_endpoints
from dsview.core.address import FAMILIES, AddressClass, Family, canonical, classify, family_of, sort_key
from dsview.core.errors import UserError
from dsview.core.finding import ObjectRef
from dsview.core.text import Safe, safe
from dsview.kinds.gateway import Gateway
from dsview.kinds.ingress import Ingress
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node
from dsview.kinds.registry import RESOURCES
from dsview.kinds.service import Service
from dsview.listeners.gateway_api import hosts_of
from dsview.listeners.registry import is_front_door
from dsview.sources.events import Health

MAX_TARGETS = 200
"""The largest number of connections of one probe."""

MAX_NODES = 3
"""The number of nodes whose node ports are tried. All nodes answer alike unless a finding says otherwise."""

USAGE = "service/NAMESPACE/NAME, ingress/NAMESPACE/NAME, gateway/NAMESPACE/NAME, host/HOST or --all"
"""The notation of the targets that can be probed."""

_UNREACHABLE_CLASSES = frozenset(
    {AddressClass.UNSPECIFIED, AddressClass.LINK_LOCAL, AddressClass.MULTICAST, AddressClass.SITE_LOCAL}
)
"""Address classes that cannot be reached from another machine. They include the metadata services of clouds."""

_WEB_PORTS = (80, 443)
"""The ports of an Ingress if no Service has its address."""

_TCP_PROTOCOLS = frozenset({"HTTP", "HTTPS", "TLS", "TCP"})
"""The protocols of Gateway listeners that run over TCP."""

_KIND_WORDS = {word: kind for word, kind in KIND_WORDS.items() if kind is not Kind.POD}
"""The kinds that can be probed, by the words that name them. A Pod is not reached from outside."""

_REQUIRED_KINDS = (Kind.SERVICE, Kind.INGRESS, Kind.NODE, Kind.GATEWAY, Kind.HTTP_ROUTE)
"""The kinds that must be read, because otherwise a published address may be overlooked."""


class Role(StrEnum):
    """The role of an address in the cluster."""

    LOAD_BALANCER = "load balancer"
    EXTERNAL_IP = "external IP"
    NODE_PORT = "node port"
    INGRESS = "Ingress"
    GATEWAY = "Gateway"


class ProbeTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One TCP connection over one family.

    `address` is a canonical IP address. If only a host name was published, `address` is empty, and the probe connects
    to the DNS addresses of `name`.
    """

    about: ObjectRef
    role: Role
    family: Family
    address: str = ""
    name: str = ""
    port: int

    @property
    def place(self) -> Safe:
        """The address and port, such as `[2001:db8::1]:443`."""
        address = self.address or self.name
        return safe(f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}")


class ProbeHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host to look up, and the addresses and host names that the cluster published for it."""

    name: str
    about: ObjectRef
    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class ProbePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe does. `notes` say what it leaves out, and `inside` are commands to run inside the cluster."""

    targets: tuple[ProbeTarget, ...]
    hosts: tuple[ProbeHost, ...]
    notes: tuple[Safe, ...]
    inside: tuple[Safe, ...] = ()


def plan_probe(view: ClusterView, target_text: str | None) -> ProbePlan:
    """The plan for the named object, or for everything if `target_text` is None.

    Raises `UserError` if there is no such object or it cannot be probed.
    """
    planner = _Planner(view)
    if target_text is None:
        for service in sorted(view.state.services, key=lambda item: item.key):
            planner.add_service(service)
        for ingress in sorted(view.state.ingresses, key=lambda item: item.key):
            planner.add_ingress(ingress)
        for gateway in sorted(view.state.gateways, key=lambda item: item.key):
            if is_front_door(view.state, gateway):
                planner.add_gateway(gateway)
        return planner.plan()
    word, _, rest = target_text.strip().partition("/")
    kind = _KIND_WORDS.get(word.lower())
    if not rest or (kind is None and word.lower() != "host"):
        raise UserError(f"'{safe(target_text[:200])}' cannot be probed; write {USAGE}.")
    state = view.state
    match kind:
        case Kind.SERVICE:
            service = find_named(view, kind, state.services, rest)
            planner.add_service(service, by_name=True)
            return planner.plan(inside=tuple(inside_commands(view, service)))
        case Kind.INGRESS:
            planner.add_ingress(find_named(view, kind, state.ingresses, rest))
        case Kind.GATEWAY:
            planner.add_gateway(find_named(view, kind, state.gateways, rest))
        case _:
            planner.add_host(rest)
    return planner.plan()


def plan_for_trace(view: ClusterView, trace: Trace) -> ProbePlan | None:
    """The plan for the object of a trace; None for a Pod, which is not reached from outside, or a deleted object."""
    target = trace.target
    if target.kind.lower() not in _KIND_WORDS:
        return None
    try:
        return plan_probe(
            view, f"host/{trace.host}" if trace.host else f"{target.kind}/{target.namespace}/{target.name}"
        )
    except UserError:
        return None


def inside_commands(view: ClusterView, service: Service) -> Iterator[Safe]:
    """Commands that connect to the cluster IPs of a Service from a pod of its namespace. dsview does not run them."""
    port = next((port.port for port in service.ports if port.protocol == "TCP"), None)
    if port is None or not service.real_cluster_ips:
        return
    backends = {endpoint.target for endpoint in service_endpoints(view.state, service.key).targets.values()}
    pods = [
        pod for pod in view.state.pods.in_namespace(service.namespace) if pod.phase == "Running" and not pod.deleted
    ]
    # The connection of a pod behind the Service may lead back to the same pod, which some networks refuse.
    pod = min(pods, key=lambda pod: (pod.key in backends, pod.host_network, pod.name), default=None)
    for address in service.real_cluster_ips:
        place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        yield safe(
            f"kubectl -n {service.namespace} debug {pod.name if pod is not None else 'POD'} -it "
            f"--image=registry.k8s.io/e2e-test-images/agnhost:2.53 -- /agnhost connect --timeout=2s '{place}'"
        )


class _Planner:
    """Collects targets, each address and port once."""

    def __init__(self, view: ClusterView) -> None:
        self._view = view
        self._targets: dict[tuple[str, int, Family], ProbeTarget] = {}
        self._hosts: dict[str, ProbeHost] = {}
        self._notes: dict[Safe, None] = {}
        self._cluster_ips = {ip for service in view.state.services for ip in service.real_cluster_ips}
        self._published: dict[str, list[int]] = {}
        for service in view.state.services:
            ports = [port.port for port in service.ports if port.protocol == "TCP"]
            for entry in service.load_balancer_ingress:
                self._published.setdefault(canonical(entry.ip) or entry.hostname, []).extend(ports)
            for address in service.external_ips:
                self._published.setdefault(canonical(address) or "", []).extend(ports)

    def plan(self, *, inside: tuple[Safe, ...] = ()) -> ProbePlan:
        """The collected targets, within the limits of a probe."""
        for kind in _REQUIRED_KINDS:
            status = self._view.state.status(kind)
            expected = (Health.ABSENT, Health.NOT_GIVEN) if RESOURCES[kind].optional else ()
            if not status.health.is_complete and status.health not in expected:
                self._add_note(f"{RESOURCES[kind].plural} could not be read: {status.reason or status.health.value}.")
        targets = list(self._targets.values())
        if len(targets) > MAX_TARGETS:
            self._add_note(
                f"{len(targets) - MAX_TARGETS:,} more connections are left out: at most {MAX_TARGETS} are made."
            )
        hosts = list(self._hosts.values())
        if len(hosts) > MAX_TARGETS:
            self._add_note(
                f"{len(hosts) - MAX_TARGETS:,} more hosts are left out: at most {MAX_TARGETS} are looked up."
            )
        return ProbePlan(
            targets=tuple(targets[:MAX_TARGETS]),
            hosts=tuple(hosts[:MAX_TARGETS]),
            notes=tuple(self._notes),
            inside=inside,
        )

    def add_service(self, service: Service, *, by_name: bool = False) -> None:
        """Add the addresses of a Service. `by_name`: it was requested by name, so note if it has none."""
        about = ObjectRef(Kind.SERVICE.value, service.namespace, service.name)
        tcp = [port for port in service.ports if port.protocol == "TCP"]
        ports = [port.port for port in tcp]
        before = len(self._targets)
        for entry in service.load_balancer_ingress if service.type == "LoadBalancer" else ():
            self._add_targets(about, Role.LOAD_BALANCER, entry.ip or entry.hostname, ports)
        for address in service.external_ips:
            self._add_targets(about, Role.EXTERNAL_IP, address, ports)
        if service.type == "NodePort":
            node_ports = [port.node_port for port in tcp if port.node_port]
            for address in self._node_addresses(service):
                self._add_targets(about, Role.NODE_PORT, address, node_ports)
        is_outside = service.type in ("LoadBalancer", "NodePort") or bool(service.external_ips)
        other = sorted({port.protocol for port in service.ports if port.protocol != "TCP"})
        if other and is_outside:
            self._add_note(f"{about}: {', '.join(other)} ports are not tried, only TCP.")
        if by_name and len(self._targets) == before and tcp:
            self._add_note(f"{about}: it has no address outside the cluster.")

    def add_ingress(self, ingress: Ingress, only_host: str = "") -> None:
        """Add the addresses of an Ingress, and its hosts or only one of them."""
        about = ObjectRef(Kind.INGRESS.value, ingress.namespace, ingress.name)
        for entry in ingress.load_balancer_ingress:
            address = entry.ip or entry.hostname
            ports = self._published.get(canonical(address) or address) or _WEB_PORTS
            self._add_targets(about, Role.INGRESS, address, ports)
        texts = [entry.ip or entry.hostname for entry in ingress.load_balancer_ingress]
        for host in (only_host,) if only_host else ingress.hosts:
            self._add_host(about, host, texts)

    def add_gateway(self, gateway: Gateway, only_host: str = "") -> None:
        """Add the addresses of a Gateway, and the hosts of its routes or only one of them."""
        about = ObjectRef(Kind.GATEWAY.value, gateway.namespace, gateway.name)
        ports = [listener.port for listener in gateway.listeners if listener.protocol in _TCP_PROTOCOLS]
        texts = [address.value for address in gateway.addresses]
        for text in texts:
            self._add_targets(about, Role.GATEWAY, text, ports)
        for route in routes_of(self._view, gateway, only_host):
            names = (only_host,) if only_host and covers(gateway, route, only_host) else hosts_of(gateway, route)
            for name in names:
                self._add_host(ObjectRef(Kind.HTTP_ROUTE.value, route.namespace, route.name), name, texts)

    def add_host(self, host: str) -> None:
        """Add every Ingress and Gateway that publishes a host. Raises `UserError` if there is none."""
        state = self._view.state
        wildcard = f"*.{host.partition('.')[2]}"
        ingresses = [item for item in state.ingresses if host in item.hosts or wildcard in item.hosts]
        for ingress in sorted(ingresses, key=lambda item: item.key):
            self.add_ingress(ingress, host)
        gateways = [item for item in state.gateways if routes_of(self._view, item, host)]
        for gateway in sorted(gateways, key=lambda item: item.key):
            self.add_gateway(gateway, host)
        if not ingresses and not gateways:
            raise UserError(f"No Ingress or HTTPRoute has the host '{safe(host[:200])}'.")

    def _add_host(self, about: ObjectRef, host: str, published: Iterable[str]) -> None:
        if host in ("", "*") or host.startswith("*."):
            self._add_note(f"{about}: {host or '*'} cannot be looked up.")
            return
        texts = [text for text in published if text]
        known = self._hosts.get(host)
        addresses = {address for text in texts if (address := canonical(text)) is not None}
        names = {text for text in texts if canonical(text) is None}
        if known is not None:
            addresses |= set(known.addresses)
            names |= set(known.names)
        self._hosts[host] = ProbeHost(
            name=host,
            about=known.about if known is not None else about,
            addresses=tuple(sorted(addresses, key=sort_key)),
            names=tuple(sorted(names)),
        )

    def _add_targets(self, about: ObjectRef, role: Role, text: str, ports: Iterable[int]) -> None:
        family = family_of(text)
        if family is None:
            if text:
                for port in dict.fromkeys(ports):
                    for each in FAMILIES:
                        target = ProbeTarget(about=about, role=role, family=each, name=text, port=port)
                        self._targets.setdefault((text, port, each), target)
            return
        address = canonical(text) or text
        kind = classify(text)
        if kind in _UNREACHABLE_CLASSES:
            self._add_note(f"{about}: {address} is {kind.value if kind else 'unusable'}, and not tried.")
            return
        if address in self._cluster_ips:
            self._add_note(f"{about}: {address} is a cluster IP, and not tried.")
            return
        for port in dict.fromkeys(ports):
            target = ProbeTarget(about=about, role=role, family=family, address=address, port=port)
            self._targets.setdefault((address, port, family), target)

    def _node_addresses(self, service: Service) -> list[str]:
        """The addresses of a few nodes; with `externalTrafficPolicy: Local`, of nodes that run a pod of the Service."""
        nodes: Iterable[Node] = sorted(self._view.state.nodes, key=lambda node: (not node.ready, node.name))
        if service.external_traffic_policy == "Local":
            having = {e.node_name for e in service_endpoints(self._view.state, service.key).targets.values() if e.ready}
            nodes = [node for node in nodes if node.name in having]
        addresses: list[str] = []
        for family in FAMILIES:
            of_family = (_address(node, family) for node in nodes)
            addresses += islice((address for address in of_family if address), MAX_NODES)
        return addresses

    def _add_note(self, sentence: str) -> None:
        self._notes[safe(sentence)] = None


def _address(node: Node, family: Family) -> str:
    """The address of a node that clients outside would use: its ExternalIP, otherwise its InternalIP."""
    texts = (*node.addresses_of("ExternalIP"), *node.addresses_of("InternalIP"))
    return next((text for text in texts if family_of(text) == family), "")
