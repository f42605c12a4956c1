"""Comparing two clusters: what changed is named, nothing else is, and what is unknown is reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from click.testing import CliRunner, Result

from dsview.analysis.diff.diff import Diff, compare
from dsview.analysis.diff.names import stable_owner
from dsview.cli import cli
from dsview.core.finding import ObjectRef, Severity
from dsview.export.diff import DiffReport, build_diff
from dsview.export.diff_text import DIFF_FORMATS, render_text
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node
from dsview.kinds.service import Service
from dsview.session.session import Session
from dsview.session.snapshot import take_snapshot
from dsview.sources.demo import DemoSource
from dsview.sources.events import Health
from dsview.sources.snapshot import write_snapshot
from tests.support.clusters import SCENARIOS, Json, changed, find, from_path
from tests.support.scripted import ScriptedSource

START = 1_800_000_000.0
SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "tui/dsview/export/diff.schema.json").read_text(encoding="utf-8")
)
CONTROLLER = "Deployment ingress-nginx/ingress-nginx-controller"

Told = set[tuple[str, ...]]


class Troubled:
    """The troubled demo under a clock of its own, as snapshots of its moments."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._now = START
        self._source = DemoSource("troubled", clock=lambda: self._now)
        self._session = Session(self._source, clock=lambda: self._now)
        self._session.start()

    def at(self, seconds: int) -> Session:
        """A snapshot so many seconds after the start."""
        while self._now < START + seconds:
            self._now += 1
            self._source.advance_to(self._now - START)
            self._settle()
        self._settle()
        path = self._folder / f"{seconds}.json"
        write_snapshot(path, take_snapshot(self._session, self._now))
        return from_path(path)

    def _settle(self) -> None:
        for _ in range(1000):
            self._session.drain(1.0)
            if self._session.is_settled:
                return
            self._session.wait(0.1)
        raise AssertionError("the demo did not settle")

    def stop(self) -> None:
        """End the story."""
        self._session.stop()


@pytest.fixture
def troubled(tmp_path: Path) -> Iterator[Troubled]:
    demo = Troubled(tmp_path)
    yield demo
    demo.stop()


def told(diff: Diff) -> Told:
    """Everything that a comparison names."""
    found: Told = {(c.type.value, c.identity.check, str(c.identity.object)) for c in diff.all_findings}
    for change in diff.all_families:
        what = f"{change.subject.aspect} {change.subject.port}".strip()
        found.add((change.type.value, change.family, what, str(change.subject.object)))
    return found | {(change.type.value, str(change.object)) for change in diff.objects}


def listeners(turn: str) -> Told:
    return {(turn, "IPv6", f"listener tcp/{port}", CONTROLLER) for port in (80, 443, 8181)}


NGINX = [
    ("DS-NGX-001", CONTROLLER),
    ("DS-NGX-003", "Service ingress-nginx/ingress-nginx-controller"),
    ("DS-NGX-008", CONTROLLER),
]

FIXES: list[tuple[str, int, int, Told, bool]] = [
    (
        "the first Pod of a Deployment is restarted",
        0,
        15,
        {
            ("about fewer", "DS-POD-001", "Deployment shop/web"),
            ("gone", "DS-EPS-001", "Service shop/web"),
            ("gained", "IPv6", "Pods", "Deployment shop/web"),
            ("gained", "IPv6", "ready endpoints", "Service shop/web"),
        },
        False,
    ),
    (
        "a Service is given its second family",
        15,
        23,
        {
            ("gone", "DS-SVC-001", "Service payments/api"),
            ("gained", "IPv6", "families", "Service payments/api"),
            ("gained", "IPv6", "ready endpoints", "Service payments/api"),
        },
        False,
    ),
    (
        "the second Pod is restarted",
        23,
        31,
        {
            ("about fewer", "DS-POD-001", "Deployment shop/web"),
            ("more", "IPv6", "Pods", "Deployment shop/web"),
        },
        False,
    ),
    (
        "nginx of one replica starts anew",
        31,
        39,
        {*(("gone", check, ref) for check, ref in NGINX), *listeners("more")},
        False,
    ),
    (
        "the pool of load-balancer addresses gets a range",
        47,
        55,
        {
            ("gone", "DS-LB-001", "Service payments/gateway"),
            ("gained", "IPv6", "load-balancer address", "Service payments/gateway"),
        },
        False,
    ),
    (
        "a node stops answering",
        55,
        67,
        {
            ("new", "DS-EPS-008", "Service ingress-nginx/ingress-nginx-internal"),
            ("new", "DS-EPS-008", "Service monitoring/metrics-server"),
            ("lost", "IPv4", "ready endpoints", "Service ingress-nginx/ingress-nginx-internal"),
            ("lost", "IPv4", "ready endpoints", "Service monitoring/metrics-server"),
            ("lost", "IPv6", "ready endpoints", "Service monitoring/metrics-server"),
            ("not ready", "Node worker-b"),
        },
        True,
    ),
    (
        "a replica of nginx loses its IPv6 listens",
        83,
        95,
        {*(("new", check, ref) for check, ref in NGINX), *listeners("fewer")},
        True,
    ),
    (
        "a Service becomes dual-stack",
        107,
        120,
        {
            ("gone", "DS-SVC-002", "Service shop/search"),
            ("gained", "IPv6", "families", "Service shop/search"),
            ("gained", "IPv6", "ready endpoints", "Service shop/search"),
        },
        False,
    ),
]


