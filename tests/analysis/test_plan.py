"""`dsview plan`: the wave of each single-stack Service, its obstacles, and the commands."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dsview.analysis.plan import Plan, make_plan
from dsview.analysis.plan_step import Step, Wave
from dsview.checks.engine.policy import Exemption, Policy
from dsview.core.finding import Severity
from dsview.export.plan import PLAN_FORMATS
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.tables.detail import detail
from dsview.tables.registry import PANES
from tests.support.changes import (
    POD,
    V4,
    V6,
    Change,
    S,
    adding,
    all_of,
    network_policy,
    pod_named,
    with_controller_data,
    with_load_balancer,
    with_pod_ips,
    with_spec,
)
from tests.support.clusters import RECORDINGS, changed, find, from_path

Json = dict[str, Any]


def single(service: str, **spec: Any) -> Change:
    """The Service with IPv4 only, whatever it had before."""

    def change(items: list[Json]) -> None:
        body = find(items, "Service", service)["spec"]
        body.update({"ipFamilyPolicy": "SingleStack", "ipFamilies": [V4], "clusterIPs": body["clusterIPs"][:1], **spec})

    return change


def nothing(_items: list[Json]) -> None:
    """The scenario, unchanged."""


def without(*kinds: str) -> Change:
    def change(items: list[Json]) -> None:
        items[:] = [item for item in items if item["kind"] not in kinds]

    return change


def on_host(items: list[Json]) -> None:
    """The Service's pod on the network of a node that has IPv4 only."""
    pod = pod_named(items, POD)
    pod["spec"]["hostNetwork"] = True
    node = find(items, "Node", pod["spec"]["nodeName"])
    addresses = node["status"]["addresses"]
    node["status"]["addresses"] = [a for a in addresses if ":" not in a["address"]]
    text = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
    pod["status"].update(podIP=text, podIPs=[{"ip": text}], hostIP=text, hostIPs=[{"ip": text}])


def single_node_of(prefix: str) -> Change:
    """A pod with IPv4 only on a node whose ranges are IPv4 only, like all other pods there."""

    def change(items: list[Json]) -> None:
        pod = pod_named(items, prefix)
        name = pod["spec"]["nodeName"]
        spec = find(items, "Node", name)["spec"]
        spec.update(podCIDRs=spec["podCIDRs"][:1])
        for other in (i for i in items if i["kind"] == "Pod" and i["spec"].get("nodeName") == name):
            first = other["status"]["podIP"]
            other["status"]["podIPs"] = [{"ip": first}]

    return change


def single_pods(items: list[Json]) -> None:
    """Every pod and every node's range is IPv4 only; the Services stay dual-stack."""
    for item in items:
        if item["kind"] == "Node":
            item["spec"]["podCIDRs"] = item["spec"]["podCIDRs"][:1]
        if item["kind"] == "Pod" and item["status"].get("podIPs"):
            item["status"]["podIPs"] = item["status"]["podIPs"][:1]


def in_use(number: int) -> Change:
    """An IPv6 range of 63 usable Service addresses, of which this many are in use."""

    def change(items: list[Json]) -> None:
        find(items, "ServiceCIDR", "kubernetes")["spec"]["cidrs"][1] = "fd00:10:96::/122"
        items[:] = [i for i in items if i["kind"] != "IPAddress"]
        items.extend(
            {"kind": "IPAddress", "apiVersion": "networking.k8s.io/v1", "metadata": {"name": f"fd00:10:96::{i:x}"}}
            for i in range(1, number + 1)
        )

    return change


HEADLESS = single(S, clusterIP="None", clusterIPs=["None"])


class Planned(NamedTuple):
    """A changed scenario, one of its Services, its wave, and part of the obstacle's message."""

    name: str
    scenario: str
    change: Change
    service: str
    wave: Wave
    words: tuple[str, ...] = ()


