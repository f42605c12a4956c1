"""The demos: what they show first, and what their stories change."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from dsview.core.address import family_of
from dsview.core.cidr import parse_cidrs
from dsview.core.errors import UserError
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.listeners.conf_reading import parse_conf
from dsview.listeners.front_doors import front_doors
from dsview.session.session import Session
from dsview.sources.demo import DEFAULT, SCENARIOS, DemoSource, Scenario
from dsview.sources.demo.description import load, seconds
from dsview.sources.demo.script import moments
from dsview.sources.demo.simulated_cluster import SimulatedCluster
from dsview.sources.demo.source import nginx_conf
from dsview.sources.events import Changed, Health, SourceEvent, StatusChanged

START = 1_800_000_000.0


class Demo:
    """A session on a demo, both with a clock of the test."""

    def __init__(self, scenario: str) -> None:
        self.now = START
        self.source = DemoSource(scenario, clock=lambda: self.now)
        self.session = Session(self.source, clock=lambda: self.now)
        self.session.start()
        self.settle()

    def settle(self) -> None:
        for _ in range(1000):
            self.session.drain(1.0)
            if self.session.is_settled:
                return
            # nginx.conf is read by a thread; its result wakes the session.
            self.session.wait(0.1)
        raise AssertionError("the demo did not settle")

    def at(self, moment: float) -> None:
        """Let time pass, second by second, until so many seconds after the start."""
        while self.now < START + moment:
            self.now += 1
            self.source.advance_to(self.now - START)
            self.settle()

    @property
    def findings(self) -> set[tuple[str, str, str | None]]:
        """Check, object and family of each finding; the workload instead of a pod, whose name was generated."""
        return {(f.check, _plain(f.object.kind, f.object.name), f.family) for f in self.session.findings}


def _plain(kind: str, name: str) -> str:
    return name.rsplit("-", 2)[0] if kind == "Pod" else name


PLAIN_SLICES = {("default", "kubernetes"), ("edge", "cilium-gateway-mesh")}
"""Slices that follow from no Service's selector."""


@pytest.fixture
def troubled() -> Iterator[Demo]:
    demo = Demo("troubled")
    yield demo
    demo.session.stop()


@pytest.fixture
def healthy() -> Iterator[Demo]:
    demo = Demo("healthy")
    yield demo
    demo.session.stop()


@pytest.fixture
def gateways() -> Iterator[Demo]:
    demo = Demo("gateways")
    yield demo
    demo.session.stop()


def test_healthy_demo_has_notes_only(healthy: Demo) -> None:
    assert healthy.findings == {("DS-SVC-002", "my-service", "IPv6"), ("DS-SVC-006", "my-service-3", "IPv6")}
    assert healthy.session.profile.mode == "dual-ipv4-first"
    assert healthy.session.not_evaluated() == []


def test_healthy_demo_stays_healthy_through_its_story(healthy: Demo) -> None:
    healthy.at(240)
    assert healthy.source.next_at is None
    assert healthy.findings == {("DS-SVC-002", "my-service", "IPv6"), ("DS-SVC-006", "my-service-3", "IPv6")}


def test_demo_of_gateways_shows_six_controllers_three_of_them_with_both_families(gateways: Demo) -> None:
    state = gateways.session.state
    assert {door.controller.name for door in front_doors(state)} == {
        "cilium",
        "envoy-gateway",
        "haproxy",
        "istio",
        "nginx-gateway-fabric",
        "traefik",
    }
    assert gateways.findings == {
        ("DS-LSN-001", "envoy-edge-envoy", "IPv6"),
        ("DS-LSN-001", "fabric-nginx", "IPv6"),
        ("DS-LSN-002", "ngf-proxy-config", "IPv6"),
        ("DS-LSN-003", "traefik", "IPv6"),
    }
    assert gateways.session.not_evaluated() == []
    assert state.quarantined == {}


def test_doors_that_are_opened_lose_their_findings(gateways: Demo) -> None:
    gateways.at(240)
    assert gateways.findings == {("DS-LSN-001", "envoy-edge-envoy", "IPv6")}


def test_troubled_demo_shows_each_trouble_at_first(troubled: Demo) -> None:
    book = troubled.session.findings
    assert {check for check, _, _ in troubled.findings} == {
        "DS-EPS-001",
        "DS-EPS-002",
        "DS-GW-003",
        "DS-LB-001",
        "DS-LB-004",
        "DS-LSN-001",
        "DS-NET-001",
        "DS-NGX-001",
        "DS-NGX-003",
        "DS-NGX-005",
        "DS-NGX-008",
        "DS-NODE-002",
        "DS-POD-001",
        "DS-POD-003",
        "DS-SVC-001",
        "DS-SVC-002",
        "DS-SVC-006",
    }
    roots = {f.check: root.check for f in book if (root := troubled.session.root_of(f)) is not None}
    assert roots == {
        "DS-EPS-001": "DS-POD-001",
        "DS-EPS-002": "DS-NODE-002",
        "DS-GW-003": "DS-LSN-001",
        "DS-NGX-003": "DS-NGX-001",
        "DS-NGX-008": "DS-NGX-001",
    }
    assert troubled.session.not_evaluated() == []
    assert troubled.session.state.quarantined == {}
    assert len(troubled.session.state.pods) > 40


