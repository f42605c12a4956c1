"""Rows of the listeners pane for Gateways that no pod of the cluster serves, one for each port."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.listener_keys import ListenerKey
from dsview.core.address import FAMILIES, by_family
from dsview.core.finding import Finding
from dsview.core.listen import Listener
from dsview.core.text import safe
from dsview.kinds.gateway import Gateway, GatewayListener
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.listeners.front_doors import services_of_gateway
from dsview.listeners.gateway_listeners import gateway_controller_name, gateway_sockets, gateways_without_pods
from dsview.tables.cells import Cell, Tone
from dsview.tables.pane import MISSING, NOTHING, text_cell
from dsview.tables.panes.listeners.known_from import known_from


def gateway_keys(view: ClusterView) -> Iterator[Key]:
    """A key for each port of each such Gateway."""
    for gateway in gateways_without_pods(view.state):
        yield from dict.fromkeys(ListenerKey.of_gateway(gateway, x).row_key for x in gateway.listeners)


def gateway_of_key(view: ClusterView, key: Key) -> Gateway | None:
    """The Gateway of a row; None for the row of a pod, or if a pod serves the Gateway now."""
    found = ListenerKey.parse(key).gateway_key
    gateway = view.state.gateways.get(found) if found is not None else None
    return gateway if gateway is not None and gateway in gateways_without_pods(view.state) else None


def listeners_of_key(gateway: Gateway, key: Key) -> list[GatewayListener]:
    """The Gateway's listeners that share the row."""
    return [x for x in gateway.listeners if ListenerKey.of_gateway(gateway, x).row_key == key]


def gateway_listeners(view: ClusterView, gateway: Gateway) -> list[Listener]:
    """A listener for every port of the Gateway, with the families that are known."""
    families = gateway_sockets(view.state, gateway).families or ()
    return [Listener(transport="tcp", address="", port=x.port, families=families) for x in gateway.listeners]


def gateway_findings(view: ClusterView, gateway: Gateway) -> tuple[Finding, ...]:
    """Findings about the Gateway, the object with the setting, and its Services' listeners."""
    found = list(view.findings_of(Kind.GATEWAY.value, *gateway.key))
    holder = gateway_sockets(view.state, gateway).holder
    if holder is not None:
        found += view.findings_of(holder.kind, holder.namespace or "", holder.name)
    for service in services_of_gateway(view.state, gateway):
        found += [f for f in view.findings_of("Service", *service.key) if f.check.startswith("DS-LSN-")]
    return tuple(sorted(found, key=lambda f: f.order))


def gateway_cells(view: ClusterView, gateway: Gateway, listeners: list[GatewayListener]) -> dict[str, Cell]:
    """The cells of a row: the known listeners, or otherwise the Gateway's addresses."""
    first, known = listeners[0], gateway_sockets(view.state, gateway)
    names = ", ".join(dict.fromkeys(x.hostname for x in listeners if x.hostname))
    cells = {
        "namespace": text_cell(gateway.namespace, Tone.MUTED),
        "pod": text_cell(f"Gateway {gateway.name}"),
        "controller": text_cell(gateway_controller_name(view.state, gateway), Tone.MUTED),
        "port": text_cell(str(first.port)),
        "transport": text_cell("udp" if first.protocol == "UDP" else "tcp", Tone.MUTED),
        "server_names": text_cell(names if known.is_known else known.reason, Tone.MUTED, value=names),
        "source": known_from(known.source),
    }
    published = by_family(a.value for a in gateway.addresses if a.type == "IPAddress")
    for family, suffix, wildcard in zip(FAMILIES, ("_v4", "_v6"), ("*", "[::]"), strict=True):
        cell = NOTHING
        if known.is_known:
            cell = Cell(safe(f"{wildcard}:{first.port}")) if family in (known.families or ()) else MISSING
        elif published[family]:
            address = published[family][0]
            shown = f"[{address}]" if ":" in address else address
            cell = Cell(safe(f"{shown}:{first.port}"), Tone.MUTED)
        cells[f"listen{suffix}"] = cell
    return cells
