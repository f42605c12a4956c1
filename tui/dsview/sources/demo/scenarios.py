"""The names and descriptions of the demos, available without reading a scenario file."""

from __future__ import annotations

import msgspec


class Scenario(msgspec.Struct, frozen=True):
    """A demo: its name on the command line, a title, a summary, and what a user learns from it.

    `teaches` ends the sentence that begins with "You learn".
    """

    name: str
    title: str
    summary: str
    teaches: str


DEFAULT = "troubled"

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "troubled",
            "A shop on its way to dual-stack",
            "A cluster that was made dual-stack yesterday: pods and a node from before, Services that stayed on one "
            "family, and a controller replica that does not listen on IPv6. The key B starts a story in which some "
            "of it is fixed.",
            "how to find the Service that is broken over IPv6, the hop where it breaks, and the command that fixes it.",
        ),
        Scenario(
            "healthy",
            "A healthy kind cluster",
            "Three dual-stack nodes, one Service of each IP family policy, ingress-nginx behind a load balancer with "
            "both families; a pod is restarted now and then.",
            "what a dual-stack cluster without a finding looks like, and what a restart looks like in it.",
        ),
        Scenario(
            "gateways",
            "Front doors of six controllers",
            "Gateways of Istio, Envoy Gateway, Cilium and NGINX Gateway Fabric, Ingresses of Traefik and HAProxy, and "
            "a Gateway of the cloud: some offer both families, some lost one, each in its own way.",
            "whose proxies listen on what, how sure that is, and what each controller needs to open the other family.",
        ),
    )
}
