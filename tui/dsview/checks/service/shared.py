"""Shared by the checks of this folder."""

from __future__ import annotations

from dsview.kinds.objects import Service


def is_cluster_dns(service: Service) -> bool:
    """Whether the Service is the cluster's DNS: kubeadm's name, or the label that every distribution keeps."""
    return service.namespace == "kube-system" and (
        service.name == "kube-dns" or service.labels.get("k8s-app") == "kube-dns"
    )
