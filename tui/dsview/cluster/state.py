"""The only mutable object: everything that was read from the cluster.

Events from a source update it; all other code only reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from dsview.cluster.family_counts import FamilyCounts
from dsview.cluster.indexes import AddressIndex, PodAddressIndex, PodCounts, PodPatterns, SelectorIndex, SliceIndex
from dsview.cluster.pod_ranges import PodRangeConformity
from dsview.cluster.relations import BackendIndex, EventIndex, PodFacet, RouteIndex, ServiceFamilies, SystemApps
from dsview.cluster.store import Store
from dsview.core.listen import ProxyListeners
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.endpoint_slice import EndpointSlice
from dsview.kinds.endpoints import Endpoints
from dsview.kinds.event import Event
from dsview.kinds.gateway import Gateway, GatewayClass, HTTPRoute
from dsview.kinds.gateway_parameters import GatewayParameters
from dsview.kinds.ingress import Ingress
from dsview.kinds.ingress_class import IngressClass
from dsview.kinds.ip_address import IPAddress
from dsview.kinds.istio_gateway import IstioGateway
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.network_policy import NetworkPolicy
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.kinds.service import Service
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.listeners.registry import Roles, roles_of
from dsview.sources.events import (
    Changed,
    Health,
    Item,
    Listed,
    Note,
    Progress,
    Quarantined,
    ServerInfo,
    SourceEvent,
    StatusChanged,
)

if TYPE_CHECKING:
    from dsview.cluster.pod_set import PodSet

T = TypeVar("T")


class Change(msgspec.Struct, frozen=True, gc=False):
    """One object that was added, removed or changed. `old` or `new` is None, but not both."""

    kind: Kind
    key: Key
    old: Item | None
    new: Item | None


class ClusterState:
    """Objects by kind, indexes over them, and the health of each kind.

    `version` increases with every change, so that caches can be validated; `epochs` contains the same for each kind. If
    `for_checks` is False, no checks can run, and `pod_addresses` and `conformity`, which only checks use, stay empty.
    """

    def __init__(self, *, for_checks: bool = True) -> None:
        self.for_checks = for_checks
        self._stores: dict[Kind, Store[Any]] = {kind: Store() for kind in Kind}
        self.services: Store[Service] = self._stores[Kind.SERVICE]
        self.endpoint_slices: Store[EndpointSlice] = self._stores[Kind.ENDPOINT_SLICE]
        self.pods: Store[Pod] = self._stores[Kind.POD]
        self.nodes: Store[Node] = self._stores[Kind.NODE]
        self.service_cidrs: Store[ServiceCIDR] = self._stores[Kind.SERVICE_CIDR]
        self.ip_addresses: Store[IPAddress] = self._stores[Kind.IP_ADDRESS]
        self.ingresses: Store[Ingress] = self._stores[Kind.INGRESS]
        self.ingress_classes: Store[IngressClass] = self._stores[Kind.INGRESS_CLASS]
        self.network_policies: Store[NetworkPolicy] = self._stores[Kind.NETWORK_POLICY]
        self.config_maps: Store[ConfigMap] = self._stores[Kind.CONFIG_MAP]
        self.events: Store[Event] = self._stores[Kind.EVENT]
        self.endpoints: Store[Endpoints] = self._stores[Kind.ENDPOINTS]
        self.gateway_classes: Store[GatewayClass] = self._stores[Kind.GATEWAY_CLASS]
        self.gateways: Store[Gateway] = self._stores[Kind.GATEWAY]
        self.http_routes: Store[HTTPRoute] = self._stores[Kind.HTTP_ROUTE]
        self.istio_gateways: Store[IstioGateway] = self._stores[Kind.ISTIO_GATEWAY]
        self.proxy_listeners: Store[ProxyListeners] = self._stores[Kind.PROXY_LISTENERS]
        self.selectors = SelectorIndex()
        self.slices = SliceIndex()
        self.cluster_ips = AddressIndex()
        self.pod_addresses = PodAddressIndex()
        self.pod_counts = PodCounts()
        self.pod_patterns = PodPatterns()
        self.conformity = PodRangeConformity()
        self.family_counts = FamilyCounts()
        self.events_about = EventIndex()
        self.backends = BackendIndex()
        self.routes = RouteIndex()
        self.system_apps = SystemApps()
        self.service_families = ServiceFamilies()
        self.facets: dict[PodFacet, int] = dict.fromkeys(PodFacet, 0)
        self._cache: dict[str, tuple[Hashable, Any]] = {}
        self.controllers: dict[Key, Pod] = {}
        """The proxy pods of all controllers, including finished ones."""
        self.control_planes: dict[Key, Pod] = {}
        """The pods that configure proxies but are not proxies, including finished ones."""
        self.control_plane: dict[Key, Pod] = {}
        """The static pods of kube-apiserver and kube-controller-manager that are visible."""
        self.served_load_balancers = 0
        """The number of LoadBalancer Services with an entry in their status."""
        self.statuses: dict[Kind, StatusChanged] = {}
        self.progress: dict[Kind, Progress] = {}
        self.server = ServerInfo()
        self.quarantined: dict[tuple[Kind, str], str] = {}
        self.notes: list[str] = []
        self.version = 0
        self.epochs: dict[Kind, int] = dict.fromkeys(Kind, 0)

    @property
    def proxies_version(self) -> int:
        """Increases with every change of a pod in `controllers` or `control_planes`."""
        return self.facets[PodFacet.CONTROLLERS]

    def store(self, kind: Kind) -> Store[Any]:
        """All objects of a kind."""
        return self._stores[kind]

    def gateway_parameters(self, kind: Kind) -> Store[GatewayParameters]:
        """The store of a kind that a parametersRef names."""
        return self._stores[kind]

    def status(self, kind: Kind) -> StatusChanged:
        """The status of the kind; loading until its source reports another one."""
        return self.statuses.get(kind) or StatusChanged(kind=kind, health=Health.LOADING)

    def is_known(self, kind: Kind) -> bool:
        """Whether all objects of the kind were read at least once."""
        status = self.statuses.get(kind)
        return status is not None and status.health.is_complete

    def cached(self, name: str, versions: Hashable, make: Callable[[], T]) -> T:
        """The last result of `make` for this name if the versions are the same; otherwise calls `make`."""
        entry = self._cache.get(name)
        if entry is None or entry[0] != versions:
            entry = self._cache[name] = (versions, make())
        value: T = entry[1]
        return value

    def is_settled(self, kind: Kind) -> bool:
        """Whether the kind is known, or known to be unavailable."""
        status = self.statuses.get(kind)
        return status is not None and status.health.is_final

    def may_have_unread(self, kind: Kind) -> bool:
        """Whether there may be objects of the kind that were not read. Kinds of missing add-ons have none."""
        return not self.is_missing_add_on(kind) and not self.status(kind).health.is_complete

    def is_missing_add_on(self, kind: Kind) -> bool:
        """Whether the kind belongs to an add-on that the cluster or the files lack, which is normal."""
        is_optional = kind in RESOURCES and RESOURCES[kind].optional
        return is_optional and self.status(kind).health in {Health.ABSENT, Health.NOT_GIVEN}

    def apply(self, event: SourceEvent) -> list[Change]:
        """Apply one event and return what changed. A write that only changes the resourceVersion is not a change."""
        match event:
            case Changed():
                return self._apply_changed(event)
            case Listed():
                return self._apply_listed(event)
            case StatusChanged():
                self.statuses[event.kind] = event
                self._touch(event.kind)
                if event.health.is_final:
                    self.progress.pop(event.kind, None)
            case Quarantined():
                self.quarantined[(event.kind, event.identity)] = event.message
                self.version += 1
            case Progress():
                self.progress[event.kind] = event
            case ServerInfo():
                if event != self.server:
                    self.server = event
                    self.version += 1
            case Note():
                if event.message not in self.notes:
                    self.notes.append(event.message)
        return []

    def _apply_changed(self, event: Changed) -> list[Change]:
        changes: list[Change] = []
        for item in event.upserts:
            self._put(event.kind, item, changes)
        for key in event.deletes:
            self._drop(event.kind, key, changes)
        if changes:
            self._touch(event.kind)
        return changes

    def _apply_listed(self, event: Listed) -> list[Change]:
        changes: list[Change] = []
        if event.keys is not None:
            keys, namespaces = event.keys, event.namespaces
            store = self.store(event.kind)
            everything = list(store.keys())
            gone = [k for k in everything if k not in keys and (namespaces is None or k[0] in namespaces)]
            for key in gone:
                self._drop(event.kind, key, changes)
            if self.quarantined:
                self._forget_gone(event.kind, keys, namespaces)
        if changes:
            self._touch(event.kind)
        return changes

    def _forget_gone(self, kind: Kind, keys: frozenset[Key], namespaces: tuple[str, ...] | None) -> None:
        """Remove the unreadable objects that are not in a new list."""
        for quarantined_kind, identity in list(self.quarantined):
            namespace, slash, name = identity.partition("/")
            is_in_scope = quarantined_kind is kind and bool(slash) and (namespaces is None or namespace in namespaces)
            if is_in_scope and (namespace, name) not in keys:
                del self.quarantined[(quarantined_kind, identity)]
                self.version += 1

    def _touch(self, kind: Kind) -> None:
        self.version += 1
        self.epochs[kind] += 1

    def _put(self, kind: Kind, item: Item, changes: list[Change]) -> None:
        old = self.store(kind).put(item)
        if self.quarantined:
            self.quarantined.pop((kind, f"{item.namespace}/{item.name}"), None)
        if old is None or not equal_except_version(old, item):
            self._index(kind, old, item, changes)
            changes.append(Change(kind, item.key, old, item))

    def _drop(self, kind: Kind, key: Key, changes: list[Change]) -> None:
        if self.quarantined:
            self.quarantined.pop((kind, f"{key[0]}/{key[1]}"), None)
        old = self.store(kind).pop(key)
        if old is not None:
            self._index(kind, old, None, changes)
            changes.append(Change(kind, key, old, None))

    def replace_pods(self, pods: PodSet) -> None:
        """Replace all pods, if no checks run. Changes are not returned, so callers must read all pods again."""
        assert not self.for_checks  # noqa: S101 - checks need indexes that are not updated here
        pods.counts.touch(self.pod_counts)
        self._stores[Kind.POD] = self.pods = pods.store
        self.pod_counts, self.pod_patterns, self.system_apps = pods.counts, pods.patterns, pods.system_apps
        self.controllers, self.control_planes = pods.controllers, pods.control_planes
        self.control_plane = pods.control_plane
        for facet in self.facets:
            self.facets[facet] += 1
        self._touch(Kind.POD)

    def _index(self, kind: Kind, old: Any, new: Any, changes: list[Change]) -> None:  # Any: one store for all kinds
        match kind:
            case Kind.POD:
                self._index_pod(old, new, changes)
            case Kind.SERVICE:
                self.selectors.replace(old, new)
                self.cluster_ips.replace(old, new)
                self.service_families.replace(old, new)
                self.family_counts.update_service(old, new)
                self.served_load_balancers += _is_served(new) - _is_served(old)
            case Kind.NODE:
                if self.for_checks:
                    self.conformity.update_node(old, new)
                self.family_counts.update_node(old, new)
            case Kind.ENDPOINT_SLICE:
                self.slices.replace(old, new)
                self.family_counts.update_slice(old, new, self.services.get)
            case Kind.INGRESS:
                self.backends.replace(old, new)
            case Kind.HTTP_ROUTE:
                self.routes.replace(old, new)
            case Kind.EVENT:
                self.events_about.replace(old, new)

    def _index_pod(self, old: Pod | None, new: Pod | None, changes: list[Change]) -> None:
        if self.for_checks:
            self.conformity.update_pod(old, new)
            for key in self.pod_addresses.replace(old, new):
                sharer = self.pods.get(key)
                if sharer is not None:
                    changes.append(Change(Kind.POD, key, sharer, sharer))
        self.pod_counts.replace(old, new)
        self.facets[PodFacet.PATTERNS] += self.pod_patterns.replace(old, new)
        self.system_apps.replace(old, new)
        roles = roles_of(new) if new is not None else _NO_ROLES
        self._update_facet(PodFacet.CONTROLLERS, self.controllers, old, new if roles.controller is not None else None)
        self._update_facet(PodFacet.CONTROLLERS, self.control_planes, old, new if roles.is_control_plane else None)
        is_static = new is not None and is_control_plane(new)
        self._update_facet(PodFacet.CONTROL_PLANE, self.control_plane, old, new if is_static else None)

    def _update_facet(self, facet: PodFacet, pods: dict[Key, Pod], old: Pod | None, new: Pod | None) -> None:
        """Add a pod to those of a facet, or remove it if `new` is None."""
        if new is not None:
            pods[new.key] = new
            self.facets[facet] += 1
        elif old is not None and pods and pods.pop(old.key, None) is not None:
            self.facets[facet] += 1

    def quarantine_messages(self) -> list[str]:
        """A sentence for each object that could not be read, sorted."""
        return sorted(self.quarantined.values())

    def namespaces(self) -> list[str]:
        """All namespaces in which any object was seen, sorted."""
        stores: Iterable[Store[Any]] = (self.services, self.pods, self.endpoint_slices, self.ingresses)
        return sorted({name for store in stores for name in store.namespaces() if name})


def _is_served(service: Service | None) -> int:
    return int(service is not None and service.type == "LoadBalancer" and bool(service.load_balancer_ingress))


_NO_ROLES = Roles(None, is_control_plane=False)


_CONTROL_PLANE = frozenset({"kube-apiserver", "kube-controller-manager"})


def control_plane_component(pod: Pod) -> str:
    """The control-plane component that a pod runs, by the label of kubeadm or kops; empty if it runs neither."""
    if pod.namespace != "kube-system":
        return ""
    names = (pod.labels.get("component"), pod.labels.get("k8s-app"))
    return next((name for name in names if name in _CONTROL_PLANE), None) or ""


def is_control_plane(pod: Pod) -> bool:
    """Whether the pod is a visible kube-apiserver or kube-controller-manager."""
    return bool(control_plane_component(pod))


def equal_except_version(old: Item, new: Item) -> bool:
    """Whether two states of an object are equal except for the resourceVersion, as far as dsview reads them."""
    if isinstance(old, ProxyListeners) or isinstance(new, ProxyListeners):
        return old == new
    if old.resource_version == new.resource_version:
        return old == new
    return old == msgspec.structs.replace(new, resource_version=old.resource_version)
