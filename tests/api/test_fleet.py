"""A fleet of forty loopback clusters: which are read, which are not and why, and that none delays others."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import msgspec
import pytest
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families

from dsview.analysis.fleet import MAX_FINDINGS, Contact, Member, member_of
from dsview.cli import cli
from dsview.cli.fleet import open_reader
from dsview.cli.options import Settings
from dsview.core.finding import Severity
from dsview.session import fleet as session_fleet
from dsview.session.fleet import FleetReader
from tests.support.apiserver import ApiServer, Fault, Request, status_body
from tests.support.clusters import SCENARIOS, from_path
from tests.support.fleets import Fleet, fleet, scenario

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "tui/dsview/export/fleet.schema.json").read_text())


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet(tmp_path_factory.mktemp("fleet"), healthy=34, hanging=3, refusing=2, failing=1) as found:
        yield found


class Told:
    """What a reader reported, in order."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self._told = threading.Condition()

    def __call__(self, member: Member) -> None:
        with self._told:
            self.members.append(member)
            self._told.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> bool:
        """Whether the condition becomes true within a minute."""
        with self._told:
            return self._told.wait_for(condition, 60)

    def last(self, name: str) -> Contact:
        """The current state of a cluster."""
        return self.contacts_of(name)[-1] if self.contacts_of(name) else Contact.WAITING

    def contacts_of(self, name: str) -> list[Contact]:
        return [member.contact for member in self.members if member.name == name]


def reader(
    found: Fleet, told: Told, *, silence: float = 5.0, parallel: int = 6, names: list[str] | None = None
) -> FleetReader:
    settings = Settings(kubeconfig=str(found.kubeconfig), request_timeout=silence)
    return open_reader(settings, names or found.names, parallel, told, None)


def run(found: Fleet, *arguments: str) -> Result:
    words = ["fleet", "--kubeconfig", str(found.kubeconfig), "--request-timeout", "5s", *arguments]
    return CliRunner().invoke(cli, words, standalone_mode=False)


@pytest.fixture(scope="module")
def document(forty: Fleet) -> dict[str, Any]:
    result = run(forty, "-o", "json")
    assert result.return_value == 1
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_every_cluster_is_a_line_and_the_document_keeps_its_schema(forty: Fleet, document: dict[str, Any]) -> None:
    jsonschema.validate(document, SCHEMA)
    assert [row["context"] for row in document["clusters"]] == forty.names
    states = {row["context"]: row["state"] for row in document["clusters"]}
    assert {name for name, state in states.items() if state == "read"} == set(forty.healthy)
    assert {name for name, state in states.items() if state == "failed"} == {
        *forty.hanging,
        *forty.refusing,
        *forty.failing,
    }


def test_a_cluster_that_cannot_be_read_says_why(forty: Fleet, document: dict[str, Any]) -> None:
    reasons = {row["context"]: row["reason"] for row in document["clusters"]}
    assert all("did not answer within 5 s" in reasons[name] for name in forty.hanging)
    assert all("refuses the connection" in reasons[name] for name in forty.refusing)
    assert all("the session expired" in reasons[name] for name in forty.failing)
    assert all(row["found"] is None for row in document["clusters"] if row["state"] == "failed")


def test_the_sums_of_a_cluster_are_those_of_a_check_of_it(forty: Fleet, document: dict[str, Any]) -> None:
    name = forty.healthy[5]
    result = CliRunner().invoke(
        cli, ["check", "--kubeconfig", str(forty.kubeconfig), "--context", name, "-o", "json"], standalone_mode=False
    )
    report = json.loads(result.stdout)
    found = next(row["found"] for row in document["clusters"] if row["context"] == name)
    assert found["layers"] == report["overview"]["layers"]
    assert found["mode"] == report["cluster"]["mode"]
    assert [found[key] for key in ("errors", "warnings", "notes")] == [
        report["counts"][key] for key in ("errors", "warnings", "notes")
    ]
    assert [cause["check"] for cause in found["causes"]] == [
        finding["check"] for finding in report["findings"] if finding["foldedUnder"] is None
    ]


