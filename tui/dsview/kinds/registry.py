"""All kinds that dsview reads. To add a kind, add its module, its name in `kind.Kind`, and its line here."""

from __future__ import annotations

from dsview.kinds import (
    api_service,
    config_map,
    endpoint_slice,
    endpoints,
    event,
    gateway,
    gateway_parameters,
    ingress,
    ingress_class,
    ip_address,
    istio_gateway,
    network_policy,
    node,
    pod,
    service,
    service_cidr,
    webhook_configuration,
)
from dsview.kinds.kind import Kind, Resource

RESOURCES: dict[Kind, Resource] = {
    resource.kind: resource
    for resource in (
        service.SERVICE,
        node.NODE,
        endpoint_slice.ENDPOINT_SLICE,
        pod.POD,
        service_cidr.SERVICE_CIDR,
        ip_address.IP_ADDRESS,
        ingress.INGRESS,
        ingress_class.INGRESS_CLASS,
        network_policy.NETWORK_POLICY,
        webhook_configuration.VALIDATING_WEBHOOK,
        webhook_configuration.MUTATING_WEBHOOK,
        api_service.API_SERVICE,
        config_map.CONFIG_MAP,
        event.EVENT,
        endpoints.ENDPOINTS,
        gateway.GATEWAY_CLASS,
        gateway.GATEWAY,
        gateway.HTTP_ROUTE,
        gateway_parameters.ENVOY_PROXY,
        gateway_parameters.NGINX_PROXY,
        gateway_parameters.CILIUM_GATEWAY_CLASS_CONFIG,
        istio_gateway.ISTIO_GATEWAY,
    )
}
"""Every kind by its name, in reading and display order."""

CORE_KINDS: tuple[Kind, ...] = tuple(kind for kind, resource in RESOURCES.items() if resource.core)
"""The kinds that a verdict requires."""

GATEWAY_KINDS: tuple[Kind, ...] = tuple(kind for kind, resource in RESOURCES.items() if resource.optional)
"""The kinds of the Gateway API and of its controllers."""
