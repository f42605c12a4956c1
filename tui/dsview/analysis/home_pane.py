"""Which objects have a detail, by the id of the place where they are shown: a pane, or the detail alone."""

from __future__ import annotations

from dsview.analysis.cluster_view import ClusterView
from dsview.core.finding import ObjectRef
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.listeners.proxies import config_map_key, live_proxies

_PANES = ("Service", "Pod", "Node")

PLACES: dict[str, str] = {
    Kind.SERVICE.value: "services",
    Kind.POD.value: "pods",
    Kind.NODE.value: "nodes",
    Kind.ENDPOINT_SLICE.value: "endpointslices",
    Kind.INGRESS.value: "ingresses",
    Kind.CONFIG_MAP.value: "configmaps",
    Kind.GATEWAY.value: "gateways",
    Kind.HTTP_ROUTE.value: "httproutes",
}
"""The place of each kind; the listeners' pane shows Pods too, under keys of its own."""

KINDS: dict[str, Kind] = {place: Kind(kind) for kind, place in PLACES.items()}
"""The kind of each place."""


def pane_of(view: ClusterView, ref: ObjectRef) -> tuple[str, Key]:
    """The place and key of an object's detail.

    A ReplicaSet's, and that of a ConfigMap that was not read, is that of one of its controller pods.
    """
    key = (ref.namespace or "", ref.name)
    place = PLACES.get(ref.kind)
    if place is not None and (ref.kind in _PANES or view.state.store(KINDS[place]).get(key) is not None):
        return place, key
    for pod in live_proxies(view.state):
        owner = pod.owner
        is_owner = owner is not None and (owner.kind, pod.namespace, owner.name) == (ref.kind, *key)
        if is_owner or (ref.kind == "ConfigMap" and config_map_key(pod) == key):
            return "pods", pod.key
    return "", key
