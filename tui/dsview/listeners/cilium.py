"""Cilium: the Envoy on every node accepts traffic before the Service does. cilium-config sets the families."""

from __future__ import annotations

from dsview.core.address import FAMILIES, Family
from dsview.core.finding import ObjectRef
from dsview.core.listen import ListenSource
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import DoorServices, Vocabulary
from dsview.listeners.gateway_api import gateway_of
from dsview.listeners.proxy_controller import ProxyController
from dsview.listeners.sockets import Sockets, unknown

CONFIG_MAP: Key = ("kube-system", "cilium-config")
_SWITCHES: dict[Family, str] = {"IPv4": "enable-ipv4", "IPv6": "enable-ipv6"}
_INGRESS = "cilium.io/ingress"
"""The label of the Services of Ingresses, shared or not (operator/pkg/model/translation/ingress)."""


class Cilium(ProxyController):
    """Cilium, which has no proxy pods."""

    name = "cilium"
    title = "Cilium"
    config_map_name = CONFIG_MAP[1]
    gateway_controllers = ("io.cilium/gateway-controller",)
    ingress_controllers = ("cilium.io/ingress-controller",)
    is_shared = False
    reaches_backends_from_pods = False
    vocabulary = Vocabulary(config_switches={CONFIG_MAP: tuple(_SWITCHES.values())})

    def is_proxy(self, pod: Pod) -> bool:
        """Always false: traffic does not go to a pod."""
        return False

    def cluster_config_maps(self) -> tuple[Key, ...]:
        """cilium-config."""
        return (CONFIG_MAP,)

    def node_sockets(self, cluster: ClusterReader) -> Sockets:
        """The families that the Envoys on the nodes accept, on every port."""
        config_map = cluster.config_maps.get(CONFIG_MAP)
        if config_map is None:
            return unknown("ConfigMap kube-system/cilium-config was not read")
        values = {family: config_map.data.get(name) for family, name in _SWITCHES.items()}
        if None in values.values():
            return unknown("ConfigMap kube-system/cilium-config does not set both families")
        families: tuple[Family, ...] = tuple(f for f in FAMILIES if values[f] == "true")
        closes = tuple(f for f in FAMILIES if f not in families)
        return Sockets(
            source=ListenSource.DECLARED,
            families=families,
            reason=" and ".join(f"enable-{f.lower()} of cilium-config is {values[f]}" for f in closes or FAMILIES),
            holder=ObjectRef("ConfigMap", *CONFIG_MAP) if closes else None,
            setting=", ".join(f"data.{_SWITCHES[f]}" for f in closes),
            closes=closes,
        )

    def services(self, cluster: ClusterReader) -> DoorServices:
        """The Services that it creates for its Gateways and Ingresses. They do not select pods."""
        kinds = (Kind.SERVICE, Kind.GATEWAY, Kind.GATEWAY_CLASS, Kind.INGRESS_CLASS)
        versions = tuple(cluster.epochs[kind] for kind in kinds)
        return cluster.cached("Services of cilium", versions, lambda: self._created_services(cluster))

    def _created_services(self, cluster: ClusterReader) -> DoorServices:
        found: dict[Key, tuple[Service, tuple[Pod, ...]]] = {}
        for gateway in cluster.gateways:
            if self.serves_gateway(cluster, gateway):
                for service in cluster.services.in_namespace(gateway.namespace):
                    if gateway_of(service.labels, service.namespace) == gateway.key:
                        found[service.key] = (service, ())
        if self.has_ingress_class(cluster):
            found.update((s.key, (s, ())) for s in cluster.services if s.labels.get(_INGRESS) == "true")
        return found

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """cilium-config, set through the chart."""
        return f"# set {family.lower()}.enabled: true in Cilium's chart values, and restart its agents"

    def service_fix(self, cluster: ClusterReader, service: Service) -> str:
        """The fields of CiliumGatewayClassConfig. Empty for Ingresses, which have no such fields."""
        if _INGRESS in service.labels:
            return ""
        return (
            "# set spec.service.ipFamilyPolicy and spec.service.ipFamilies in the CiliumGatewayClassConfig that the\n"
            "# GatewayClass names. Do not add endpoints."
        )