def test_each_step_of_the_troubled_demo_is_named_exactly(troubled: Troubled) -> None:
    for title, before, after, expected, is_worse in FIXES:
        diff = compare(troubled.at(before), troubled.at(after))
        assert (title, told(diff), diff.is_worse) == (title, expected, is_worse)
        assert diff.is_same_cluster
        assert not diff.not_compared


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_two_runs_of_one_cluster_differ_in_nothing(path: Path) -> None:
    diff = compare(from_path(path), from_path(path))
    assert not diff
    assert not diff.is_worse


def roll_out(items: list[Json]) -> None:
    """Give each Pod and EndpointSlice another generated name, as a rollout does, and each Pod another address."""
    names: dict[str, str] = {}
    for item in items:
        meta = item["metadata"]
        if item["kind"] == "Pod" and any(o["kind"] == "ReplicaSet" for o in meta.get("ownerReferences", ())):
            names[meta["name"]] = meta["name"] = f"{meta['name'][:-5]}zzzz{len(names)}"
    for item in items:
        for endpoint in item.get("endpoints") or ():
            target = endpoint.get("targetRef", {})
            target["name"] = names.get(target.get("name"), target.get("name"))


def test_a_rollout_that_changes_no_family_is_no_difference(tmp_path: Path) -> None:
    path = next(path for path in SCENARIOS if path.name.startswith("03"))
    assert not told(compare(from_path(path), changed("03", roll_out, tmp_path)))


def shop(folder: Path, change: Callable[[list[Json]], object] = lambda items: None) -> Session:
    folder.mkdir()
    return changed("11", change, folder)


def no_second_family(items: list[Json]) -> None:
    service = find(items, "Service", "web")
    service["spec"].update(ipFamilies=["IPv4"], clusterIPs=service["spec"]["clusterIPs"][:1])
    for item in list(items):
        labels = item["metadata"].get("labels", {})
        is_v6 = item["kind"] == "EndpointSlice" and item["addressType"] == "IPv6"
        if is_v6 and labels.get("kubernetes.io/service-name") == "web":
            items.remove(item)


def test_a_service_that_loses_a_family_is_worse(tmp_path: Path) -> None:
    before, after = shop(tmp_path / "a"), shop(tmp_path / "b", no_second_family)
    diff = compare(before, after)
    assert diff.is_worse
    assert {
        ("lost", "IPv6", "families", "Service shop/web"),
        ("lost", "IPv6", "ready endpoints", "Service shop/web"),
    } <= (told(diff))
    text = render_text(build_diff(diff, before, after, ("main", "branch")))
    assert "1 Service lost IPv6: shop/web." in text
    assert not compare(after, before).is_worse


def test_an_object_that_comes_or_goes_is_named_once(tmp_path: Path) -> None:
    def without(items: list[Json]) -> None:
        items.remove(find(items, "Service", "web"))

    before, after = shop(tmp_path / "a"), shop(tmp_path / "b", without)
    assert ("gone", "Service shop/web") in told(compare(before, after))
    assert ("new", "Service shop/web") in told(compare(after, before))
    assert not any("families" in entry for entry in told(compare(before, after)))


def rename_namespace(items: list[Json]) -> None:
    for item in items:
        if item["metadata"].get("namespace") == "shop":
            item["metadata"]["namespace"] = "shop-blue"
        refs = [endpoint.get("targetRef", {}) for endpoint in item.get("endpoints") or ()]
        for ref in (*refs, item.get("spec", {}).get("parentRef", {})):
            if ref.get("namespace") == "shop":
                ref["namespace"] = "shop-blue"


