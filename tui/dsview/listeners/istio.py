"""Istio: the sockets of the gateways follow ISTIO_DUAL_STACK of istiod (istio/istio pilot/pkg/features).

Without it, each listener has one socket: `0.0.0.0`, or `::` if the pod has only IPv6.
"""

from __future__ import annotations

from collections.abc import Hashable

from dsview.core.address import V4, V6, Family
from dsview.kinds.gateway import Gateway
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Value, Vocabulary
from dsview.listeners.gateway_api import gateway_of
from dsview.listeners.proxy_controller import ProxyController, environment, exec_line, owner_ref, pod_families
from dsview.listeners.sockets import Sockets, declared, predicted, unknown

_MANAGED = "gateway.istio.io/managed"
_REVISION = "istio.io/rev"
_ROLE, _EGRESS = "istio", "egressgateway"
"""The label of classic gateways, and its value where traffic only leaves the mesh."""

_VARIABLE = "ISTIO_DUAL_STACK"
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_OTHER_ROLES = ("mesh-controller", "eastwest-controller", "waypoint", "agentgateway")
"""Parts of the label's value that name a waypoint, the gateway between clusters, or a proxy other than Envoy."""

_AKS_CLASS = "approuting-istio"
"""The class of AKS, whose controllerName is undocumented."""


class Istio(ProxyController):
    """Istio, including the versions of OpenShift and AKS."""

    name = "istio"
    title = "Istio"
    gateway_controllers = ("istio.io/gateway-controller", "openshift.io/gateway-controller*")
    inner_gateway_controllers = ("istio.io/mesh-controller", "istio.io/unmanaged-gateway")
    is_shared = False
    vocabulary = Vocabulary(
        containers=("discovery", "istio-proxy"),
        subcommands=("proxy", "router", "waypoint"),
        label_keys=(_MANAGED, _ROLE),
        label_values=(
            _EGRESS,
            "istiod",
            "istio.io-gateway-controller",
            "istio.io-mesh-controller",
            "openshift.io-gateway-controller",
            "openshift.io-gateway-controller-v1",
        ),
        variables={_VARIABLE: Value.SWITCH},
    )

    def is_proxy(self, pod: Pod) -> bool:
        """By the label of gateways that Istio creates, otherwise by the arguments `proxy router`.

        Excludes waypoints and egress gateways.
        """
        managed = pod.labels.get(_MANAGED)
        proxies = [c for c in pod.containers if c.name == "istio-proxy"]
        if managed:
            is_waypoint = any("waypoint" in c.command_line[:2] for c in proxies)
            return bool(proxies) and not is_waypoint and not any(role in managed for role in _OTHER_ROLES)
        is_router = any(c.command_line[:2] == ("proxy", "router") for c in proxies)
        return is_router and pod.labels.get(_ROLE) != _EGRESS

    def is_control_plane(self, pod: Pod) -> bool:
        """Istiod."""
        return pod.labels.get("app") == "istiod"

    def serves_gateway(self, cluster: ClusterReader, gateway: Gateway) -> bool:
        """By the class's controllerName, or the class of AKS."""
        return super().serves_gateway(cluster, gateway) or gateway.class_name == _AKS_CLASS

    def sockets_key(self, pod: Pod) -> Hashable:
        """The labels, by which revisions and Gateways of networking.istio.io choose, and the families of the pod."""
        return (id(pod.labels), pod_families(pod))

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """By the variable of the istiod pods of the same revision."""
        gateways = cluster.istio_gateways
        binding = next((item for item in gateways if item.binds and item.selects(pod.labels)), None)
        if binding is not None:
            return unknown(f"Gateway {binding.namespace}/{binding.name} of networking.istio.io binds an address")
        if _may_lack_gateways(cluster):
            return unknown("not all Gateways of networking.istio.io were read: they may bind an address")
        revision = pod.labels.get(_REVISION)
        pods = [p for p in self.control_planes(cluster) if not revision or p.labels.get(_REVISION) == revision]
        if not pods or not cluster.is_known(Kind.POD):
            return unknown("no istiod is visible: its ISTIO_DUAL_STACK decides")
        settings = {environment(istiod, _VARIABLE, "discovery") for istiod in pods}
        if len(settings) > 1:
            return unknown(f"the istiod pods differ in {_VARIABLE}")
        variable = settings.pop()
        value = variable.value
        if variable.unread:
            return unknown(f"on istiod, {variable.unread}")
        has = pod_families(pod)
        single: tuple[Family, ...] = (V4,) if V4 in has or not has else (V6,)
        if not variable.is_set:
            return predicted(single, f"predicted from the default of {_VARIABLE}, which istiod does not set")
        opened = has if value in _TRUE else single
        return declared(opened, f"{_VARIABLE} is {value} on istiod", owner_ref(pods[0]), f"env {_VARIABLE}={value}")

    def proof(self, pod: Pod) -> str:
        """The listeners of Envoy, through the agent."""
        return exec_line(pod, "istio-proxy", "pilot-agent", "request", "GET", "listeners")

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """Both values are needed: the first opens the sockets, the second configures the proxies."""
        return (
            '# set in Istio\'s values: pilot.env.ISTIO_DUAL_STACK: "true" and\n'
            '#   meshConfig.defaultConfig.proxyMetadata.ISTIO_DUAL_STACK: "true"\n'
            "# then restart istiod, and after it the gateways"
        )

    def service_fix(self, cluster: ClusterReader, service: Service) -> str:
        """The chart's values, for a classic gateway.

        Services that Istio creates for Gateways have no policy before 1.24. A patch of them lasts, because Istio does
        not own the field.
        """
        if gateway_of(service.labels, service.namespace) is not None:
            return ""
        return (
            "# set in the gateway chart's values: service.ipFamilyPolicy: PreferDualStack and\n"
            "#   service.ipFamilies: [IPv4, IPv6]"
        )


def _may_lack_gateways(cluster: ClusterReader) -> bool:
    """Whether there may be Gateways of networking.istio.io that were not read."""
    if not cluster.is_known(Kind.ISTIO_GATEWAY):
        return cluster.may_have_unread(Kind.ISTIO_GATEWAY)
    status = cluster.status(Kind.ISTIO_GATEWAY)
    return bool(status.cut_off) or status.namespaces is not None or status.listed == frozenset()
