"""kgateway: proxies bind `::` (both families) unless KGW_LISTENER_BIND_IPV6 of the controller is not true."""

from __future__ import annotations

from collections.abc import Hashable

from dsview.core.address import V4, Family
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Value, Vocabulary
from dsview.listeners.proxy_controller import ProxyController, admin_line, environment, owner_ref
from dsview.listeners.sockets import BOTH, Sockets, declared, predicted, unknown

_VARIABLE = "KGW_LISTENER_BIND_IPV6"
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})


class KGateway(ProxyController):
    """kgateway."""

    name = "kgateway"
    gateway_controllers = ("kgateway.dev/kgateway",)
    is_shared = False
    vocabulary = Vocabulary(
        images=("agentgateway",),
        containers=("agentgateway",),
        label_keys=("kgateway",),
        label_values=("kgateway", "kube-gateway"),
        variables={_VARIABLE: Value.SWITCH},
    )

    def is_proxy(self, pod: Pod) -> bool:
        """By its label, which agentgateway's proxies also had before it became a separate project."""
        return pod.labels.get("kgateway") == "kube-gateway" and not any(
            "agentgateway" in c.name or "agentgateway" in c.image for c in pod.containers
        )

    def is_control_plane(self, pod: Pod) -> bool:
        """By its label."""
        return pod.labels.get("kgateway") == "kgateway"

    def sockets_key(self, pod: Pod) -> Hashable:
        """Nothing in the pod affects the result."""
        return self.name

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """By the variable of the controller pods."""
        pods = self.control_planes(cluster)
        if not pods:
            return unknown(f"no kgateway controller is visible: its {_VARIABLE} decides")
        variables = {environment(p, _VARIABLE) for p in pods}
        if len(variables) > 1:
            return unknown(f"the controller pods differ in {_VARIABLE}")
        variable = variables.pop()
        value = variable.value
        if variable.unread:
            return unknown(variable.unread)
        if not variable.is_set:
            return predicted(BOTH, f"predicted from the default of {_VARIABLE}, which is not set")
        families: tuple[Family, ...] = BOTH if value in _TRUE else (V4,)
        return declared(families, f"{_VARIABLE} is {value}", owner_ref(pods[0]), f"env {_VARIABLE}={value}")

    def proof(self, pod: Pod) -> str:
        """The listeners of Envoy."""
        return admin_line(pod, 19000)

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """The chart's value."""
        return '# set controller.extraEnv.KGW_LISTENER_BIND_IPV6: "true" in the chart\'s values'
