"""While a host moves from one door to another, the plan compares both, in the terms of each controller."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from dsview.analysis.family_coverage import coverage_layers
from dsview.analysis.hop import Outcome
from dsview.analysis.plan import make_plan
from dsview.analysis.trace_target import trace_named
from dsview.checks.engine.check import LayerName
from dsview.export.plan import PLAN_FORMATS
from dsview.export.trace import render_json, render_text
from dsview.session.session import Session
from tests.support import doors
from tests.support.doors import load

HOST = "shop.example.com"
TRACE_SCHEMA = json.loads((Path(__file__).parents[2] / "tui/dsview/export/trace.schema.json").read_text())


def migrating(folder: Path, dual: str | None = None) -> Session:
    """Traefik serves the host with both families; a Gateway of Istio will replace it."""
    items = [*doors.traefik(), *doors.istio(dual), *doors.backend()]
    routes = [doors.ingress(HOST, "traefik", "shop-web"), doors.route(HOST, "shop-web")]
    return load([*items, *routes], folder)


def test_the_plan_says_what_the_new_door_needs_and_that_the_old_one_needs_nothing(tmp_path: Path) -> None:
    session = migrating(tmp_path)
    found = {door.controller: door for door in make_plan(session).doors}

    assert found["traefik"].needs == ()
    (need,) = found["istio"].needs
    assert (need.family, found["istio"].confidence.value) == ("IPv6", "predicted")
    assert "do not listen on IPv6" in need.message
    assert any("pilot.env.ISTIO_DUAL_STACK" in line for line in need.steps)


def test_the_plan_compares_the_doors_of_a_host(tmp_path: Path) -> None:
    session = migrating(tmp_path)
    plan = json.loads(PLAN_FORMATS["json"](session, make_plan(session), 100))
    (host,) = plan["hosts"]
    offers = {
        door["route"]["kind"]: {offer["family"]: offer["offer"] for offer in door["offers"]} for door in host["doors"]
    }

    assert host["host"] == HOST
    assert offers == {"Ingress": {"IPv4": "yes", "IPv6": "yes"}, "HTTPRoute": {"IPv4": "yes", "IPv6": "no"}}


def test_in_the_text_of_the_plan_both_doors_stand_beside_each_other(tmp_path: Path) -> None:
    session = migrating(tmp_path)
    text = PLAN_FORMATS["text"](session, make_plan(session), 100)

    assert "Ingress edge/shop, traefik: IPv4 yes; IPv6 yes" in text
    assert "HTTPRoute edge/shop, istio: IPv4 yes; IPv6 no (its proxies do not listen on IPv6 (predicted))" in text


def test_the_script_runs_nothing_that_a_controller_would_take_back(tmp_path: Path) -> None:
    session = migrating(tmp_path)
    script = PLAN_FORMATS["sh"](session, make_plan(session), 100)

    assert [line for line in script.splitlines() if line and not line.startswith("#")] == ["set -eu"]


def test_a_door_whose_service_has_one_family_is_changed_in_its_charts_values(tmp_path: Path) -> None:
    items = [*doors.traefik(families=("IPv4",), vips=doors.VIPS[:1]), *doors.backend()]
    (step,) = make_plan(load(items, tmp_path)).steps

    assert step.command.startswith("# in the chart's values")
    assert "ipFamilyPolicy: PreferDualStack" in step.command


def test_a_finding_about_the_comparison_folds_under_what_is_wrong_with_the_door(tmp_path: Path) -> None:
    session = migrating(tmp_path)
    (finding,) = [f for f in session.findings if f.check == "DS-GW-003"]
    cause = session.root_of(finding)

    assert cause is not None
    assert cause.check == "DS-LSN-001"


def test_once_both_doors_offer_both_families_nothing_is_said(tmp_path: Path) -> None:
    session = migrating(tmp_path, "true")

    assert not [f for f in session.findings if f.check.startswith(("DS-GW", "DS-LSN"))]
    assert all(not door.needs for door in make_plan(session).doors)


def test_load_balancers_of_gateways_outside_the_cluster_are_counted_with_the_others(tmp_path: Path) -> None:
    of_cloud = doors.gateway("gke", "networking.gke.io/gateway", addresses=doors.VIPS[:1])
    session = load([*doors.traefik(), *of_cloud, *doors.backend()], tmp_path)
    layer = next(layer for layer in coverage_layers(session) if layer.name is LayerName.LOAD_BALANCERS)

    assert layer.v4 is not None
    assert layer.v6 is not None
    assert ((layer.v4.having, layer.v4.of), (layer.v6.having, layer.v6.of)) == ((2, 2), (1, 1))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), ""),
        (
            ("--configFile=/etc/traefik.yaml", "--entryPoints.web.address=:8000"),
            "traefik-1 listens on IPv6 is not known",
        ),
    ],
)
def test_the_plan_doubts_the_sockets_of_a_proxy_only_where_they_are_not_known(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    session = load(doors.traefik(*words, families=("IPv4",), vips=doors.VIPS[:1]), tmp_path)
    (step,) = (step for step in make_plan(session).steps if step.service.name == "traefik")
    about = [note for note in step.notes if "listens" in note]
    assert [said in note for note in about] == ([True] if said else [])


def test_the_trace_of_a_host_goes_through_every_door_that_serves_it(tmp_path: Path) -> None:
    session = migrating(tmp_path, "false")
    trace = trace_named(session, f"host/{HOST}")
    (other,) = trace.others

    assert (trace.target.kind, other.target.kind) == ("Ingress", "Gateway")
    assert (trace.v6.outcome, other.v6.outcome) == (Outcome.CLEAR, Outcome.BROKEN)
    assert trace.is_broken
    written = json.loads(render_json(trace, 100, False))
    jsonschema.validate(written, TRACE_SCHEMA)
    assert [each["IPv6"]["outcome"] for each in written["others"]] == ["broken"]
    assert render_text(trace, 100, False).count(HOST) == len((trace, other))


def test_a_name_that_one_door_has_counts_more_than_a_wildcard_of_another(tmp_path: Path) -> None:
    items = [*doors.traefik(), *doors.istio("true"), *doors.backend()]
    routes = [doors.ingress("*.example.com", "traefik", "shop-web"), doors.route(HOST, "shop-web")]
    trace = trace_named(load([*items, *routes], tmp_path), f"host/{HOST}")

    assert (trace.target.kind, trace.others) == ("Gateway", ())


def test_a_route_without_hosts_has_those_of_its_listeners(tmp_path: Path) -> None:
    route = doors.route(HOST, "shop-web")
    del route["spec"]["hostnames"]
    items = [*doors.istio("true"), *doors.backend(), route]
    for item in items:
        if item["kind"] == "Gateway":
            item["spec"]["listeners"][0]["hostname"] = HOST

    assert trace_named(load(items, tmp_path), f"host/{HOST}").target.kind == "Gateway"