def test_a_namespace_is_compared_with_the_one_it_is_mapped_to(tmp_path: Path) -> None:
    before, after = shop(tmp_path / "a"), shop(tmp_path / "b", rename_namespace)
    assert ("gone", "Service shop/web") in told(compare(before, after))
    assert told(compare(before, after, namespaces={"shop": "shop-blue"})) == set()


class Small:
    """A cluster with one node and one Service, made from events."""

    def __init__(self, node: str, uid: str, cluster_ip: str, internal: tuple[str, ...] = ("10.0.0.1",)) -> None:
        self.source = ScriptedSource(is_live=False)
        self.session = Session(self.source, clock=lambda: START)
        self.session.start()
        addresses = tuple({"type": "InternalIP", "address": address} for address in internal)
        self.source.put(Kind.NODE, msgspec.convert({"name": node, "addresses": addresses, "ready": True}, Node))
        for name, ip in (("kubernetes", "10.96.0.1"), ("web", cluster_ip)):
            self.source.put(
                Kind.SERVICE,
                Service(name=name, namespace="default", uid=f"{uid}-{name}", cluster_ips=(ip,), ip_families=("IPv4",)),
            )

    def settle(self, *refused: Kind) -> Session:
        """Say that everything was read but those kinds."""
        self.source.set_health()
        if refused:
            self.source.set_health(*refused, health=Health.REFUSED)
        while not self.session.is_settled:
            self.session.drain(1.0)
        return self.session


def test_another_address_is_a_difference_of_one_cluster_and_none_of_two() -> None:
    before = Small("node-a", "x", "10.96.0.7").settle()
    assert told(compare(before, Small("node-a", "x", "10.96.0.8").settle())) == {
        ("other address", "IPv4", "families", "Service default/web")
    }
    other = compare(before, Small("node-a", "y", "10.96.0.8").settle())
    assert (told(other), other.is_same_cluster) == (set(), False)


def test_the_nodes_of_two_clusters_are_compared_all_together() -> None:
    before = Small("a-1", "x", "10.96.0.7", ("10.0.0.1", "fd00::1")).settle()
    diff = compare(before, Small("b-1", "y", "10.96.0.7").settle())
    assert told(diff) == {("lost", "IPv6", "InternalIP", "Node *")}


def test_what_one_side_was_not_permitted_to_read_is_not_gone() -> None:
    before = Small("node-a", "x", "10.96.0.7").settle()
    after = Small("node-a", "x", "10.96.0.7").settle(Kind.ENDPOINT_SLICE)
    diff = compare(before, after)
    assert told(diff) == set()
    assert not diff.is_worse
    assert "After: endpointslices.discovery.k8s.io: not permitted." in diff.not_compared


def test_checks_that_one_side_did_not_ask_are_named_and_not_gone(tmp_path: Path) -> None:
    path = next(path for path in SCENARIOS if path.name.startswith("03"))
    lines = run("diff", str(path), str(path), "--ignore", "DS-POD-001").stdout
    assert lines.splitlines()[3].startswith("Same: ")
    before = from_path(path)

    def unread_pods(items: list[Json]) -> None:
        items[:] = [item for item in items if item["kind"] != "Pod"]

    diff = compare(before, changed("03", unread_pods, tmp_path))
    assert not any(entry[0] == "gone" and entry[1] == "DS-POD-001" for entry in told(diff))
    assert any("DS-POD-001" in sentence for sentence in diff.not_compared)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        *((number, kind) for number in ("03", "08") for kind in ("Service", "Pod", "Node", "EndpointSlice")),
        ("09", "ConfigMap"),
        ("14", "ServiceCIDR"),
    ],
)
def test_a_kind_that_one_side_lacks_is_no_gain_and_no_loss(number: str, kind: str, tmp_path: Path) -> None:
    whole = from_path(next(path for path in SCENARIOS if path.name.startswith(number)))

    def without(items: list[Json]) -> None:
        items[:] = [item for item in items if item["kind"] != kind]

    part = changed(number, without, tmp_path)
    for before, after in ((whole, part), (part, whole)):
        diff = compare(before, after)
        assert told(diff) == set()
        assert not diff.is_worse


def test_a_finding_of_the_same_severity_in_the_place_of_another_is_no_change_for_the_worse(tmp_path: Path) -> None:
    by_number = {path.name[:2]: path for path in SCENARIOS}
    diff = compare(from_path(by_number["03"]), from_path(by_number["04"]))
    assert ("new", "DS-EPS-002", "Service shop/web") in told(diff)
    assert not diff.is_worse


