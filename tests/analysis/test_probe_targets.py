"""What a probe would connect to, and what its results mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsview.analysis.probe_results import (
    Connection,
    HostVerdict,
    Lookup,
    Observed,
    Outcome,
    Records,
    with_observations,
)
from dsview.analysis.probe_targets import MAX_TARGETS, ProbeHost, ProbePlan, ProbeTarget, Role, plan_probe
from dsview.analysis.trace import trace_service
from dsview.core.address import Family
from dsview.core.errors import UserError
from dsview.core.finding import ObjectRef
from dsview.core.text import Safe
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from tests.support.clusters import from_path, settle

Json = dict[str, Any]
WEB = ObjectRef("Service", "shop", "web")


def service(name: str = "web", namespace: str = "shop", **spec: Any) -> Json:
    status = spec.pop("status", {})
    ports = spec.pop("ports", [{"port": 443, "protocol": "TCP"}])
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "uid": name},
        "spec": {"type": "LoadBalancer", "clusterIPs": ["10.96.0.9", "fd00::9"], "ports": ports, **spec},
        "status": status,
    }


def balanced(*entries: Json) -> Json:
    return {"loadBalancer": {"ingress": list(entries)}}


def node(name: str, *addresses: tuple[str, str]) -> Json:
    status = {
        "addresses": [{"type": kind, "address": address} for kind, address in addresses],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}, "status": status}


def ingress(*hosts: str, status: Json | None = None) -> Json:
    rules = [{"host": host, "http": {"paths": [{"backend": {"service": {"name": "web"}}}]}} for host in hosts]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "front", "namespace": "shop", "uid": "i"},
        "spec": {"rules": rules},
        "status": status or balanced({"ip": "203.0.113.5"}, {"ip": "2001:db8::5"}),
    }


@pytest.fixture
def cluster(tmp_path: Path) -> Callable[..., Session]:
    def build(*items: Json) -> Session:
        (tmp_path / "objects.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": items}))
        return from_path(tmp_path / "objects.json")

    return build


def places(plan: ProbePlan) -> list[tuple[str, str]]:
    return [(target.role.value, target.place) for target in plan.targets]


Build = Callable[..., Session]


def test_load_balancer_and_external_addresses_are_tried_on_every_tcp_port(cluster: Build) -> None:
    ports = [{"port": 80, "protocol": "TCP"}, {"port": 443}, {"port": 443, "protocol": "UDP"}]
    view = cluster(
        service(
            ports=ports,
            status=balanced({"ip": "203.0.113.5"}, {"ip": "2001:DB8:0::5"}),
            externalIPs=["198.51.100.7"],
        )
    )
    plan = plan_probe(view, "service/shop/web")
    assert places(plan) == [
        ("load balancer", "203.0.113.5:80"),
        ("load balancer", "203.0.113.5:443"),
        ("load balancer", "[2001:db8::5]:80"),
        ("load balancer", "[2001:db8::5]:443"),
        ("external IP", "198.51.100.7:80"),
        ("external IP", "198.51.100.7:443"),
    ]
    assert "Service shop/web: UDP ports are not tried, only TCP." in plan.notes


def test_a_name_in_place_of_an_address_is_tried_in_both_families(cluster: Build) -> None:
    plan = plan_probe(cluster(service(status=balanced({"hostname": "lb.example.net"}))), None)
    assert [(t.family, t.address, t.name) for t in plan.targets] == [
        ("IPv4", "", "lb.example.net"),
        ("IPv6", "", "lb.example.net"),
    ]


@pytest.mark.parametrize("address", ["0.0.0.0", "169.254.169.254", "fe80::1", "ff02::1", "224.0.0.1", "10.96.0.9"])
def test_what_no_outsider_can_reach_is_left_out_and_said(cluster: Build, address: str) -> None:
    plan = plan_probe(cluster(service(externalIPs=[address])), None)
    assert plan.targets == ()
    assert any(address in note and "not tried" in note for note in plan.notes)


def test_a_cluster_ip_service_has_nothing_outside_and_a_command_for_inside(cluster: Build) -> None:
    plan = plan_probe(cluster(service(type="ClusterIP")), "service/shop/web")
    assert plan.targets == ()
    assert "Service shop/web: it has no address outside the cluster." in plan.notes
    assert [command.partition(" -- ")[2] for command in plan.inside] == [
        "/agnhost connect --timeout=2s '10.96.0.9:443'",
        "/agnhost connect --timeout=2s '[fd00::9]:443'",
    ]
    assert plan.inside[0].startswith("kubectl -n shop debug POD -it --image=")


def test_node_ports_are_tried_on_a_few_nodes_by_the_address_that_outsiders_use(cluster: Build) -> None:
    nodes = [
        node(f"n{i}", ("InternalIP", f"10.0.0.{i}"), ("InternalIP", f"fd01::{i}"), ("ExternalIP", f"203.0.113.{i}"))
        for i in range(1, 6)
    ]
    view = cluster(service(type="NodePort", ports=[{"port": 80, "nodePort": 30080}]), *nodes)
    assert places(plan_probe(view, "service/shop/web")) == [
        *(("node port", f"203.0.113.{i}:30080") for i in range(1, 4)),
        *(("node port", f"[fd01::{i}]:30080") for i in range(1, 4)),
    ]


def test_local_traffic_is_tried_only_where_a_pod_of_the_service_is(cluster: Build) -> None:
    slices = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "web-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.0.1"], "nodeName": "n2", "conditions": {"ready": True}}],
    }
    ports = [{"port": 80, "nodePort": 30080}]
    nodes = [node(f"n{i}", ("InternalIP", f"10.0.0.{i}")) for i in range(1, 4)]
    view = cluster(service(type="NodePort", ports=ports, externalTrafficPolicy="Local"), slices, *nodes)
    assert places(plan_probe(view, None)) == [("node port", "10.0.0.2:30080")]


def test_an_ingress_is_tried_on_the_ports_of_the_service_that_has_its_address(cluster: Build) -> None:
    door = service("door", ports=[{"port": 8443}], status=balanced({"ip": "203.0.113.5"}))
    plan = plan_probe(cluster(ingress("shop.example.com"), door), "host/shop.example.com")
    assert places(plan) == [
        ("Ingress", "203.0.113.5:8443"),
        ("Ingress", "[2001:db8::5]:80"),
        ("Ingress", "[2001:db8::5]:443"),
    ]
    assert [(h.name, h.addresses) for h in plan.hosts] == [("shop.example.com", ("203.0.113.5", "2001:db8::5"))]


def test_a_wildcard_is_no_name_to_look_up_but_a_host_below_it_is(cluster: Build) -> None:
    view = cluster(ingress("*.example.com"))
    everything = plan_probe(view, None)
    assert everything.hosts == ()
    assert any("*.example.com cannot be looked up" in note for note in everything.notes)
    assert [host.name for host in plan_probe(view, "host/a.example.com").hosts] == ["a.example.com"]


def test_gateways_are_tried_on_their_listeners_and_their_routes_hosts_looked_up(cluster: Build) -> None:
    group = "gateway.networking.k8s.io"
    gateway = {
        "apiVersion": f"{group}/v1",
        "kind": "Gateway",
        "metadata": {"name": "edge", "namespace": "shop", "uid": "g"},
        "spec": {
            "gatewayClassName": "x",
            "listeners": [
                {"name": "https", "port": 443, "protocol": "HTTPS"},
                {"name": "dns", "port": 53, "protocol": "UDP"},
            ],
        },
        "status": {"addresses": [{"type": "IPAddress", "value": "2001:db8::7"}]},
    }
    parent = {"name": "edge", "namespace": "shop"}
    route = {
        "apiVersion": f"{group}/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "r", "namespace": "shop", "uid": "r"},
        "spec": {"parentRefs": [parent], "hostnames": ["api.example.com"]},
        "status": {"parents": [{"parentRef": parent, "conditions": [{"type": "Accepted", "status": "True"}]}]},
    }
    plan = plan_probe(cluster(gateway, route), "gateway/shop/edge")
    assert places(plan) == [("Gateway", "[2001:db8::7]:443")]
    assert [(host.name, host.addresses) for host in plan.hosts] == [("api.example.com", ("2001:db8::7",))]


def test_at_most_two_hundred_connections_are_planned_and_the_rest_is_said(cluster: Build) -> None:
    services = [
        service(f"s{i}", status=balanced({"ip": f"203.0.113.{i % 250}"}), ports=[{"port": i}]) for i in range(1, 302)
    ]
    plan = plan_probe(cluster(*services), None)
    assert len(plan.targets) == MAX_TARGETS
    assert "101 more connections are left out: at most 200 are made." in plan.notes


@pytest.mark.parametrize("what", ["pod/shop/web-0", "web", "service/", "secret/x/y"])
def test_what_cannot_be_probed_is_said_with_what_can(cluster: Build, what: str) -> None:
    with pytest.raises(UserError, match="cannot be probed; write service/NAMESPACE/NAME"):
        plan_probe(cluster(service()), what)


def test_an_unknown_host_is_said_to_be_unknown(cluster: Build) -> None:
    with pytest.raises(UserError, match="No Ingress or HTTPRoute has the host 'nowhere'"):
        plan_probe(cluster(ingress("a.example.com")), "host/nowhere")


# What the results mean


def looked_up(v4: tuple[str, ...], v6: tuple[str, ...], published: tuple[str, ...]) -> Lookup:
    host = ProbeHost(name="a.example.com", about=WEB, addresses=published)
    return Lookup(host=host, v4=Records(addresses=v4), v6=Records(addresses=v6), published=published)


@pytest.mark.parametrize(
    ("v4", "v6", "published", "verdict", "lacks"),
    [
        (("192.0.2.1",), ("2001:db8::1",), ("192.0.2.1", "2001:db8::1"), HostVerdict.MATCHES, False),
        (("192.0.2.1",), (), ("192.0.2.1", "2001:db8::1"), HostVerdict.MISSING, True),
        (("192.0.2.1",), ("2001:db8::1",), ("192.0.2.1",), HostVerdict.UNPUBLISHED, True),
        (("198.51.100.1",), ("2001:db8:ff::1",), ("192.0.2.1",), HostVerdict.UNPUBLISHED, False),
        (("192.0.2.1",), ("2001:db8::2",), ("192.0.2.1", "2001:db8::1"), HostVerdict.ELSEWHERE, False),
        (("192.0.2.1",), (), ("192.0.2.1",), HostVerdict.NEITHER, False),
        ((), ("2001:db8::2",), (), HostVerdict.UNKNOWN, False),
    ],
)
def test_records_are_compared_with_what_is_published(
    v4: tuple[str, ...], v6: tuple[str, ...], published: tuple[str, ...], verdict: HostVerdict, lacks: bool
) -> None:
    lookup = looked_up(v4, v6, published)
    assert lookup.verdict("IPv6") is verdict
    assert lookup.lacks("IPv6") is lacks


def test_a_lookup_that_failed_says_nothing_of_the_records() -> None:
    lookup = Lookup(
        host=ProbeHost(name="a", about=WEB), v4=Records(), v6=Records(failure="timed out"), published=("2001:db8::1",)
    )
    assert lookup.verdict("IPv6") is HostVerdict.UNKNOWN


def connection(outcome: Outcome, family: Family = "IPv6", name: str = "") -> Connection:
    address = "" if name else "2001:db8::1" if family == "IPv6" else "192.0.2.1"
    target = ProbeTarget(about=WEB, role=Role.LOAD_BALANCER, family=family, address=address, name=name, port=443)
    return Connection(target=target, address=address, outcome=outcome, seconds=0.012)


def observed(*connections: Connection, lookups: tuple[Lookup, ...] = ()) -> Observed:
    return Observed(
        machine=Safe("laptop"),
        at=1_800_000_000.0,
        plan=ProbePlan(targets=(), hosts=(), notes=()),
        connections=connections,
        lookups=lookups,
    )


@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_was_tried_and_is_not_open_counts_as_failed(outcome: Outcome) -> None:
    found = observed(connection(outcome))
    assert found.has_failed is (outcome not in (Outcome.OPEN, Outcome.NO_ROUTE, Outcome.BLOCKED))
    assert found.untried == (("IPv6",) if outcome in (Outcome.NO_ROUTE, Outcome.BLOCKED) else ())


def test_a_name_with_one_family_promises_no_more_but_one_without_any_is_broken() -> None:
    one = observed(
        connection(Outcome.OPEN, "IPv4", name="lb.example.net"),
        connection(Outcome.NO_RECORD, "IPv6", name="lb.example.net"),
    )
    assert not one.has_failed
    none = observed(
        connection(Outcome.NO_RECORD, "IPv4", name="lb.example.net"),
        connection(Outcome.NO_RECORD, "IPv6", name="lb.example.net"),
    )
    assert none.has_failed


def test_observations_stand_at_the_client_hop_and_change_no_verdict() -> None:
    session = settle(Session(DemoSource("troubled")))
    item = session.state.services.get(("shop", "web"))
    assert item is not None
    before = trace_service(session, item)
    after = with_observations(before, observed(connection(Outcome.OPEN, "IPv4"), connection(Outcome.TIMED_OUT)))
    assert after.hops[0].v4.values == ("192.0.2.1:443 open (12 ms)",)
    assert after.hops[0].v6.values == ("[2001:db8::1]:443 timed out",)
    assert after.hops[0].v6.why == "observed from laptop at 08:00:00 UTC"
    assert (after.v4, after.v6, after.hops[1:]) == (before.v4, before.v6, before.hops[1:])
    assert [lane.verdict for lane in (after.hops[0].v4, after.hops[0].v6)] == [
        lane.verdict for lane in (before.hops[0].v4, before.hops[0].v6)
    ]
