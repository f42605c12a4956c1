"""Envoy Gateway: EnvoyProxy.spec.ipFamily determines both sockets and Service (gateway.envoyproxy.io/v1alpha1)."""

from __future__ import annotations

from dsview.core.address import V4, V6, Family
from dsview.kinds.gateway import Gateway
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.cluster import ClusterReader
from dsview.listeners.controller import Vocabulary
from dsview.listeners.gateway_api import GATEWAY_CLASS_LABEL, class_of, gateway_of, how_to_set, settings_of
from dsview.listeners.ip_family_setting import sockets_by_setting
from dsview.listeners.proxy_controller import ProxyController, admin_line, pod_families
from dsview.listeners.sockets import BOTH, Sockets, predicted, unknown

_FAMILIES: dict[str, tuple[Family, ...]] = {"IPv4": (V4,), "IPv6": (V6,), "DualStack": BOTH}


class EnvoyGateway(ProxyController):
    """Envoy Gateway."""

    name = "envoy-gateway"
    title = "Envoy Gateway"
    gateway_controllers = ("gateway.envoyproxy.io/gatewayclass-controller",)
    is_shared = False
    vocabulary = Vocabulary(
        label_keys=("app.kubernetes.io/managed-by", GATEWAY_CLASS_LABEL),
        label_values=("envoy-gateway", "proxy"),
        setting_words=tuple(_FAMILIES),
    )

    def is_proxy(self, pod: Pod) -> bool:
        """By the labels that it sets on its proxies."""
        labels = pod.labels
        return (
            labels.get("app.kubernetes.io/managed-by") == "envoy-gateway"
            and labels.get("app.kubernetes.io/component", "proxy") == "proxy"
            and ("gateway.envoyproxy.io/owning-gateway-name" in labels or GATEWAY_CLASS_LABEL in labels)
        )

    def sockets(self, cluster: ClusterReader, pod: Pod) -> Sockets:
        """By the EnvoyProxy of the Gateway, otherwise that of the class."""
        key = gateway_of(pod.labels, pod.namespace)
        gateway = cluster.gateways.get(key) if key is not None else None
        if GATEWAY_CLASS_LABEL in pod.labels:
            gateway_class = cluster.gateway_classes.get(("", pod.labels[GATEWAY_CLASS_LABEL]))
        else:
            gateway_class = class_of(cluster, gateway) if gateway is not None else None
        if gateway_class is None:
            return unknown("the Gateway or its class was not read")
        found = settings_of(cluster, gateway, gateway_class, Kind.ENVOY_PROXY)
        decided = sockets_by_setting(found, Kind.ENVOY_PROXY, _FAMILIES)
        if decided is not None:
            return decided
        return predicted((V4,), "predicted from the default of EnvoyProxy spec.ipFamily, which is not set")

    def sends_to_cluster_ip(self, cluster: ClusterReader, gateway: Gateway, backend: Service) -> bool:
        """By EnvoyProxy.spec.routingType. True if the EnvoyProxy was not read, because it may say so."""
        found = settings_of(cluster, gateway, class_of(cluster, gateway), Kind.ENVOY_PROXY)
        chosen = next((item.routing_type for item in found.found if item.routing_type), "")
        return chosen == "Service" or bool(found.missing and not chosen)

    def proof(self, pod: Pod) -> str:
        """The listeners of Envoy (internal/xds/bootstrap)."""
        return admin_line(pod, 19000)

    def open_fix(self, cluster: ClusterReader, service: Service, family: Family) -> str:
        """One field opens the socket and sets the families of the Service.

        Where the proxies have IPv6 only, `DualStack` is no remedy: the API server refuses the Service if the cluster
        has no IPv4.
        """
        _, pods = self.services(cluster).get(service.key, (service, ()))
        has = {family for pod in pods for family in pod_families(pod)}
        gateway_class = cluster.gateway_classes.get(("", service.labels.get(GATEWAY_CLASS_LABEL, "")))
        if has == {V6}:
            return how_to_set(cluster, service, gateway_class, Kind.ENVOY_PROXY, "spec.ipFamily: IPv6")
        return (
            how_to_set(cluster, service, gateway_class, Kind.ENVOY_PROXY, "spec.ipFamily: DualStack")
            + "\n# it opens the sockets and makes the Service dual-stack: do not patch only the Service"
        )

    def service_fix(self, cluster: ClusterReader, service: Service) -> str:
        """The same field."""
        return self.open_fix(cluster, service, V6)
