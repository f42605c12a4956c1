"""The listen sockets of a controller pod, either read or predicted from the API."""

from __future__ import annotations

from collections.abc import Iterable

from dsview.core.address import V4, V6, Family, families_of
from dsview.core.finding import ObjectRef
from dsview.core.listen import Likelihood, Listener, ListenSource, ProxyListeners, ports_of_host_names, sockets
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.config_maps import is_config_map_unread
from dsview.listeners.controller import Opening, Switch
from dsview.listeners.ingress_nginx.pods import config_map_key, has_ssl_passthrough, is_truthy, public_ports
from dsview.listeners.ports import target_port

DISABLE_IPV6 = "disable-ipv6"
"""The ConfigMap key that disables listening on IPv6 in ingress-nginx."""


def enable_ipv6(settings: ConfigMap) -> Switch:
    """The setting of a ConfigMap that disables IPv6. nginx checks for the family when its process starts."""
    return Switch(
        holder=ObjectRef("ConfigMap", settings.namespace, settings.name),
        message=f"{DISABLE_IPV6} is true in ConfigMap {settings.namespace}/{settings.name}: nginx would refuse IPv6 "
        "connections.",
        patch={"data": {DISABLE_IPV6: "false"}},
    )


def missing_listen(settings: Key, ports: Iterable[str], family: Family) -> Opening:
    """How to open ports for a family that a template or a snippet omits, if a restart does not help."""
    target = "0.0.0.0:PORT" if family == V4 else "[::]:PORT"
    return Opening(
        edit=settings,
        note=f"add listen {target} next to the listen directive of {', '.join(ports)}, or in the custom template",
    )


def nginx_conf(state: ClusterReader, pod: Pod) -> ProxyListeners:
    """The listeners of this pod's nginx: predicted if its nginx.conf was not read, unread if parsing failed."""
    read = state.proxy_listeners.get(pod.key)
    if read is not None and read.source is not ListenSource.PREDICTED:
        return read
    reason = read.reason if read is not None else ""
    return predict(state, pod, reason or state.status(Kind.PROXY_LISTENERS).reason or "nginx.conf was not read")


def config_map(state: ClusterReader, pod: Pod) -> ConfigMap | None:
    """The controller's ConfigMap, if it was read."""
    return state.config_maps.get(config_map_key(pod))


def is_ipv6_disabled(state: ClusterReader, pod: Pod) -> bool:
    """Whether the controller's ConfigMap disables IPv6; False if it was not read."""
    settings = config_map(state, pod)
    return settings is not None and is_truthy(settings.data.get(DISABLE_IPV6, ""))


def closed_nginx_ports(state: ClusterReader, service: Service, pod: Pod, family: Family) -> list[int]:
    """The ports of a controller pod that the Service leads to and that have no listener of the family.

    Empty if nginx.conf could not be parsed, or was predicted without its ConfigMap.
    """
    conf = nginx_conf(state, pod)
    if conf.source is ListenSource.UNREAD or (conf.source is ListenSource.PREDICTED and config_map(state, pod) is None):
        return []
    found = sockets(conf)
    public = public_ports(pod)
    passed_through = public["https"] if has_ssl_passthrough(pod) else None
    unknown = ports_of_host_names(conf)
    closed: list[int] = []
    for port in service.ports:
        number = target_port(port, pod)
        transport = port.protocol.lower()
        has = found.get((transport, number))
        if number is None or number == passed_through:
            continue
        if has is None and (transport != "tcp" or number not in public.values()):
            # No listener in either family: the port belongs to another program, or to none.
            continue
        if family not in (has or set()) and (transport, number) not in unknown and number not in closed:
            closed.append(number)
    return closed


def predict(state: ClusterReader, pod: Pod, reason: str) -> ProxyListeners:
    """The listeners that ingress-nginx would write: always IPv4, and IPv6 as the process decides when it starts."""
    ports = public_ports(pod)
    if has_ssl_passthrough(pod):
        ports = {**ports, "https": 442}
    likelihood = _ipv6_likelihood(state, pod)
    listeners: list[Listener] = []
    for name, port in ports.items():
        options = ("ssl",) if name == "https" else ()
        listeners.append(_wildcard("*", port, options, Likelihood.YES))
        if likelihood is not None:
            listeners.append(_wildcard("[::]", port, options, likelihood))
    return ProxyListeners(
        namespace=pod.namespace,
        name=pod.name,
        source=ListenSource.PREDICTED,
        listeners=tuple(listeners),
        reason=reason,
    )


def _wildcard(address: str, port: int, options: tuple[str, ...], likelihood: Likelihood) -> Listener:
    return Listener(
        transport="tcp",
        address=address,
        port=port,
        families=(V4,) if address == "*" else (V6,),
        options=options,
        server_names=("_",),
        likelihood=likelihood,
    )


def _ipv6_likelihood(state: ClusterReader, pod: Pod) -> Likelihood | None:
    """How likely a `[::]` listen is; None if there is none."""
    if is_ipv6_disabled(state, pod):
        return None
    if V6 in families_of(pod.ips):
        # Without the ConfigMap, IPv6 may be disabled.
        return Likelihood.LIKELY if is_config_map_unread(state, config_map_key(pod)) else Likelihood.YES
    node = state.nodes.get(("", pod.node_name))
    if pod.host_network and node is not None and V6 in families_of(node.addresses_of("InternalIP")):
        return Likelihood.LIKELY
    return Likelihood.UNKNOWN