@pytest.mark.parametrize(
    ("check", "before", "after"),
    [
        ("DS-EPS-001", 10, 12),
        ("DS-SVC-001", 15, 16),
        ("DS-NGX-001", 31, 36),
        ("DS-LB-001", 47, 48),
        ("DS-POD-001", 67, 72),
        ("DS-LB-004", 95, 96),
        ("DS-SVC-002", 107, 108),
    ],
)
def test_what_is_mended_loses_its_finding_when_it_is_mended(
    troubled: Demo, check: str, before: float, after: float
) -> None:
    troubled.at(before)
    assert check in {found for found, _, _ in troubled.findings}
    troubled.at(after)
    assert check not in {found for found, _, _ in troubled.findings}


def test_controller_replica_that_loses_ipv6_is_found(troubled: Demo) -> None:
    troubled.at(83)
    assert not {f for f in troubled.findings if f[0] == "DS-NGX-001"}
    troubled.at(88)
    assert ("DS-NGX-001", "ingress-nginx-controller", "IPv6") in troubled.findings


def test_node_that_stops_answering_takes_its_endpoints_along(troubled: Demo) -> None:
    troubled.at(56)
    state = troubled.session.state
    node = state.nodes.get(("", "worker-b"))
    assert node is not None
    assert not node.ready
    assert not any(pod.ready for pod in state.pods if pod.node_name == "worker-b" and not pod.deleted)
    troubled.at(76)
    again = state.nodes.get(("", "worker-b"))
    assert again is not None
    assert again.ready


