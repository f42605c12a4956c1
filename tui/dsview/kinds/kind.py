"""The kinds of object that dsview reads, and where the API serves them. One entry each."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """A Kubernetes kind, by its own name."""

    SERVICE = "Service"
    ENDPOINT_SLICE = "EndpointSlice"
    POD = "Pod"
    NODE = "Node"
    SERVICE_CIDR = "ServiceCIDR"
    IP_ADDRESS = "IPAddress"
    INGRESS = "Ingress"
    INGRESS_CLASS = "IngressClass"
    NETWORK_POLICY = "NetworkPolicy"
    VALIDATING_WEBHOOK = "ValidatingWebhookConfiguration"
    MUTATING_WEBHOOK = "MutatingWebhookConfiguration"
    API_SERVICE = "APIService"
    CONFIG_MAP = "ConfigMap"
    EVENT = "Event"
    ENDPOINTS = "Endpoints"
    NGINX_CONF = "NginxConf"
    """Not a Kubernetes kind: the nginx.conf of a controller pod."""


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind is served. `versions` are tried in order; `core` kinds are the ones a verdict cannot do without."""

    kind: Kind
    group: str
    versions: tuple[str, ...]
    plural: str
    namespaced: bool
    core: bool = False

    def path(self, version: str, namespace: str | None = None) -> str:
        """The URL path of the collection, in one namespace or in all."""
        root = f"/apis/{self.group}/{version}" if self.group else f"/api/{version}"
        scope = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}{scope}/{self.plural}"

    @property
    def rbac_name(self) -> str:
        """`plural.group`, as API errors and `kubectl auth can-i` write it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _core(kind: Kind, plural: str, *, namespaced: bool = True, core: bool = False) -> Resource:
    return Resource(kind=kind, group="", versions=("v1",), plural=plural, namespaced=namespaced, core=core)


def _net(kind: Kind, plural: str, *versions: str, namespaced: bool) -> Resource:
    return Resource(
        kind=kind, group="networking.k8s.io", versions=versions or ("v1",), plural=plural, namespaced=namespaced
    )


def _cluster(kind: Kind, group: str, plural: str) -> Resource:
    return Resource(kind=kind, group=group, versions=("v1",), plural=plural, namespaced=False)


RESOURCES: dict[Kind, Resource] = {
    resource.kind: resource
    for resource in (
        _core(Kind.SERVICE, "services", core=True),
        _core(Kind.NODE, "nodes", namespaced=False, core=True),
        Resource(
            kind=Kind.ENDPOINT_SLICE,
            group="discovery.k8s.io",
            versions=("v1",),
            plural="endpointslices",
            namespaced=True,
            core=True,
        ),
        _core(Kind.POD, "pods", core=True),
        _net(Kind.SERVICE_CIDR, "servicecidrs", "v1", "v1beta1", namespaced=False),
        _net(Kind.IP_ADDRESS, "ipaddresses", "v1", "v1beta1", namespaced=False),
        _net(Kind.INGRESS, "ingresses", namespaced=True),
        _net(Kind.INGRESS_CLASS, "ingressclasses", namespaced=False),
        _net(Kind.NETWORK_POLICY, "networkpolicies", namespaced=True),
        _cluster(Kind.VALIDATING_WEBHOOK, "admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        _cluster(Kind.MUTATING_WEBHOOK, "admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
        _cluster(Kind.API_SERVICE, "apiregistration.k8s.io", "apiservices"),
        _core(Kind.CONFIG_MAP, "configmaps"),
        _core(Kind.EVENT, "events"),
        _core(Kind.ENDPOINTS, "endpoints"),
    )
}

CORE_KINDS: tuple[Kind, ...] = tuple(kind for kind, resource in RESOURCES.items() if resource.core)

EVENT_REASONS: tuple[str, ...] = (
    "KubernetesDefaultServiceCIDRInconsistent",
    "KubernetesDefaultServiceCIDRError",
    "ClusterIPOutOfRange",
    "HostIPsIPFamilyMismatch",
    "CIDRNotAvailable",
    "CIDRAssignmentFailed",
    "AllocationFailed",
    "SyncLoadBalancerFailed",
)
"""The only reasons that Events are asked for; each request has one as its fieldSelector."""
