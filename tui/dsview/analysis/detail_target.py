"""Determines which detail shows an object: its kind and key."""

from __future__ import annotations

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.listener_keys import ListenerKey
from dsview.core.finding import ObjectRef
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.registry import RESOURCES
from dsview.listeners.proxies import config_map_key, live_proxies

Target = tuple[Kind, Key]
"""Something that has a detail: an object, or a row of the listeners pane (`Kind.PROXY_LISTENERS` and its `row_key`)."""

DETAILED: dict[str, Kind] = {kind.value: kind for kind, resource in RESOURCES.items() if resource.has_detail}
"""The kinds whose objects have a detail, by name."""


def detail_target(view: ClusterView, ref: ObjectRef) -> Target | None:
    """The detail that shows an object; None if there is none.

    For a ReplicaSet, or a ConfigMap that was not read, it is the detail of one of its controller pods.
    """
    key = (ref.namespace or "", ref.name)
    kind = DETAILED.get(ref.kind)
    if kind is not None and (kind is not Kind.CONFIG_MAP or key in view.state.config_maps):
        return kind, key
    for pod in live_proxies(view.state):
        owner = pod.owner
        is_owner = owner is not None and (owner.kind, pod.namespace, owner.name) == (ref.kind, *key)
        if is_owner or (ref.kind == "ConfigMap" and config_map_key(pod) == key):
            return Kind.POD, pod.key
    return None


def object_of(target: Target) -> Target:
    """The Kubernetes object of a detail; for a listener, its proxy pod or Gateway."""
    kind, key = target
    if kind is not Kind.PROXY_LISTENERS:
        return target
    of = ListenerKey.parse(key)
    return (Kind.GATEWAY, of.gateway_key) if of.gateway_key is not None else (Kind.POD, of.pod_key)
