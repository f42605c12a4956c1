"""The families of everything in one cluster: Services, endpoints, load balancers, Nodes, Pods, listeners, ranges."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.diff.names import ALL_NODES, StableNames, is_running
from dsview.cluster.completeness import may_rely_on_absence
from dsview.core.address import FAMILIES, Family, canonical, families_of, family_of
from dsview.core.cidr import cidr_families
from dsview.core.finding import CLUSTER, ObjectRef
from dsview.core.listen import Likelihood, Listener, ListenSource, ProxyListeners, protocol_of
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.proxies import listeners_of, live_proxies

_PREDICTED = "predicted"
_KNOWN = "known"


class Aspect(StrEnum):
    """The aspect of an object that has a family."""

    FAMILIES = "families"
    ENDPOINTS = "ready endpoints"
    LOAD_BALANCER = "load-balancer address"
    EXTERNAL_IP = "external IP"
    INTERNAL_IP = "InternalIP"
    POD_CIDR = "podCIDR"
    PODS = "Pods"
    LISTENER = "listener"
    ADDRESS = "address"
    RANGE = "Service range"


class Share(msgspec.Struct, frozen=True):
    """The number of objects that have a family, the number that could, and the addresses if they are compared."""

    having: int = 0
    of: int = 0
    values: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all have it."""
        return self.having >= self.of > 0


NOTHING = Share()


class Subject(msgspec.Struct, frozen=True, order=True):
    """An aspect of an object that has families. `port` is the port of a listener, such as `tcp/443`."""

    object: ObjectRef
    aspect: Aspect
    port: str = ""


Shares = dict[Family, Share]


class Facts(msgspec.Struct):
    """What one cluster has.

    Attributes:
        shares: The families of each subject.
        objects: The families of the objects whose appearance and disappearance is reported.
        certainty: How the listeners of a workload are known; empty if those of one of its Pods are unknown.
        ready: The readiness of the Nodes that are matched by name.
    """

    shares: dict[Subject, Shares] = {}
    objects: dict[ObjectRef, tuple[Family, ...]] = {}
    certainty: dict[ObjectRef, str] = {}
    ready: dict[ObjectRef, bool] = {}


def gather(view: ClusterView, names: StableNames) -> Facts:
    """The families of a cluster, as far as it was read."""
    facts = Facts()
    for service in view.state.services:
        _service(view, names, service, facts)
    _nodes(view, names, facts)
    _pods(view, names, facts)
    _listeners(view, names, facts)
    _entries(view, names, facts)
    # Without a ServiceCIDR and a flag of the API server the ranges are unknown.
    if ranges := view.profile.service_cidrs:
        facts.shares[Subject(CLUSTER, Aspect.RANGE)] = {
            family: _single([text for text in ranges if cidr_families((text,)) == (family,)]) for family in FAMILIES
        }
    return facts


def is_covered(view: ClusterView, kind: Kind, namespace: str | None) -> bool:
    """Whether all objects of a kind in a namespace were read, so any other object does not exist."""
    status = view.state.status(kind)
    in_scope = status.namespaces is None or namespace is None or namespace in status.namespaces
    return in_scope and view.state.is_known(kind) and may_rely_on_absence(view.state, kind, namespace)


def _single(values: Iterable[str]) -> Share:
    """The share of a single object that has these addresses of a family."""
    addresses = tuple(safe(canonical(text) or text) for text in values)
    return Share(1 if addresses else 0, 1, addresses)


def _addresses(texts: Iterable[str]) -> Shares:
    listed = [text for text in texts if text]
    return {family: _single([text for text in listed if family_of(text) == family]) for family in FAMILIES}


def _service(view: ClusterView, names: StableNames, service: Service, facts: Facts) -> None:
    ref = names.of(ObjectRef(Kind.SERVICE.value, service.namespace, service.name))
    facts.objects[ref] = service.families
    if service.families or not service.is_manifest:
        ips = _addresses(service.real_cluster_ips)
        facts.shares[Subject(ref, Aspect.FAMILIES)] = {
            family: Share(int(family in service.families), 1, ips[family].values) for family in FAMILIES
        }
    if view.state.is_known(Kind.ENDPOINT_SLICE):
        facts.shares[Subject(ref, Aspect.ENDPOINTS)] = {
            family: Share(int(view.state.family_counts.is_live(service.key, family)), 1) for family in FAMILIES
        }
    if service.type == "LoadBalancer":
        ips = _addresses(entry.ip for entry in service.load_balancer_ingress)
        facts.shares[Subject(ref, Aspect.LOAD_BALANCER)] = ips
    if service.external_ips:
        facts.shares[Subject(ref, Aspect.EXTERNAL_IP)] = _addresses(service.external_ips)


