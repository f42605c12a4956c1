"""Code shared by the checks in this package."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

Located = tuple[str, str]
"""Field and address."""


def addresses(item: object) -> Iterator[Located]:
    """The fields with the addresses at which others reach the object (DS-ADR-001)."""
    match item:
        case Pod():
            if item.phase not in {"Succeeded", "Failed"}:
                for i, ip in enumerate(item.ips):
                    yield f"status.podIPs[{i}]", ip
        case Node():
            for i, address in enumerate(item.addresses):
                if address.type == "InternalIP":
                    yield f"status.addresses[{i}]", address.address
        case Service():
            if item.is_external_name:
                return
            for i, ip in enumerate(item.real_cluster_ips):
                yield f"spec.clusterIPs[{i}]", ip
            for i, ip in enumerate(item.external_ips):
                yield f"spec.externalIPs[{i}]", ip
            for i, entry in enumerate(item.load_balancer_ingress):
                if entry.ip:
                    yield f"status.loadBalancer.ingress[{i}].ip", entry.ip