def test_clusters_that_hang_hold_up_no_other_though_they_come_first(forty: Fleet) -> None:
    told = Told()
    names = [*forty.hanging, *forty.healthy[:8]]
    fleet_reader = reader(forty, told, parallel=2, silence=600.0, names=names)
    fleet_reader.start()
    try:
        assert told.wait_for(lambda: told.last(forty.healthy[7]) is Contact.READ)
        assert [told.last(name) for name in forty.healthy[:8]] == [Contact.READ] * 8
        assert [told.last(name) for name in forty.hanging] == [Contact.READING] * 3
    finally:
        fleet_reader.stop()


def test_no_more_clusters_are_read_at_once_than_requested(forty: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine a cluster may seem to hang; then dsview reads others while it waits.
    monkeypatch.setattr(session_fleet, "SLOT_TIMEOUT", 60.0)
    told = Told()
    fleet_reader = reader(forty, told, parallel=3, names=forty.healthy[:12])
    fleet_reader.start()
    try:
        assert fleet_reader.wait(60)
    finally:
        fleet_reader.stop()
    assert 1 < most_at_once(told.members) <= 3


def test_waiting_for_a_credential_plug_in_is_reported(forty: Fleet) -> None:
    told = Told()
    fleet_reader = reader(forty, told, names=forty.failing)
    fleet_reader.start()
    try:
        assert fleet_reader.wait(30)
    finally:
        fleet_reader.stop()
    assert told.contacts_of(forty.failing[0]) == [Contact.READING, Contact.SIGNING_IN, Contact.FAILED]
    assert any("get-token; it may have opened a browser" in member.reason for member in told.members)


def test_a_cluster_is_read_again_and_keeps_its_last_result_if_that_fails(tmp_path: Path) -> None:
    server = ApiServer()
    server.load(scenario(0))
    with server, fleet(tmp_path, healthy=0, running=[server.url]) as found:
        told = Told()
        fleet_reader = reader(found, told)
        fleet_reader.start()
        try:
            assert fleet_reader.wait(30)
            first = fleet_reader.members[0]
            assert first.contact is Contact.READ
            server.stop()
            fleet_reader.read_again("large-0")
            assert fleet_reader.wait(30)
        finally:
            fleet_reader.stop()
        last = fleet_reader.members[0]
        assert last.contact is Contact.FAILED
        assert last.reason
        assert (last.summary, last.findings, last.read_at) == (first.summary, first.findings, first.read_at)


def test_clusters_that_exceed_the_deadline_of_the_run_are_reported_as_out_of_time(forty: Fleet) -> None:
    result = run(forty, "--contexts", "hangs-*", "-o", "json", "--request-timeout", "60s", "--timeout", "1s")
    rows = json.loads(result.stdout)["clusters"]
    assert [row["context"] for row in rows] == forty.hanging
    assert all(row["reason"].startswith("Timed out after 1 s") for row in rows)
    assert result.return_value == 3


def test_text_has_a_line_for_each_cluster_and_the_worst_first(forty: Fleet) -> None:
    lines = run(forty, "--contexts", "cluster-0[0-9]", "--contexts", "refuses-0").stdout.splitlines()
    names = [line.split()[0] for line in lines[1:12]]
    assert sorted(names) == [*forty.healthy[:10], "refuses-0"]
    errors = [line.split()[1] for line in lines[1:12]]
    assert errors == [
        *sorted((e for e in errors if e not in "?0"), key=int, reverse=True),
        "?",
        *["0"] * errors.count("0"),
    ]
    assert lines[-1].startswith("11 clusters, 10 read. 1 could not be read.")


def test_markdown_is_a_table(forty: Fleet) -> None:
    lines = run(forty, "--contexts", "cluster-00", "-o", "markdown").stdout.splitlines()
    assert lines[4].startswith("| CLUSTER | ERR | WARN | MODE |")
    assert lines[6].startswith("| cluster\\-00 |") or lines[6].startswith("| cluster-00 |")


def test_metrics_name_every_cluster_and_say_nothing_of_one_that_is_down(forty: Fleet) -> None:
    result = run(forty, "--contexts", "cluster-0[01]", "--contexts", "refuses-1", "-o", "prometheus")
    metrics = {family.name: family for family in text_string_to_metric_families(result.stdout)}
    up = {sample.labels["context"]: sample.value for sample in metrics["dsview_up"].samples}
    assert up == {"cluster-00": 1, "cluster-01": 1, "refuses-1": 0}
    contexts = {sample.labels["context"] for sample in metrics["dsview_layer_objects"].samples}
    assert contexts == {"cluster-00", "cluster-01"}


@pytest.mark.parametrize(
    ("contexts", "fail_on", "code"),
    [("cluster-14", "note", 0), ("cluster-01", "error", 0), ("cluster-01", "warning", 1), ("refuses-*", "error", 3)],
)
def test_the_exit_code_is_that_of_the_worst_cluster(forty: Fleet, contexts: str, fail_on: str, code: int) -> None:
    assert run(forty, "--contexts", contexts, "--fail-on", fail_on).return_value == code


@pytest.mark.parametrize(
    ("plural", "status", "words", "code"),
    [
        ("endpointslices", 500, "endpointslices not fully read", 3),
        ("pods", 403, "pods not permitted", 4),
        ("networkpolicies", 403, "checks not evaluated", 0),
    ],
)
def test_a_cluster_that_was_read_in_part_does_not_look_well(
    tmp_path: Path, plural: str, status: int, words: str, code: int
) -> None:
    def fail(request: Request) -> None:
        if request.plural == plural:
            raise Fault(status, status_body(status, "Fault", "no"))

    with ApiServer() as server:
        server.load(scenario(0))
        server.hook = fail
        with fleet(tmp_path, healthy=1, running=[server.url]) as found:
            lines = run(found).stdout.splitlines()
            assert lines[1].startswith("large-0")
            assert words in lines[1]
            assert lines[1].endswith("partly read")
            assert lines[2].endswith("  read")
            assert lines[-1].endswith("1 cluster was not read completely.")
            result = run(found, "--contexts", "large-0", "-o", "json")
            assert result.return_value == code
            document = json.loads(result.stdout)
            jsonschema.validate(document, SCHEMA)
            sums = document["clusters"][0]["found"]
            assert sums["complete"] is False
            assert plural in [*sums["refused"], *sums["unread"]] or sums["notEvaluated"]


def test_an_unknown_context_is_reported(forty: Fleet) -> None:
    result = run(forty, "--contexts", "nothing-*")
    assert result.return_value == 2
    assert "No context matches nothing-*. Contexts: " in result.stderr


@pytest.mark.parametrize("before", [["--redact"], ["--from", "x"], ["--context", "a"]])
def test_an_option_that_names_one_cluster_is_refused(forty: Fleet, before: list[str]) -> None:
    words = [*before, "fleet", "-o", "text"]
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    assert isinstance(result.exception, click.UsageError)


def test_a_badly_broken_cluster_takes_less_than_two_megabytes(tmp_path: Path) -> None:
    items = json.loads((SCENARIOS[2] / "objects.json").read_text())["items"]
    pod = next(item for item in items if item["kind"] == "Pod" and item["metadata"].get("labels"))
    for number in range(3_000):
        copy = json.loads(json.dumps(pod))
        copy["metadata"] |= {"name": f"copy-{number}", "uid": f"copy-{number}", "ownerReferences": []}
        address = f"10.244.{number // 250}.{number % 250}"
        copy["status"] |= {"podIP": address, "podIPs": [{"ip": address}]}
        items.append(copy)
    (tmp_path / "objects.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": items}))
    session = from_path(tmp_path / "objects.json")
    member = member_of(session, "broken", 1_800_000_000.0)
    assert len(list(session.findings)) > 2_000
    assert len(member.findings) == MAX_FINDINGS
    assert member.left_out > 1_000
    assert len(msgspec.json.encode(member)) < 1_000_000
    assert sum(map(member.count, Severity)) == len(list(session.findings))