def test_notes_make_nothing_worse_unless_asked_to() -> None:
    by_number = {path.name[:2]: path for path in SCENARIOS}
    before, after = from_path(by_number["14"]), from_path(by_number["14"])
    assert not compare(before, after, least=Severity.NOTE).is_worse


@pytest.mark.parametrize(
    ("owner", "lasting"),
    [
        (("ReplicaSet", "web-6d4cf56db6"), ("Deployment", "web")),
        (("Job", "backup-29384756"), ("CronJob", "backup")),
        (("ReplicaSet", "web"), ("ReplicaSet", "web")),
        (("StatefulSet", "db-12345678"), ("StatefulSet", "db-12345678")),
    ],
)
def test_an_owner_that_has_one_itself_goes_by_that_ones_name(owner: tuple[str, str], lasting: tuple[str, str]) -> None:
    kind, name = lasting
    assert stable_owner(ObjectRef(owner[0], "shop", owner[1])) == ObjectRef(kind, "shop", name)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), standalone_mode=False)


def code(result: Result) -> int:
    return result.return_value if isinstance(result.return_value, int) else result.exit_code


def scenario(number: str) -> str:
    return str(next(path for path in SCENARIOS if path.name.startswith(number)))


def test_the_exit_code_says_whether_the_second_is_worse() -> None:
    assert code(run("diff", scenario("03"), scenario("04"))) == 0
    worse = run("diff", scenario("04"), scenario("03"))
    assert (code(worse), "Worse: " in worse.stdout) == (1, True)
    assert code(run("diff", scenario("04"), scenario("03"), "--fail-on", "never")) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("/does/not/exist", scenario("03")), "/does/not/exist does not exist."),
        (("-", "-"), "Only one of the two can be standard input."),
        (("@", scenario("03")), "@ must be followed by the name of a context"),
        ((scenario("03"), scenario("03"), "--map-namespace", "shop"), "'shop' is not of the form A=B."),
        ((scenario("03"), scenario("03"), "--map-namespace", "a=b", "--map-namespace", "a=c"), "a is given twice."),
    ],
)
def test_what_cannot_be_compared_is_a_sentence_and_exit_code_2(arguments: tuple[str, ...], sentence: str) -> None:
    result = CliRunner().invoke(cli, ["diff", *arguments])
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_sources_are_named_by_the_arguments_only() -> None:
    for option in (("--from", scenario("03")), ("--demo=troubled",), ("--redact",)):
        result = CliRunner().invoke(cli, [*option, "diff", scenario("03"), scenario("03")])
        assert (result.exit_code, "diff " in result.stderr) == (2, True)


def test_the_json_holds_its_schema_and_is_the_same_each_time() -> None:
    arguments = ("diff", scenario("04"), scenario("03"), "-o", "json")
    first, second = run(*arguments), run(*arguments)
    assert first.stdout == second.stdout
    report = json.loads(first.stdout)
    jsonschema.validate(report, SCHEMA)
    assert report["verdict"] == "worse"
    assert scenario("03") not in first.stdout
    assert report["causes"][0]["findings"]


def test_every_field_of_the_json_is_in_the_schema(troubled: Troubled) -> None:
    before, after = troubled.at(0), troubled.at(67)
    report: DiffReport = build_diff(compare(before, after), before, after, ("a", "b"))
    written = json.loads(DIFF_FORMATS["json"](report, 100, False))
    jsonschema.validate(written, SCHEMA)
    assert set(written) == set(SCHEMA["properties"])
    for part, name in (("causes", "causes"), ("objects", "objects")):
        assert set(written[part][0]) == set(SCHEMA["properties"][name]["items"]["properties"])
    cause = next(cause for cause in written["causes"] if cause["findings"] and cause["families"])
    assert set(cause["findings"][0]) == set(SCHEMA["$defs"]["finding"]["properties"])
    assert set(cause["families"][0]) == set(SCHEMA["$defs"]["familyChange"]["properties"])


def test_markdown_says_the_verdict_first_and_keeps_to_one_line_each(troubled: Troubled) -> None:
    before, after = troubled.at(55), troubled.at(67)
    report = build_diff(compare(before, after), before, after, ("a", "b"))
    text = DIFF_FORMATS["markdown"](report, 100, False)
    assert text.startswith("## dsview diff: worse\n")
    assert "- not ready Node worker-b: IPv4 and IPv6" in text
    assert "1 Service lost IPv6: monitoring/metrics-server." in text
