"""Objects from a cluster: the only package that knows the official client, and only `client` imports it."""

from dsview.sources.kube.source import KubeSource

__all__ = ["KubeSource"]