CASES = [
    Planned("dual-pods-in-a-dual-cluster", "01", nothing, S, Wave.READY),
    Planned("prefers-both-already", "02", nothing, "web", Wave.READY),
    Planned("headless", "01", HEADLESS, S, Wave.READY),
    Planned("pod-older-than-its-node", "01", with_pod_ips(POD, "10.244.1.77"), S, Wave.PODS, (POD, V6)),
    Planned("node-of-one-family", "01", single_node_of(POD), S, Wave.NODES, ("pods no IPv6", POD)),
    Planned("host-network", "01", on_host, S, Wave.NODES, ("InternalIP", "--node-ip")),
    Planned("service-range-of-one-family", "10", nothing, "web", Wave.CLUSTER, ("IPv4 only", "ServiceCIDR")),
    Planned(
        "pod-network-of-one-family",
        "01",
        single_pods,
        S,
        Wave.CLUSTER,
        ("No node assigns IPv6 to pods",),
    ),
    Planned("service-range-used-up", "01", in_use(63), S, Wave.CLUSTER, ("All 63 Service addresses of IPv6",)),
    Planned("service-range-with-one-address-left", "01", in_use(62), S, Wave.READY),
    Planned("service-range-used-up-and-headless", "01", all_of(in_use(63), HEADLESS), S, Wave.READY),
    Planned("pods-unread", "01", without("Pod"), S, Wave.UNKNOWN, ("pods: not given",)),
    Planned(
        "nodes-unread",
        "01",
        all_of(without("Node"), with_pod_ips(POD, "10.244.1.77")),
        S,
        Wave.UNKNOWN,
        ("nodes: not given", POD),
    ),
    Planned("slices-unread", "01", all_of(without("EndpointSlice"), with_pod_ips(POD, "10.244.1.77")), S, Wave.PODS),
    Planned("without-selector", "01", with_spec("Service", S, selector=None), S, Wave.SETTINGS, ("EndpointSlice",)),
    Planned(
        "policy-of-one-family",
        "01",
        adding(network_policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])),
        S,
        Wave.SETTINGS,
        ("NetworkPolicy p", "ingress"),
    ),
    Planned(
        "policy-of-the-other-family",
        "01",
        adding(network_policy(ingress=[{"from": [{"ipBlock": {"cidr": "fd00::/8"}}]}])),
        S,
        Wave.READY,
    ),
    Planned(
        "policy-for-other-pods",
        "01",
        adding(
            network_policy(
                podSelector={"matchLabels": {"app": "another"}},
                ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
            )
        ),
        S,
        Wave.READY,
    ),
    Planned(
        "source-ranges-of-one-family",
        "12",
        all_of(single("web"), with_load_balancer({"ip": "203.0.113.9"}, loadBalancerSourceRanges=["198.51.100.0/24"])),
        "web",
        Wave.SETTINGS,
        ("198.51.100.0/24", "any client"),
    ),
    Planned("controller-of-the-chart", "08", nothing, "ingress-nginx-controller", Wave.READY),
    Planned(
        "controller-with-ipv6-disabled",
        "08",
        with_controller_data(disable_ipv6="true"),
        "ingress-nginx-controller",
        Wave.SETTINGS,
        ("disable-ipv6", "ConfigMap"),
    ),
    Planned(
        "deepest-obstacle-decides",
        "01",
        all_of(
            with_pod_ips(POD, "10.244.1.77"),
            adding(network_policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])),
        ),
        S,
        Wave.PODS,
        ("NetworkPolicy p", POD),
    ),
]


def step_of(plan: Plan, service: str) -> Step:
    return next(step for step in plan.steps if step.service.name == service)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_service_is_in_the_wave_of_the_deepest_thing_in_its_way(case: Planned, tmp_path: Path) -> None:
    session = changed(case.scenario, case.change, tmp_path)
    step = step_of(make_plan(session), case.service)
    said = " ".join(obstacle.message for obstacle in step.obstacles)
    assert step.wave is case.wave, said
    assert (step.has, step.gets) == (V4, V6)
    assert not [word for word in case.words if word not in said], said
    assert bool(step.obstacles) is (case.wave is not Wave.READY)


@pytest.mark.parametrize("number", [60, 62])
def test_few_addresses_that_are_left_are_said_and_in_nobodys_way(number: int, tmp_path: Path) -> None:
    step = step_of(make_plan(changed("01", in_use(number), tmp_path)), S)
    left = {60: "3 IPv6 addresses of 63 are left for Services.", 62: "1 IPv6 address of 63 is left for Services."}
    assert left[number] in step.notes


@pytest.mark.parametrize(
    "policy",
    [
        Policy(ignore=("DS-CLU-005",)),
        Policy(severities={"DS-CLU-005": Severity.NOTE}),
        Policy(exemptions=(Exemption(checks=("DS-CLU-005",)),)),
    ],
    ids=["ignored", "downgraded", "exempted"],
)
def test_what_is_in_the_way_does_not_hang_on_the_policy(policy: Policy, tmp_path: Path) -> None:
    changed("01", in_use(63), tmp_path)
    step = step_of(make_plan(from_path(tmp_path, policy)), S)
    assert step.wave is Wave.CLUSTER


