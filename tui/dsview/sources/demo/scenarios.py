"""The demos by name, with what each is about: known without reading a scenario file."""

from __future__ import annotations

import msgspec


class Scenario(msgspec.Struct, frozen=True):
    """A demo: its name on the command line, a title, and a sentence on what it shows."""

    name: str
    title: str
    summary: str


DEFAULT = "troubled"

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "troubled",
            "A shop on its way to dual-stack",
            "A cluster that was made dual-stack yesterday: pods and a node from before, Services that stayed on one "
            "family, a controller replica that is deaf on IPv6; while you look on, some of it is fixed.",
        ),
        Scenario(
            "healthy",
            "A healthy kind cluster",
            "Three dual-stack nodes, one Service of each IP family policy, ingress-nginx behind a load balancer with "
            "both families; a pod is restarted now and then.",
        ),
    )
}
