"""dsview: a terminal dashboard for the IPv4/IPv6 state of a Kubernetes cluster."""

__version__ = "0.1.0"
