"""Changes that random stories rarely contain: incremental evaluation gives the result of a fresh one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dsview.checks.engine.engine import Engine
from dsview.checks.engine.invalidation import affected_subjects
from dsview.cluster.state import ClusterState
from dsview.kinds.container import Container
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice, pack
from dsview.kinds.gateway import HTTPRoute
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.gateway_api import GATEWAY_NAME
from dsview.sources.events import Changed, Health, Item, StatusChanged
from tests.engine.objects import START

WEB = Service(
    name="web",
    namespace="default",
    cluster_ip="10.96.0.1",
    cluster_ips=("10.96.0.1", "fd00:96::1"),
    ip_families=("IPv4", "IPv6"),
    ip_family_policy="PreferDualStack",
)


class Follower:
    """An engine that knows every kind and receives changes."""

    def __init__(self) -> None:
        self.state = ClusterState()
        self.engine = Engine(self.state, live=False)
        self.now = float(START)
        for kind in Kind:
            self.state.apply(StatusChanged(kind=kind, health=Health.GIVEN))
        self.engine.note_statuses()
        self.engine.step(self.now)

    def take(self, kind: Kind, *items: Item) -> None:
        self.engine.note(self.state.apply(Changed(kind, items)))
        self.engine.step(self.now)

    def codes(self) -> Sequence[str]:
        return sorted({finding.check for finding in self.engine.findings})


def test_a_service_that_became_headless_has_use_for_its_slice_of_names() -> None:
    size, rows = pack([Endpoint(("db.test",), ready=True, target=("", ""), target_uid="", node_name="")])
    names = EndpointSlice(
        name="names", namespace="default", service_name="web", address_type="FQDN", size=size, rows=rows
    )
    follower = Follower()
    # One node stays unchanged, so that the profile of the cluster does too.
    stays = msgspec.structs.replace(WEB, name="stays", cluster_ip="10.96.0.9", cluster_ips=("10.96.0.9", "fd00:96::9"))
    follower.take(Kind.SERVICE, stays, WEB)
    follower.take(Kind.ENDPOINT_SLICE, names)
    assert "DS-EPS-004" in follower.codes()
    # Deleted and created again between two lists: only the addresses differ, not the families.
    follower.take(Kind.SERVICE, msgspec.structs.replace(WEB, cluster_ip="None", cluster_ips=("None",)))
    assert "DS-EPS-004" not in follower.codes()


def test_a_service_that_takes_over_an_address_has_a_minute_for_it() -> None:
    follower = Follower()
    follower.take(Kind.SERVICE, WEB)
    follower.take(Kind.SERVICE, msgspec.structs.replace(WEB, name="new", created=START - 10))
    assert "DS-SVC-005" not in follower.codes()
    follower.now = follower.engine.next_due()
    follower.engine.step(follower.now)
    assert follower.now == START + 50
    assert {f.object.name for f in follower.engine.findings if f.check == "DS-SVC-005"} == {"web", "new"}


def test_a_proxy_pod_concerns_the_routes_that_its_gateway_accepted_and_no_others() -> None:
    state = ClusterState()
    routes = [HTTPRoute(name=name, namespace="edge", accepted=(("edge", name),)) for name in ("web", "other")]
    state.apply(Changed(Kind.HTTP_ROUTE, routes))
    proxy = Pod(
        name="proxy-1",
        namespace="edge",
        labels={GATEWAY_NAME: "web"},
        containers=(Container("istio-proxy", "istio/proxyv2:1.28.1", ("proxy", "router"), (), ()),),
    )
    changes = state.apply(Changed(Kind.POD, [proxy]))

    def concerned(*, evaluated: bool) -> set[str]:
        found = affected_subjects(state, lambda kind, namespace: (), set(), changes, lambda kind: evaluated)
        return {name for kind, _, name in found if kind == "HTTPRoute"}

    assert concerned(evaluated=True) == {"web"}
    assert concerned(evaluated=False) == set()
