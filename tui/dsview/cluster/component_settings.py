"""The settings in kube-proxy's ConfigMap that checks use. Its text is as untrusted as any other."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from dsview.core.yaml_text import YamlError, load_yaml
from dsview.kinds.config_map import ConfigMap

KUBE_PROXY = ("kube-system", "kube-proxy")
COREDNS = ("kube-system", "coredns")

_LIMIT = 1 << 18


class KubeProxySettings(msgspec.Struct, frozen=True):
    """nodePortAddresses, detectLocalMode (`ClusterCIDR` if empty) and clusterCIDR of kube-proxy."""

    node_port_addresses: tuple[str, ...] = ()
    detect_local_mode: str = "ClusterCIDR"
    cluster_cidr: str = ""


def kube_proxy_settings(config_map: ConfigMap) -> KubeProxySettings | None:
    """The settings in the ConfigMap; None if its text cannot be parsed."""
    return _parse_kube_proxy(config_map.data.get("config.conf", ""))


@lru_cache(maxsize=8)
def _parse_kube_proxy(text: str) -> KubeProxySettings | None:
    if not text or len(text) > _LIMIT or "&" in text:
        # Anchors are not needed here, and could expand a small text to a huge value.
        return None
    try:
        data = next(load_yaml(text), None)
    except YamlError:
        return None
    if not isinstance(data, dict):
        return None
    addresses = data.get("nodePortAddresses")
    mode = data.get("detectLocalMode")
    cidr = data.get("clusterCIDR")
    return KubeProxySettings(
        node_port_addresses=tuple(a for a in addresses if isinstance(a, str)) if isinstance(addresses, list) else (),
        detect_local_mode=mode if isinstance(mode, str) and mode else "ClusterCIDR",
        cluster_cidr=cidr if isinstance(cidr, str) else "",
    )