def _nodes(view: ClusterView, names: StableNames, facts: Facts) -> None:
    internal: list[Shares] = []
    ranges: list[Shares] = []
    for node in view.state.nodes:
        ref = names.of(ObjectRef(Kind.NODE.value, None, node.name))
        ips = _addresses(node.addresses_of("InternalIP"))
        cidrs = {f: _single([text for text in node.cidrs if cidr_families((text,)) == (f,)]) for f in FAMILIES}
        if ref == ALL_NODES:
            internal.append(ips)
            ranges.append(cidrs)
            continue
        facts.objects[ref] = families_of(node.addresses_of("InternalIP"))
        facts.ready[ref] = node.ready
        facts.shares[Subject(ref, Aspect.INTERNAL_IP)] = ips
        facts.shares[Subject(ref, Aspect.POD_CIDR)] = cidrs
    for aspect, shares_of_nodes in ((Aspect.INTERNAL_IP, internal), (Aspect.POD_CIDR, ranges)):
        if shares_of_nodes:
            facts.shares[Subject(ALL_NODES, aspect)] = {
                family: Share(sum(shares[family].having for shares in shares_of_nodes), len(shares_of_nodes))
                for family in FAMILIES
            }


def _pods(view: ClusterView, names: StableNames, facts: Facts) -> None:
    pods: Counter[ObjectRef] = Counter()
    having: Counter[tuple[ObjectRef, Family]] = Counter()
    for pod in view.state.pods:
        if not is_running(pod):
            continue
        workload = names.workload(pod)
        pods[workload] += 1
        for family in families_of(pod.ips):
            having[workload, family] += 1
    for workload, total in pods.items():
        facts.shares[Subject(workload, Aspect.PODS)] = {
            family: Share(having[workload, family], total) for family in FAMILIES
        }


def _listeners(view: ClusterView, names: StableNames, facts: Facts) -> None:
    """The public listeners of each workload of proxies, over all its Pods."""
    workloads: dict[ObjectRef, list[tuple[Pod, ProxyListeners]]] = {}
    for pod in live_proxies(view.state):
        workloads.setdefault(names.workload(pod), []).append((pod, listeners_of(view.state, pod)))
    for ref, proxies in workloads.items():
        facts.certainty[ref] = _certainty([conf for _, conf in proxies])
        if not facts.certainty[ref]:
            continue
        pods: defaultdict[tuple[str, Family], set[str]] = defaultdict(set)
        addresses: defaultdict[tuple[str, Family], set[str]] = defaultdict(set)
        for pod, conf in proxies:
            for port, family, address in _open(conf.listeners):
                pods[port, family].add(pod.name)
                addresses[port, family].add(safe(address))
        for port in dict.fromkeys(port for port, _ in pods):
            facts.shares[Subject(ref, Aspect.LISTENER, port)] = {
                family: Share(len(pods[port, family]), len(proxies), tuple(sorted(addresses[port, family])))
                for family in FAMILIES
            }


def _certainty(confs: list[ProxyListeners]) -> str:
    """How the listeners of these Pods are known; empty if those of one Pod are unknown."""
    sources = {conf.source for conf in confs}
    if ListenSource.UNREAD in sources:
        return ""
    return _PREDICTED if ListenSource.PREDICTED in sources else _KNOWN


def _open(listeners: Iterable[Listener]) -> Iterator[tuple[str, Family, str]]:
    for listener in listeners:
        if listener.internal or listener.transport == "unix" or listener.likelihood is Likelihood.UNKNOWN:
            continue
        transport, port = protocol_of(listener)
        for family in listener.families:
            yield f"{transport}/{port}", family, listener.address


def _entries(view: ClusterView, names: StableNames, facts: Facts) -> None:
    """Ingresses and Gateways, by the addresses in their status."""
    entries = [
        *((Kind.INGRESS, item, [entry.ip for entry in item.load_balancer_ingress]) for item in view.state.ingresses),
        *((Kind.GATEWAY, item, [address.value for address in item.addresses]) for item in view.state.gateways),
    ]
    for kind, item, texts in entries:
        ref = names.of(ObjectRef(kind.value, item.namespace, item.name))
        facts.objects[ref] = families_of(tuple(texts))
        facts.shares[Subject(ref, Aspect.ADDRESS)] = _addresses(texts)