def test_a_controller_that_listens_on_ipv4_only_is_restarted_first(tmp_path: Path) -> None:
    session = changed("08", nothing, tmp_path, lambda _name, text: text.replace("listen [::]", "listen 127.0.0.1"))
    step = step_of(make_plan(session), "ingress-nginx-controller")
    assert step.wave is Wave.SETTINGS
    assert "no IPv6 listener" in step.obstacles[0].message
    assert "rollout restart" in step.obstacles[0].commands[0]


def test_on_the_recorded_cluster_my_service_is_ready_now_with_a_patch_of_both_fields() -> None:
    plan = make_plan(from_path(RECORDINGS / "dual-two-nodes"))
    step = step_of(plan, "my-service")
    assert step.wave is Wave.READY
    words = shlex.split(step.command)
    assert words[:-1] == ["kubectl", "-n", "seed", "patch", "service", "my-service", "--type=merge", "-p"]
    assert json.loads(words[-1]) == {"spec": {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": [V4, V6]}}


def test_the_first_family_stays_first_in_an_ipv6_first_cluster() -> None:
    plan = make_plan(from_path(RECORDINGS / "dual-ipv6-first"))
    for step in plan.steps:
        body = json.loads(shlex.split(step.command)[-1])
        assert body["spec"]["ipFamilies"] == [step.has, step.gets]
    assert {step.has for step in plan.steps} >= {V6}


def test_services_that_may_not_change_or_have_both_are_counted_only(tmp_path: Path) -> None:
    session = changed("01", with_spec("Service", "my-service-3", type="ExternalName"), tmp_path)
    plan = make_plan(session)
    named = {step.service.name for step in plan.steps}
    assert not named & {"kubernetes", "my-service-2", "my-service-3"}
    assert plan.dual + plan.without + len(plan.steps) == len(session.state.services)
    assert (plan.dual, plan.without) == (1, 2)


def test_unread_services_are_said_to_be_unread(tmp_path: Path) -> None:
    plan = make_plan(changed("01", without("Service"), tmp_path))
    assert "services: not given" in plan.unread


def sessions(tmp_path: Path) -> Iterable[Session]:
    for case in CASES:
        folder = tmp_path / case.name
        folder.mkdir()
        yield changed(case.scenario, case.change, folder)


def test_the_script_runs_only_what_is_ready_and_parses_as_shell(tmp_path: Path) -> None:
    for session in sessions(tmp_path):
        plan = make_plan(session)
        script = PLAN_FORMATS["sh"](session, plan, 80)
        subprocess.run(["sh", "-n"], input=script, text=True, check=True)
        run = [line for line in script.splitlines() if line and not line.startswith("#") and line != "set -eu"]
        assert run == [step.command for step in plan.steps if step.wave is Wave.READY]


def test_the_text_says_each_service_once_and_what_every_one_lacks_once(tmp_path: Path) -> None:
    session = from_path(RECORDINGS / "ipv4-only")
    plan = make_plan(session)
    text = PLAN_FORMATS["text"](session, plan, 100)
    assert text.count("The cluster serves IPv4 only") == 1
    assert all(text.count(f"{step.service.namespace}/{step.service.name}  ") == 1 for step in plan.steps)
    assert "kubectl" not in text


def test_the_json_names_wave_obstacles_and_command(tmp_path: Path) -> None:
    session = changed("01", with_pod_ips(POD, "10.244.1.77"), tmp_path)
    document = json.loads(PLAN_FORMATS["json"](session, make_plan(session), 80))
    assert document["schema"] == "dsview.io/plan/v1"
    step = next(s for s in document["steps"] if s["service"]["name"] == S)
    assert (step["wave"], step["has"], step["gets"]) == ("pods", V4, V6)
    assert step["obstacles"][0]["objects"] == [{"kind": "Pod", "namespace": "default", "name": POD}]
    assert step["obstacles"][0]["commands"]


def test_the_services_pane_and_the_detail_say_the_same(tmp_path: Path) -> None:
    session = changed("01", with_pod_ips(POD, "10.244.1.77"), tmp_path)
    pane = PANES["services"]
    row = pane.row(session, ("default", S))
    assert row is not None
    at = [column.id for column in pane.columns].index("plan")
    assert row.cells[at].text == Wave.PODS.word
    shown = detail(session, (Kind.SERVICE, ("default", S)))
    assert shown is not None
    assert ("To dual-stack", Wave.PODS.heading) in [(fact.label, fact.text) for fact in shown.facts]
