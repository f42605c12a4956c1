"""The controllers of cloud load balancers, which have no sockets in the cluster."""

from __future__ import annotations

CLOUD_CONTROLLERS: dict[str, str] = {
    "gateway.k8s.aws/alb": "aws",
    "gateway.k8s.aws/nlb": "aws",
    "ingress.k8s.aws/alb": "aws",
    "application-networking.k8s.aws/gateway-api-controller": "aws",
    "networking.gke.io/gateway": "gke",
    "alb.networking.azure.io/alb-controller": "azure",
}
"""Short names, by the controller name in GatewayClasses and IngressClasses."""
