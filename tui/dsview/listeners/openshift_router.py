"""OpenShift's router: ROUTER_IP_V4_V6_MODE, which the ingress operator writes (openshift/router)."""

from __future__ import annotations

from dsview.core.address import V4, V6, Family
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Value, Vocabulary
from dsview.listeners.proxy_controller import ProxyController, environment, exec_line, owner_ref
from dsview.listeners.sockets import BOTH, Sockets, declared, predicted, unknown

_LABEL = "ingresscontroller.operator.openshift.io/deployment-ingresscontroller"
_VARIABLE = "ROUTER_IP_V4_V6_MODE"
_FAMILIES: dict[str, tuple[Family, ...]] = {"v4v6": BOTH, "v6": (V6,)}


class OpenShiftRouter(ProxyController):
    """OpenShift's router."""

    name = "openshift-router"
    title = "OpenShift's router"
    ingress_controllers = ("openshift.io/ingress-to-route",)
    vocabulary = Vocabulary(
        containers=("router",),
        label_keys=("ingresscontroller.operator.openshift.io/deployment-ingresscontroller",),
        variables={_VARIABLE: Value.WORD},
        setting_words=("v4", *_FAMILIES),
    )

    def is_proxy(self, pod: Pod) -> bool:
        """By namespace and label."""
        return pod.namespace == "openshift-ingress" and _LABEL in pod.labels

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """By the variable; any other value means IPv4."""
        variable = environment(pod, _VARIABLE, "router")
        if variable.unread:
            return unknown(variable.unread)
        if not variable.is_set:
            return predicted((V4,), f"predicted from the default of {_VARIABLE}, which is not set")
        value = variable.value
        families = _FAMILIES.get(value, (V4,))
        return declared(families, f"{_VARIABLE} is {value}", owner_ref(pod), f"env {_VARIABLE}={value}")

    def proof(self, pod: Pod) -> str:
        """The bind lines of HAProxy."""
        return exec_line(pod, "router", "grep", "bind :", "haproxy.config")

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """The cluster network: the operator does the rest, and reverts manual changes."""
        return (
            "# make spec.clusterNetwork of network.config/cluster dual-stack: the ingress operator sets the mode.\n"
            f"# Do not set {_VARIABLE} on the Deployment: the operator reverts it."
        )
