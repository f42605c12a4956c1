"""The trace of a Gateway and of a host that a route publishes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.hop import Trace, Verdict
from dsview.analysis.trace_target import trace_named
from dsview.tables.panes.listeners.rows import PANE
from tests.support import doors
from tests.support.clusters import LISTENER_SCENARIOS, from_path


def view_of(number: str) -> ClusterView:
    return from_path(next(path for path in LISTENER_SCENARIOS if path.name.startswith(number)))


def hop_names(trace: Trace) -> list[str]:
    return [hop.id for hop in trace.hops]


@pytest.mark.parametrize("name", ["gateway/shop/shop", "gtw/shop", "host/shop.example.org"])
def test_a_gateway_is_traced_to_the_backends_of_its_routes(name: str) -> None:
    trace = trace_named(view_of("02"), name)

    assert hop_names(trace)[1] == "gateway"
    assert "backend/web" in hop_names(trace)
    assert all(hop.v4.verdict is not Verdict.BROKEN and hop.v6.verdict is not Verdict.BROKEN for hop in trace.hops)


def test_a_family_that_a_default_refuses_is_likely_refused_and_not_broken() -> None:
    trace = trace_named(view_of("01"), "gateway/shop/shop")
    listen = next(hop for hop in trace.hops if hop.id == "listen")

    assert listen.v6.verdict is Verdict.NOT_PROVEN
    assert listen.v6.why.startswith("likely refused (predicted)")


def test_a_family_that_a_setting_refuses_is_broken_at_the_listeners() -> None:
    trace = trace_named(view_of("09"), "gateway/shop/shop")
    listen = next(hop for hop in trace.hops if hop.id == "listen")

    assert (listen.v4.verdict, listen.v6.verdict) == (Verdict.OK, Verdict.BROKEN)


def test_a_gateway_without_a_service_says_that_its_proxies_are_not_known() -> None:
    trace = trace_named(view_of("17"), "gateway/shop/shop")

    assert next(hop for hop in trace.hops if hop.id == "listen").v6.verdict is Verdict.NOT_PROVEN


def test_rows_of_listeners_say_whose_they_are_and_how_they_are_known() -> None:
    view = view_of("01")
    keys = list(PANE.keys(view))

    assert keys
    assert {value for values in PANE.attributes["controller"](view, keys) for value in values} == {"istio"}
    assert {value for values in PANE.attributes["confidence"](view, keys) for value in values} == {"predicted"}


@pytest.mark.parametrize("name", ["gateway/edge/web", "service/edge/cilium-gateway-web"])
def test_a_family_that_the_nodes_do_not_accept_is_broken_at_the_listeners(name: str, tmp_path: Path) -> None:
    settings = {"enable-ipv4": "true", "enable-ipv6": "false"}
    session = doors.load([*doors.cilium(**settings), *doors.backend()], tmp_path)
    hop = next(hop for hop in trace_named(session, name).hops if hop.id == "listen")

    assert (hop.v4.verdict, hop.v4.values) == (Verdict.OK, ("every node *:80",))
    assert (hop.v6.verdict, hop.v6.why) == (
        Verdict.BROKEN,
        "the nodes do not listen on IPv6: enable-ipv6 of cilium-config is false",
    )
    assert "ipv6.enabled: true" in hop.v6.fix
    (finding,) = (f for f in session.findings if f.check == "DS-LSN-001")
    assert "(enable-ipv6 of cilium-config is false)" in finding.message


def test_what_the_nodes_accept_is_not_read_without_the_settings_of_cilium(tmp_path: Path) -> None:
    items = [item for item in doors.cilium() if item["kind"] != "ConfigMap"]
    hops = trace_named(doors.load([*items, *doors.backend()], tmp_path), "gateway/edge/web").hops
    hop = next(hop for hop in hops if hop.id == "listen")

    assert (hop.v4.verdict, hop.v6.verdict) == (Verdict.NOT_READ, Verdict.NOT_READ)


def test_a_family_that_the_service_has_not_is_absent_where_the_nodes_do_not_accept_it(tmp_path: Path) -> None:
    items = doors.cilium(**{"enable-ipv4": "true", "enable-ipv6": "false"})
    for item in items:
        if item["kind"] == "Service":
            item["spec"].update(ipFamilyPolicy="SingleStack", ipFamilies=["IPv4"], clusterIPs=["10.96.0.10"])
    hops = trace_named(doors.load([*items, *doors.backend()], tmp_path), "service/edge/cilium-gateway-web").hops
    hop = next(hop for hop in hops if hop.id == "listen")

    assert (hop.v4.verdict, hop.v6.verdict) == (Verdict.OK, Verdict.ABSENT)
