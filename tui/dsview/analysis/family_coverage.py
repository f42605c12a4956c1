"""Counts for each layer of the cluster how many objects should have a family and how many have it."""

from __future__ import annotations

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.checks.engine.check import LayerName
from dsview.cluster.family_counts import Tally
from dsview.cluster.relations import PodFacet
from dsview.cluster.state import ClusterState
from dsview.core.address import FAMILIES, Family, families_of
from dsview.core.listen import ListenSource, ProxyListeners
from dsview.core.text import Safe, safe
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.registry import GATEWAY_KINDS
from dsview.listeners.front_doors import services_of_gateway
from dsview.listeners.gateway_listeners import gateways_without_pods
from dsview.listeners.proxies import listeners_of, live_proxies
from dsview.sources.events import Health

MEANINGS: dict[LayerName, str] = {
    LayerName.NODES: "Nodes with a usable InternalIP of the family.",
    LayerName.PODS: "Running Pods with an address of the family. Pods without an address or "
    "being deleted do not count.",
    LayerName.SERVICES: "Services with the family; ExternalName has none.",
    LayerName.ENDPOINTS: "Services with the family that have a ready endpoint of it.",
    LayerName.LOAD_BALANCERS: "LoadBalancer Services with the family that got an address of it, and Gateways "
    "without a Service that publish an address.",
    LayerName.LISTENERS: "Public ports of proxy Pods with the family on which the proxy listens over it. Ports for "
    "metrics and health do not count, nor do Gateways that no Pod serves. Assumed: the default of the proxy's "
    "version, because neither its configuration nor a setting was read.",
}
"""What each layer counts, as shown to the user."""

COUNTED: dict[LayerName, str] = {
    LayerName.PODS: "running",
    LayerName.SERVICES: "with a family",
    LayerName.LISTENERS: "public",
}
"""Which objects of a pane its layer counts, for the layers that do not count all of them."""


class Count(msgspec.Struct, frozen=True):
    """The number of objects that have a family, and the number that should."""

    having: int
    of: int

    @property
    def is_whole(self) -> bool:
        """Whether all have the family."""
        return self.having == self.of


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer.

    Attributes:
        v4, v6: The counts; None if the objects were not read.
        unread: Why there are no counts.
        note: How the counts are limited.
        unready: The number of Nodes that are not ready, which the counts include.
    """

    name: LayerName
    v4: Count | None = None
    v6: Count | None = None
    unread: Safe = Safe("")
    note: Safe = Safe("")
    unready: int = 0

    def count(self, family: Family) -> Count | None:
        """The count of a family."""
        return self.v4 if family == "IPv4" else self.v6

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to count, so the layer is not shown."""
        return not self.unread and not any(count is not None and count.of for count in (self.v4, self.v6))


WHY_UNREAD: dict[Health, str] = {
    Health.LOADING: "reading",
    Health.REFUSED: "not permitted",
    Health.ABSENT: "not served",
    Health.NOT_GIVEN: "not given",
    Health.FAILED: "failed",
}
"""Why the objects of a kind are not known, in one or two words."""


def why_unread(state: ClusterState, *kinds: Kind) -> Safe:
    """Why the first unknown kind of these is not known; empty if all are known."""
    for kind in kinds:
        if not state.is_known(kind):
            return Safe(WHY_UNREAD.get(state.status(kind).health, "unread"))
    return Safe("")


def _restricted(state: ClusterState, kind: Kind) -> Safe:
    namespaces = state.status(kind).namespaces
    if namespaces is None:
        return Safe("")
    return safe(f"in {len(namespaces)} namespace{'' if len(namespaces) == 1 else 's'}")


def _layer(state: ClusterState, name: LayerName, tally: Tally, *kinds: Kind, note: str = "", unready: int = 0) -> Layer:
    unread = why_unread(state, *kinds)
    if unread:
        return Layer(name=name, unread=unread)
    v4, v6 = (Count(tally.having[family], tally.of[family]) for family in FAMILIES)
    notes = (_number(unready, "not ready"), note, _restricted(state, kinds[0]))
    return Layer(name=name, v4=v4, v6=v6, note=safe(", ".join(filter(None, notes))), unready=unready)


def _pods(state: ClusterState) -> Tally:
    tally = Tally()
    for (families, _), number in state.pod_patterns.counts.items():
        for family in FAMILIES:
            tally.of[family] += number
            tally.having[family] += number * (family in families)
    return tally


