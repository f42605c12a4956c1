"""Which subjects a change can matter to. The full evaluation is the oracle: a property test holds the two equal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dsview.checks.book import FindingBook, SubjectKey
from dsview.model.kinds import Kind
from dsview.model.objects import Event, Ingress, IPAddress, Key, Node, Pod, Service
from dsview.model.slices import EndpointSlice
from dsview.state.cluster import Change, ClusterState
from dsview.state.controllers import is_controller, publish_service_key


def subject(kind: Kind, key: Key) -> SubjectKey:
    """The subject key of an object."""
    return (kind.value, key[0], key[1])


def affected_subjects(state: ClusterState, book: FindingBook, changes: Iterable[Change]) -> Iterator[SubjectKey]:
    """The objects whose own checks may answer differently now. Cluster-wide checks go by `Check.reads` instead.

    What depends on the profile or on a node's facts is not here: the engine sweeps when those change.
    """
    services: set[Key] = set()
    pods_of: set[str] = set()
    policies_of: set[str] = set()
    all_ingresses = False
    for change in changes:
        yield subject(change.kind, change.key)
        old, new = change.old, change.new
        match new if new is not None else old:
            case Pod():
                policies_of.add(change.key[0])
                for pod in (old, new):
                    if isinstance(pod, Pod):
                        services.update(s.key for s in state.selectors.selecting(pod))
                        if is_controller(pod):
                            all_ingresses = True
                            published = publish_service_key(pod)
                            services.update((published,) if published is not None else ())
                services.update(_hand_made(state, change.key[0]))
            case Service():
                services.add(change.key)
                for endpoint_slice in state.slices.of(change.key):
                    yield subject(Kind.ENDPOINT_SLICE, endpoint_slice.key)
                pods_of.add(change.key[0])
                for service in (old, new):
                    if isinstance(service, Service):
                        for text in service.real_cluster_ips:
                            services.update(state.cluster_ips.holders(text))
            case EndpointSlice():
                for item in (old, new):
                    if isinstance(item, EndpointSlice) and item.service_name:
                        services.add((item.namespace, item.service_name))
            case Node():
                pass  # its pods follow from its facts
            case IPAddress():
                services.update(state.cluster_ips.holders(change.key[1]))
                for item in (old, new):
                    if isinstance(item, IPAddress):
                        services.add((item.parent_namespace, item.parent_name))
            case Event() as event:
                yield (event.involved_kind, event.involved_namespace, event.involved_name)
            case _:
                if change.kind is Kind.ENDPOINTS:
                    services.add(change.key)
                all_ingresses = all_ingresses or change.kind in {Kind.INGRESS_CLASS, Kind.CONFIG_MAP}
    for key in services:
        yield subject(Kind.SERVICE, key)
    yield from _pods_with_findings(book, pods_of)
    for policy in state.network_policies if policies_of else ():
        if policy.namespace in policies_of:
            yield subject(Kind.NETWORK_POLICY, policy.key)
    for ingress in state.ingresses:
        if all_ingresses or _names_a_service(ingress, services):
            yield subject(Kind.INGRESS, ingress.key)


def _hand_made(state: ClusterState, namespace: str) -> Iterator[Key]:
    """Services without selector in a namespace: their slices may point to any pod."""
    for service in state.services.in_namespace(namespace):
        if not service.selector:
            yield service.key


def _pods_with_findings(book: FindingBook, namespaces: set[str]) -> Iterator[SubjectKey]:
    """Whether a Service selects a pod decides only how bad the pod's findings are, so the clean ones can stay."""
    if namespaces:
        for key in book.subjects():
            if key[0] == Kind.POD.value and key[1] in namespaces:
                yield key


def _names_a_service(ingress: Ingress, services: set[Key]) -> bool:
    return any((ingress.namespace, backend.service) in services for backend in ingress.backends)
