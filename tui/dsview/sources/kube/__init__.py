"""Objects from a cluster. Only this package uses the official client, and only `official_client` imports it."""

from dsview.sources.kube.source import KubeSource

__all__ = ["KubeSource"]
