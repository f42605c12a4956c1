"""Indexes for relations between objects, such as the Events about an object, so that checks need no searches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from dsview.core.address import FAMILIES, Family, families_of
from dsview.core.redacted import any_redacted
from dsview.kinds.event import Event
from dsview.kinds.gateway import HTTPRoute
from dsview.kinds.ingress import Ingress
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

T = TypeVar("T")

OTHER_DATAPLANES = frozenset({"cilium", "calico-node", "antrea", "kube-router", "ovnkube-node", "kube-ovn-cni"})
"""Agents that can program Services instead of kube-proxy, by their app label."""

_SYSTEM_NAMESPACES = frozenset(
    {"kube-system", "cilium", "calico-system", "ovn-kubernetes", "openshift-ovn-kubernetes", "openshift-kube-proxy"}
)
"""The namespaces of kube-proxy and these agents. Labels of pods in other namespaces are not trusted."""

_APP_LABELS = ("k8s-app", "app", "component", "app.kubernetes.io/name")


class PodFacet(StrEnum):
    """Groups of pods, or properties of all of them. `ClusterState.facets` counts the changes of each."""

    CONTROLLERS = "the proxy pods of all controllers"
    CONTROL_PLANE = "the static pods of the control plane"
    PATTERNS = "which families running pods have, and which pods those are"


class EventIndex:
    """The Events about each object, regardless of the kind in the Event, because some writers omit it."""

    def __init__(self) -> None:
        self._by_object: dict[Key, dict[Key, Event]] = {}

    def replace(self, old: Event | None, new: Event | None) -> None:
        """Update the index for one Event."""
        if old is not None:
            about = (old.involved_namespace, old.involved_name)
            events = self._by_object[about]
            del events[old.key]
            if not events:
                del self._by_object[about]
        if new is not None:
            self._by_object.setdefault((new.involved_namespace, new.involved_name), {})[new.key] = new

    def __len__(self) -> int:
        """The number of objects that have Events."""
        return len(self._by_object)

    def __contains__(self, key: Key) -> bool:
        """Whether any Event is about an object."""
        return key in self._by_object

    def about(self, key: Key) -> list[Event]:
        """The Events about an object, latest last."""
        return in_order(self._by_object.get(key, {}).values())


def in_order(events: Iterable[Event]) -> list[Event]:
    """Events by the time they were last seen, regardless of the order in which they were read."""
    return sorted(events, key=lambda event: (event.last_seen, event.key))


class BackendIndex:
    """The Ingresses that name each Service as a backend."""

    def __init__(self) -> None:
        self._by_service: dict[Key, set[str]] = {}

    def replace(self, old: Ingress | None, new: Ingress | None) -> None:
        """Update the index for one Ingress."""
        for backend in old.backends if old is not None else ():
            key = (old.namespace if old is not None else "", backend.service)
            names = self._by_service.get(key)
            if names is not None and old is not None:
                names.discard(old.name)
                if not names:
                    del self._by_service[key]
        for backend in new.backends if new is not None else ():
            if new is not None:
                self._by_service.setdefault((new.namespace, backend.service), set()).add(new.name)

    def naming(self, service: Key) -> list[Key]:
        """The Ingresses with that backend."""
        return [(service[0], name) for name in self._by_service.get(service, ())]


_Routes = HTTPRoute | list[HTTPRoute]
"""One route, or several: most Services have one, and a list takes twice the memory of what it holds."""


class RouteIndex:
    """The HTTPRoutes that name each Service as a backend, and those that each Gateway accepted.

    Services are indexed by namespace and name: there are thousands, and a key would have to be kept for each.
    """

    def __init__(self) -> None:
        self._by_service: dict[str, dict[str, _Routes]] = {}
        self._by_gateway: dict[Key, _Routes] = {}

    def replace(self, old: HTTPRoute | None, new: HTTPRoute | None) -> None:
        """Update the index for one route."""
        if old is not None:
            for backend in old.backends:
                _drop(self._by_service.get(backend.namespace, {}), backend.name, old)
            for gateway in old.accepted:
                _drop(self._by_gateway, gateway, old)
        if new is not None:
            for backend in new.backends:
                _add(self._by_service.setdefault(backend.namespace, {}), backend.name, new)
            for gateway in new.accepted:
                _add(self._by_gateway, gateway, new)

    def naming(self, service: Key) -> list[Key]:
        """The routes with that backend."""
        return _keys(self._by_service.get(service[0], {}).get(service[1]))

    def accepted_by(self, gateway: Key) -> list[Key]:
        """The routes that the Gateway accepted."""
        return _keys(self._by_gateway.get(gateway))


def _keys(routes: _Routes | None) -> list[Key]:
    if routes is None:
        return []
    return sorted(route.key for route in routes) if isinstance(routes, list) else [routes.key]


def _add(index: dict[T, _Routes], holder: T, route: HTTPRoute) -> None:
    """Add a route under a holder, once: it may name several ports of one Service."""
    routes = index.setdefault(holder, route)
    if isinstance(routes, list):
        if routes[-1] is not route:
            routes.append(route)
    elif routes is not route:
        index[holder] = [routes, route]


def _drop(index: dict[T, _Routes], holder: T, route: HTTPRoute) -> None:
    routes = index.get(holder)
    if routes is route:
        del index[holder]
    elif isinstance(routes, list) and route in routes:
        routes.remove(route)
        if not routes:
            del index[holder]


def cluster_families(service: Service) -> tuple[Family, ...]:
    """The families of a Service's cluster IPs. ExternalName Services have none.

    If the addresses are redacted, spec.ipFamilies is used. So it is for a headless Service with a selector and both
    families, which the API server accepts only if the cluster has both. Without a selector, a headless Service gets
    both families in any cluster (kubernetes/kubernetes pkg/registry/core/service/storage/alloc.go).
    """
    if service.is_external_name:
        return ()
    if service.is_headless:
        is_evidence = bool(service.selector) and len(service.families) == 2 and not service.is_manifest
        return service.families if is_evidence else ()
    ips = service.real_cluster_ips
    return service.families if any_redacted(ips) else families_of(ips)


class ServiceFamilies:
    """The number of Services by the families of their cluster IPs."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Family, ...]] = Counter()

    def replace(self, old: Service | None, new: Service | None) -> None:
        """Update the counts for one Service."""
        for service, step in ((old, -1), (new, 1)):
            families = cluster_families(service) if service is not None else ()
            if families:
                self._counts[families] += step
                if not self._counts[families]:
                    del self._counts[families]

    @property
    def present(self) -> tuple[Family, ...]:
        """The families of all cluster IPs, IPv4 first."""
        return tuple(family for family in FAMILIES if any(family in pattern for pattern in self._counts))

    @property
    def usual_order(self) -> tuple[Family, ...]:
        """The families of all cluster IPs; first the one that is first in most Services."""
        firsts: Counter[Family] = Counter()
        for pattern, number in self._counts.items():
            firsts[pattern[0]] += number
        return tuple(sorted(self.present, key=lambda family: -firsts[family]))

    @property
    def has_dual(self) -> bool:
        """Whether a Service has cluster IPs of both families."""
        return any(len(pattern) == 2 for pattern in self._counts)


class SystemApps:
    """The number of system pods by app label, which shows what programs Services."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def fill(self, pods: Iterable[Pod]) -> None:
        """Add pods."""
        for pod in pods:
            if pod.namespace in _SYSTEM_NAMESPACES:
                self.replace(None, pod)

    def replace(self, old: Pod | None, new: Pod | None) -> None:
        """Update the counts for one pod."""
        for pod, step in ((old, -1), (new, 1)):
            if pod is None or pod.namespace not in _SYSTEM_NAMESPACES:
                continue
            for app in {name for label in _APP_LABELS if (name := pod.labels.get(label))}:
                self._counts[app] += step
                if not self._counts[app]:
                    del self._counts[app]

    @property
    def has_other_dataplane(self) -> bool:
        """Whether an agent that can replace kube-proxy runs, and kube-proxy does not."""
        return "kube-proxy" not in self._counts and not OTHER_DATAPLANES.isdisjoint(self._counts)
