"""Imports every module that holds checks, so that the registry is whole."""

from dsview.checks import (  # noqa: F401  (imported for their entries in the registry)
    addresses,
    cluster,
    control_plane,
    endpoints,
    ingress,
    load_balancers,
    network_policies,
    nginx,
    nginx_settings,
    nodes,
    pods,
    services,
    webhooks,
)