def counted(view: ClusterView, name: LayerName) -> int | None:
    """The number of objects that a layer counts; None if they were not read.

    If the number differs by family, it is the larger one.
    """
    layer = next((layer for layer in coverage_layers(view) if layer.name is name), None)
    counts = [count.of for count in (layer.v4, layer.v6) if count is not None] if layer is not None else []
    return max(counts, default=None)


def _number(number: int, words: str) -> str:
    return f"{number:,} {words}" if number > 0 else ""


_PARAMETERS = tuple(kind for kind in GATEWAY_KINDS if kind is not Kind.HTTP_ROUTE)
"""The kinds that the listeners of Gateways depend on."""


def _public_ports(pod: Pod, conf: ProxyListeners, tally: Tally) -> None:
    has = families_of(pod.ips)
    ports: dict[tuple[str, int | None], set[str]] = {}
    for listener in conf.listeners:
        if not listener.internal and listener.transport != "unix":
            ports.setdefault((listener.transport, listener.port), set()).update(listener.families)
    for families in ports.values():
        for family in has:
            tally.add(family, 1, has=family in families)


def _listeners(state: ClusterState) -> Layer:
    name = LayerName.LISTENERS
    unread = why_unread(state, Kind.POD)
    if unread:
        return Layer(name=name, unread=unread)
    tally = Tally()
    sources: set[ListenSource] = set()
    for pod in live_proxies(state):
        conf = listeners_of(state, pod)
        sources.add(conf.source)
        _public_ports(pod, conf, tally)
    if sources == {ListenSource.UNREAD}:
        return Layer(name=name, unread=Safe("unread"))
    v4, v6 = (Count(tally.having[family], tally.of[family]) for family in FAMILIES)
    some = "some " if len(sources) > 1 else ""
    parts = {ListenSource.PREDICTED: f"{some}assumed", ListenSource.UNREAD: "some unread"}
    note = ", ".join(word for source, word in parts.items() if source in sources)
    return Layer(name=name, v4=v4, v6=v6, note=Safe(note))


def _gateways(state: ClusterState) -> tuple[Tally, int]:
    """The families of Gateways without a Service in the cluster, and how many have only host names.

    The API does not say which families such a Gateway should have.
    """
    tally, named = Tally(), 0
    for gateway in gateways_without_pods(state):
        if not gateway.addresses or services_of_gateway(state, gateway):
            continue
        has = families_of(tuple(a.value for a in gateway.addresses if a.type == "IPAddress"))
        named += not has
        for family in has:
            tally.add(family, 1, has=True)
    return tally, named


def _load_balancers(state: ClusterState) -> Layer:
    family_counts = state.family_counts
    kinds = (Kind.GATEWAY, Kind.GATEWAY_CLASS, Kind.SERVICE)
    versions = (state.facets[PodFacet.CONTROLLERS], *(state.epochs[kind] for kind in kinds))
    gateways, gateways_without_address = state.cached("Gateways by family", versions, lambda: _gateways(state))
    tally = Tally()
    for family in FAMILIES:
        for part in (family_counts.load_balancers, gateways):
            tally.of[family] += part.of[family]
            tally.having[family] += part.having[family]
    without_address = family_counts.hostname_only + gateways_without_address
    return _layer(state, LayerName.LOAD_BALANCERS, tally, Kind.SERVICE, note=_number(without_address, "by name only"))


def coverage_layers(view: ClusterView) -> tuple[Layer, ...]:
    """Every non-empty layer. The cost does not depend on the number of objects."""
    state, family_counts = view.state, view.state.family_counts
    versions = (
        state.facets[PodFacet.CONTROLLERS],
        *(state.epochs[kind] for kind in (Kind.PROXY_LISTENERS, Kind.CONFIG_MAP, Kind.NODE, *_PARAMETERS)),
        state.status(Kind.POD).health,
        state.status(Kind.PROXY_LISTENERS),
    )
    layers = (
        _layer(state, LayerName.NODES, family_counts.nodes, Kind.NODE, unready=len(family_counts.unready_nodes)),
        _layer(state, LayerName.PODS, _pods(state), Kind.POD),
        _layer(state, LayerName.SERVICES, family_counts.services, Kind.SERVICE),
        _layer(state, LayerName.ENDPOINTS, family_counts.endpoints, Kind.ENDPOINT_SLICE, Kind.SERVICE),
        _load_balancers(state),
        state.cached("listeners by family", versions, lambda: _listeners(state)),
    )
    return tuple(layer for layer in layers if not layer.is_empty)