def test_restarted_pod_has_a_new_name_and_its_nodes_families(troubled: Demo) -> None:
    state = troubled.session.state

    def web() -> dict[str, tuple[str, ...]]:
        return {pod.name: pod.ips for pod in state.pods if pod.labels.get("app.kubernetes.io/name") == "web"}

    before = web()
    troubled.at(9)
    assert len(web()) == 5, "the old pod is going, the new one waits for its addresses"
    troubled.at(12)
    new = set(web()) - set(before)
    assert len(web()) == 4
    assert len(new) == 1
    assert [family_of(ip) for ip in web()[new.pop()]] == ["IPv4", "IPv6"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_clock_gives_the_same_events(scenario: str) -> None:
    def told() -> list[SourceEvent]:
        events: list[SourceEvent] = []
        source = DemoSource(scenario, clock=lambda: START)
        source.start(events.append)
        source.advance_to(300)
        source.stop()
        return events

    assert told() == told()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_slices_follow_pods_and_services_all_the_time(scenario: str) -> None:
    description = load(scenario)
    world = SimulatedCluster(description, START)
    objects: dict[tuple[Kind, Key], dict[str, Any]] = {}
    for moment in [None, *moments(description.story)]:
        if moment is not None:
            moment.act(world, START + moment.at)
        upserts, deletes = world.changes()
        for kind, items in upserts.items():
            for item in items:
                objects[(kind, (item["metadata"].get("namespace", ""), item["metadata"]["name"]))] = item
        for kind, keys in deletes.items():
            for key in keys:
                del objects[(kind, key)]
        pods = {key: item for (kind, key), item in objects.items() if kind is Kind.POD}
        taken = Counter(
            ip["ip"]
            for item in pods.values()
            if "hostNetwork" not in item["spec"]
            for ip in item["status"].get("podIPs", ())
        )
        assert all(count == 1 for count in taken.values())
        for (kind, key), item in objects.items():
            if kind is Kind.ENDPOINT_SLICE and key not in PLAIN_SLICES:
                for endpoint in item["endpoints"] or ():
                    pod = pods[(key[0], endpoint["targetRef"]["name"])]
                    assert endpoint["addresses"][0] in [ip["ip"] for ip in pod["status"]["podIPs"]]
                    assert endpoint["targetRef"]["uid"] == pod["metadata"]["uid"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_addresses_are_in_the_expected_ranges(scenario: str) -> None:
    source = DemoSource(scenario, clock=lambda: START)
    events: list[SourceEvent] = []
    source.start(events.append)
    source.stop()
    found: dict[Kind, list[Object]] = {kind: [] for kind in RESOURCES}
    for event in events:
        if isinstance(event, Changed):
            found[event.kind].extend(item for item in event.upserts if isinstance(item, Object))
    ranges = parse_cidrs(load(scenario).service_cidrs)
    texts = [ip for service in found[Kind.SERVICE] for ip in getattr(service, "real_cluster_ips", ())]
    assert len(set(texts)) == len(texts)
    assert all(any(c.covers(one) for c in ranges) for one in parse_cidrs(texts))
    assert {event.kind: event.health for event in events if isinstance(event, StatusChanged)} == dict.fromkeys(
        RESOURCES, Health.LIVE
    )


def test_story_goes_on_by_itself_as_the_clock_does() -> None:
    restarted = threading.Event()
    ready = threading.Event()

    def sink(event: SourceEvent) -> None:
        if isinstance(event, Changed) and ready.is_set():
            restarted.set()

    # The clock of the story's thread is already late when it is first read.
    source = DemoSource("troubled", clock=lambda: START + 9 if ready.is_set() else START)
    source.start(lambda event: sink(event) if not isinstance(event, StatusChanged) else ready.set())
    assert restarted.wait(10)
    source.stop()


def test_stopped_demo_tells_nothing_more() -> None:
    events: list[SourceEvent] = []
    source = DemoSource(clock=lambda: START)
    source.start(events.append)
    source.stop()
    count = len(events)
    source.advance_to(300)
    source.read_proxy_config(Pod(name="p", namespace="n"), "controller", events.append)
    assert len(events) == count


def test_manifest_is_the_current_object() -> None:
    source = DemoSource("troubled", clock=lambda: START)
    source.start(lambda event: None)
    key = ("payments", "api")
    assert yaml.safe_load(source.read_manifest(Kind.SERVICE, key))["spec"]["ipFamilies"] == ["IPv4"]
    source.advance_to(16)
    assert yaml.safe_load(source.read_manifest(Kind.SERVICE, key))["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
    source.stop()
    with pytest.raises(UserError, match="gone"):
        source.read_manifest(Kind.SERVICE, ("payments", "nothing"))


def test_unknown_scenario_is_an_error_that_names_the_others() -> None:
    with pytest.raises(UserError, match="troubled, healthy") as caught:
        DemoSource("fine")
    assert caught.value.exit_code == 2


def test_every_scenario_says_what_it_is_about() -> None:
    assert DEFAULT in SCENARIOS
    for name, scenario in SCENARIOS.items():
        assert scenario.name == name
        assert scenario.title
        assert scenario.summary.endswith(".")


def test_nginx_conf_has_a_server_for_each_host_and_listens_as_its_template_says() -> None:
    dual = parse_conf(nginx_conf("dual", ["a.example", "b.example"]))
    ipv4 = parse_conf(nginx_conf("ipv4", ["a.example", "b.example"]))
    assert {(x.address, x.port) for x in dual if not x.internal} == {
        (address, port) for address in ("*", "[::]") for port in (80, 443, 8181)
    }
    assert {x.address for x in ipv4 if not x.internal} == {"*"}
    assert dual[0].server_names == ("_", "a.example", "b.example")


@pytest.mark.parametrize(("text", "wanted"), [("8s", 8), ("5m", 300), ("2h", 7200), ("41d", 3_542_400)])
def test_a_duration_is_a_number_of_seconds(text: str, wanted: int) -> None:
    assert seconds(text) == wanted


@pytest.mark.parametrize("text", ["", "8", "8 s", "-8s", "1w"])
def test_an_invalid_duration_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)


def test_demo_loads_neither_the_parser_of_nginx_nor_the_client_of_kubernetes() -> None:
    code = (
        "import sys; from dsview.sources.demo import DemoSource; s = DemoSource(); s.start(lambda e: None); s.stop();"
        "print(sorted({'kubernetes', 'crossplane', 'textual', 'urllib3'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"


def test_a_paused_demo_does_not_advance_before_it_is_started() -> None:
    now = [START]
    source = DemoSource("troubled", clock=lambda: now[0], waits=True)
    events: list[SourceEvent] = []
    source.start(events.append)
    told = len(events)
    now[0] += 3600
    before = source.is_waiting
    assert len(events) == told, "an hour later nothing has happened"
    source.begin()
    assert (before, source.is_waiting) == (True, False)
    assert source.next_at == 8, "the story's time counts from its beginning"
    source.advance_to(8)
    assert len(events) > told
    source.stop()


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_each_demo_says_what_one_learns_from_it(scenario: Scenario) -> None:
    assert f"You learn {scenario.teaches}".endswith(".")
    assert scenario.teaches[0].islower()