def test_a_context_keeps_its_name_and_is_shown_harmlessly(tmp_path: Path) -> None:
    server = ApiServer()
    server.load(scenario(0))
    with server, fleet(tmp_path, healthy=0, running=[server.url]) as found:
        config = json.loads(found.kubeconfig.read_text())
        config["contexts"][0]["name"] = "prod \u26a0\ufe0f\x1b[31m"
        found.kubeconfig.write_text(json.dumps(config))
        result = run(found, "-o", "json")
    assert [row["context"] for row in json.loads(result.stdout)["clusters"]] == ["prod \u26a0\\ufe0f\\x1b[31m"]
    assert json.loads(result.stdout)["clusters"][0]["state"] == "read"


PLUGIN = """#!{python}
import fcntl, json, os, pathlib
folder = pathlib.Path({folder!r})
with open(folder / "log", "a") as log:
    log.write(f"start {{os.getpid()}}\\n")
with open(folder / "person") as person:
    try:
        fcntl.flock(person, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        (folder / "started").write_text("yes")
        fcntl.flock(person, fcntl.LOCK_SH)
with open(folder / "log", "a") as log:
    log.write(f"end {{os.getpid()}}\\n")
credential = {{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {{"token": "t"}}}}
print(json.dumps(credential))
"""
"""A credential plug-in that waits for a person, who holds the lock of a file until they have signed in."""


