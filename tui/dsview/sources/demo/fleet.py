"""The clusters of `dsview fleet --demo`: the demos, some of them without a namespace, and clusters that fail."""

from __future__ import annotations

import msgspec


class DemoCluster(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario, perhaps without some namespaces, or a cluster that cannot be read: `failure` or `plugin` says why."""

    name: str
    scenario: str = ""
    without: tuple[str, ...] = ()
    failure: str = ""
    plugin: str = ""


DEMO_FLEET: tuple[DemoCluster, ...] = (
    DemoCluster(name="prod-eu-1", scenario="troubled"),
    DemoCluster(name="prod-eu-2", scenario="healthy"),
    DemoCluster(name="prod-us-1", scenario="troubled", without=("payments",)),
    DemoCluster(name="prod-us-2", scenario="healthy"),
    DemoCluster(name="prod-ap-1", scenario="troubled", without=("shop",)),
    DemoCluster(name="staging", scenario="healthy", without=("default",)),
    DemoCluster(name="edge-hamburg", failure="https://10.20.0.10:6443 does not answer."),
    DemoCluster(name="edge-munich", scenario="troubled", without=("shop", "payments")),
    DemoCluster(
        name="sandbox",
        failure="The API server does not accept the credentials (401). Log in again, or look at the context's user.",
    ),
    DemoCluster(name="lab", plugin="kubelogin"),
)
