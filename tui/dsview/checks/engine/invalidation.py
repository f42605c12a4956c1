"""Determines which subjects a change can affect. A property test compares the result with a full evaluation.

Dependencies on the profile, on a node's facts, or on pods that a Service does not select are not handled here: the
engine sweeps when the first two change, and remembers which subjects read which pods (`Context.pod_behind`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from operator import attrgetter

from dsview.checks.engine.finding_index import SubjectKey
from dsview.cluster.profile import KUBERNETES
from dsview.cluster.state import Change, ClusterState
from dsview.kinds.endpoint_slice import EndpointSlice
from dsview.kinds.event import Event
from dsview.kinds.ip_address import IPAddress
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Labels
from dsview.kinds.network_policy import NetworkPolicy
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.gateway_api import gateway_of
from dsview.listeners.proxies import door_services, published, published_by
from dsview.listeners.registry import is_proxy

Flagged = Callable[[Kind, str], Iterable[SubjectKey]]
"""Returns the subjects of a kind in a namespace that have a finding."""

CONTROL_PLANE_LABELS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_OF_CONTROLLERS = (Kind.CONFIG_MAP, Kind.PROXY_LISTENERS)
"""The configuration of controllers and their listeners. The fixes of the Services in front of them use both."""

_OF_ALL_ROUTES = (Kind.GATEWAY_CLASS, Kind.ENVOY_PROXY)
"""Kinds that may configure many Gateways and therefore affect all routes."""

_WEBHOOKS = (Kind.VALIDATING_WEBHOOK, Kind.MUTATING_WEBHOOK, Kind.API_SERVICE)


def subject(kind: Kind, key: Key) -> SubjectKey:
    """The subject key of an object."""
    return (kind.value, key[0], key[1])


def affected_subjects(
    state: ClusterState,
    flagged: Flagged,
    readers: Set[SubjectKey],
    changes: Iterable[Change],
    is_evaluated: Callable[[Kind], bool] = lambda kind: True,
) -> set[SubjectKey]:
    """The objects whose own checks may have different results now. Cluster-wide checks use `Check.reads` instead.

    Args:
        state: The cluster.
        flagged: Returns the subjects of a kind in a namespace that have findings.
        readers: The Services whose checks read more of their pods than the addresses in the last run. They do so only
            if the families of the Service differ; otherwise the readiness of its pods does not matter.
        changes: The changes.
        is_evaluated: Whether the objects of a kind are evaluated individually. If not, those that are affected by
            changes of other objects are not looked up.
    """
    affected = _Affected(state, readers, is_evaluated)
    for change in changes:
        affected.follow(change)
    return affected.subjects(flagged)


class _Affected:
    """Collects over a batch, so that objects that many changes affect are looked up once."""

    def __init__(self, state: ClusterState, readers: Set[SubjectKey], is_evaluated: Callable[[Kind], bool]) -> None:
        self._state = state
        self._is_evaluated = is_evaluated
        self._readers = readers
        self._subjects: set[SubjectKey] = set()
        self._services: set[Key] = set()
        self._backends: set[Key] = set()
        """Services that changed or whose endpoints changed. Ingresses, routes and webhooks that name them read both."""
        self._selections: set[str] = set()
        """Namespaces in which Services now select different pods."""
        self._labels: dict[str, list[Labels]] = {}
        """The labels of pods that were added or removed or whose families changed, by namespace."""
        self._policies: set[str] = set()
        """Namespaces in which a policy changed. One of them can allow what another denies."""
        self._all_ingresses = False
        self._all_routes = False
        self._gateways: set[Key] = set()
        """Gateways that changed or whose proxy pods changed. The routes that they accepted read both."""
        self._all_webhooks = False

    def follow(self, change: Change) -> None:
        """Add the effects of one change."""
        self._subjects.add(subject(change.kind, change.key))
        old, new = change.old, change.new
        match new if new is not None else old:
            case Pod():
                self._pod(old, new)
            case Service():
                self._service(change.key, old, new)
            case EndpointSlice():
                for item in (old, new):
                    if isinstance(item, EndpointSlice) and item.service_name:
                        self._backends.add((item.namespace, item.service_name))
            case Node():
                self._all_webhooks = self._all_webhooks or any(
                    isinstance(node, Node) and any(label in node.labels for label in CONTROL_PLANE_LABELS)
                    for node in (old, new)
                )
            case IPAddress():
                self._services.update(self._state.cluster_ips.holders(change.key[1]))
            case Event():
                for event in (old, new):
                    if isinstance(event, Event):
                        about = (event.involved_namespace, event.involved_name)
                        # Regardless of the kind in the Event, because the checks also use the name.
                        self._subjects.update((subject(Kind.SERVICE, about), subject(Kind.POD, about)))
            case NetworkPolicy():
                self._policies.add(change.key[0])
            case _:
                if change.kind in _OF_CONTROLLERS:
                    self._services.update(door_services(self._state))
                if change.kind is Kind.ENDPOINTS:
                    self._services.add(change.key)
                self._all_ingresses = self._all_ingresses or change.kind is Kind.INGRESS_CLASS
                self._all_routes = self._all_routes or change.kind in _OF_ALL_ROUTES
                if change.kind is Kind.GATEWAY:
                    self._gateways.add(change.key)

    def _pod(self, old: object, new: object) -> None:
        pods = [pod for pod in (old, new) if isinstance(pod, Pod)]
        concerns_services = len(pods) < 2 or _pod_fields_for_services(pods[0]) != _pod_fields_for_services(pods[1])
        for pod in pods:
            is_proxy_pod = is_proxy(pod)
            if is_proxy_pod or concerns_services or self._readers:
                selecting = [service.key for service in self._state.selectors.selecting(pod)]
                self._services.update(
                    key
                    for key in selecting
                    if is_proxy_pod or concerns_services or subject(Kind.SERVICE, key) in self._readers
                )
            if is_proxy_pod:
                self._all_ingresses = True
                gateway = gateway_of(pod.labels, pod.namespace)
                self._gateways.update((gateway,) if gateway is not None else ())
                self._all_routes = self._all_routes or gateway is None
                service = published_by(pod)
                self._services.update((service,) if service is not None else ())
        if len(self._state.network_policies) and (
            len(pods) < 2 or _pod_fields_for_policies(pods[0]) != _pod_fields_for_policies(pods[1])
        ):
            for pod in pods:
                self._labels.setdefault(pod.namespace, []).append(pod.labels)

    def _service(self, key: Key, old: object, new: object) -> None:
        self._backends.add(key)
        services = [service for service in (old, new) if isinstance(service, Service)]
        for service in services:
            for text in service.real_cluster_ips:
                self._services.update(self._state.cluster_ips.holders(text))
        if len(services) < 2 or _service_fields_for_others(services[0]) != _service_fields_for_others(services[1]):
            self._selections.add(key[0])
            self._subjects.update(subject(Kind.ENDPOINT_SLICE, item.key) for item in self._state.slices.of(key))
        for pod in published(self._state, key):
            # If it exists, it is the controller's Service; otherwise the Services that select the controller are.
            self._all_ingresses = True
            self._services.update(service.key for service in self._state.selectors.selecting(pod))
        if any(service.type == "LoadBalancer" and self._is_of_proxies(service) for service in services):
            self._all_ingresses = True

    def _is_of_proxies(self, service: Service) -> bool:
        selector = service.selector.items()
        return bool(selector) and any(
            pod.namespace == service.namespace and all(pod.labels.get(name) == value for name, value in selector)
            for pod in self._state.controllers.values()
        )

    def subjects(self, flagged: Flagged) -> set[SubjectKey]:
        """Everything that the changes affect."""
        state, affected = self._state, self._subjects
        affected.update(subject(Kind.SERVICE, key) for key in self._services | self._backends)
        for namespace in self._selections:
            # The Services that select a pod only determine the severity of its findings, so pods without findings are
            # unaffected.
            affected.update(flagged(Kind.POD, namespace))
        for namespace, labels in self._labels.items():
            for policy in state.network_policies.in_namespace(namespace):
                if any(policy.pod_selector.matches(labels_of_pod) for labels_of_pod in labels):
                    affected.add(subject(Kind.NETWORK_POLICY, policy.key))
        for namespace in self._policies:
            policies = state.network_policies.in_namespace(namespace)
            affected.update(subject(Kind.NETWORK_POLICY, policy.key) for policy in policies)
        if self._is_evaluated(Kind.INGRESS):
            affected.update(self._ingresses())
        if self._is_evaluated(Kind.HTTP_ROUTE):
            affected.update(self._routes())
        affected.update(self._webhooks())
        return affected

    def _ingresses(self) -> Iterator[SubjectKey]:
        if self._all_ingresses:
            yield from (subject(Kind.INGRESS, key) for key in self._state.ingresses.keys())  # noqa: SIM118  (no dict)
        else:
            for service in self._backends:
                yield from (subject(Kind.INGRESS, key) for key in self._state.backends.naming(service))

    def _routes(self) -> Iterator[SubjectKey]:
        if self._all_routes:
            yield from (subject(Kind.HTTP_ROUTE, route.key) for route in self._state.http_routes)
        else:
            for service in self._backends:
                yield from (subject(Kind.HTTP_ROUTE, key) for key in self._state.routes.naming(service))
            for gateway in self._gateways:
                yield from (subject(Kind.HTTP_ROUTE, key) for key in self._state.routes.accepted_by(gateway))

    def _webhooks(self) -> Iterator[SubjectKey]:
        are_all_affected = self._all_webhooks or KUBERNETES in self._backends
        if not are_all_affected and not self._backends:
            return
        for kind in _WEBHOOKS:
            for item in self._state.store(kind):
                if are_all_affected or any(service in self._backends for service in item.services):
                    yield subject(kind, item.key)


def _pod_fields_for_services(pod: Pod) -> tuple[object, ...]:
    """The fields that every Service reads of the pods behind it."""
    return (pod.labels, pod.ips, pod.phase, pod.deleted, pod.uid, pod.node_name, pod.host_network)


def _pod_fields_for_policies(pod: Pod) -> tuple[object, ...]:
    return (pod.labels, pod.ips, pod.phase, pod.deleted, pod.host_network)


def _service_fields_for_others(service: Service) -> tuple[object, ...]:
    """The fields that pods and slices read of a Service."""
    return (service.selector, service.type, service.families, bool(service.real_cluster_ips))


def is_relevant_node_change(change: Change) -> bool:
    """Whether a node changed in fields other than its facts that pods read (DS-ADR-002, DS-POD-002, 004 and 005)."""
    old, new = change.old, change.new
    if not isinstance(old, Node) or not isinstance(new, Node):
        return change.kind is Kind.NODE
    fields_of = attrgetter("cidrs", "provider_id", "annotations", "addresses", "labels", "kubelet_version", "taints")
    return bool(fields_of(old) != fields_of(new))