def most_at_once(members: list[Member]) -> int:
    """The highest number of clusters that were read at the same time."""
    reading: set[str] = set()
    most = 0
    for member in members:
        (reading.add if member.contact is Contact.READING else reading.discard)(member.context)
        most = max(most, len(reading))
    return most


def test_one_browser_at_a_time_and_clusters_without_a_plug_in_do_not_wait_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_fleet, "SLOT_TIMEOUT", 60.0)
    plugin = tmp_path / "login"
    plugin.write_text(PLUGIN.format(python=sys.executable, folder=str(tmp_path)))
    plugin.chmod(0o755)
    os.mkfifo(tmp_path / "started")
    with (tmp_path / "person").open("w") as person, fleet(tmp_path, healthy=5) as found:
        fcntl.flock(person, fcntl.LOCK_EX)
        config = json.loads(found.kubeconfig.read_text())
        command = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
        config["users"] = [{"name": "person", "user": {"exec": command}}]
        for context in config["contexts"][:3]:
            context["context"]["user"] = "person"
        found.kubeconfig.write_text(json.dumps(config))
        told = Told()
        fleet_reader = reader(found, told, parallel=2, silence=30.0)
        fleet_reader.start()
        try:
            signing_in, others = found.healthy[:3], found.healthy[3:]
            assert told.wait_for(lambda: all(told.last(name) is Contact.READ for name in others))
            assert told.wait_for(lambda: all(told.last(name) is Contact.SIGNING_IN for name in signing_in))
            assert (tmp_path / "started").read_text() == "yes"
            assert [line.split()[0] for line in (tmp_path / "log").read_text().splitlines()] == ["start"]
            fcntl.flock(person, fcntl.LOCK_UN)
            assert fleet_reader.wait(60)
            assert [told.last(name) for name in signing_in] == [Contact.READ] * 3
            assert most_at_once(told.members) <= 2
        finally:
            fcntl.flock(person, fcntl.LOCK_UN)
            fleet_reader.stop()
    first, second, *_ = (tmp_path / "log").read_text().splitlines()
    assert (first.split()[0], second.split()[0]) == ("start", "end")
    assert first.split()[1] == second.split()[1]


def test_a_plug_in_that_failed_is_not_run_again_until_somebody_asks(tmp_path: Path) -> None:
    with fleet(tmp_path, healthy=1, failing=1) as found:
        told = Told()
        settings = Settings(kubeconfig=str(found.kubeconfig), request_timeout=30.0)
        fleet_reader = open_reader(settings, found.names, 2, told, 0.01)
        fleet_reader.start()
        try:
            healthy, failing = found.healthy[0], found.failing[0]
            assert told.wait_for(lambda: told.contacts_of(healthy).count(Contact.READ) >= 3)
            assert told.wait_for(lambda: told.last(failing) is Contact.FAILED)
            assert told.wait_for(lambda: told.contacts_of(healthy).count(Contact.READ) >= 6)
            assert told.contacts_of(failing).count(Contact.SIGNING_IN) == 1
            fleet_reader.read_again(failing)
            assert told.wait_for(lambda: told.contacts_of(failing).count(Contact.FAILED) == 2)
        finally:
            fleet_reader.stop()
