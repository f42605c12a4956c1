"""`dsview check` against a cluster: its trace, and the exit codes that only a live cluster has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dsview.cli import cli
from dsview.sources.kube import backoff
from tests.support.apiserver import ApiServer, Fault, Request, status_body
from tests.support.clusters import DATA

SOUND = DATA / "scenarios" / "14-eks-ipv6"


@pytest.fixture(autouse=True)
def quick_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are retried at once."""
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 0.02)
    monkeypatch.setattr(backoff, "MAX_DELAY", 0.05)


@pytest.fixture
def api() -> Iterator[ApiServer]:
    server = ApiServer()
    server.load(json.loads((SOUND / "objects.json").read_text())["items"])
    with server:
        yield server


def check(api: ApiServer, folder: Path, *arguments: str) -> Result:
    kubeconfig = api.write_kubeconfig(folder / "kubeconfig")
    return CliRunner().invoke(cli, ["check", "--kubeconfig", str(kubeconfig), *arguments], standalone_mode=False)


def refuse(*plurals: str) -> Any:
    def hook(request: Request) -> None:
        if request.plural in plurals:
            raise Fault(403, status_body(403, "Forbidden", f"{request.plural} is forbidden"))

    return hook


def test_a_cluster_where_nothing_is_wrong_gives_0(api: ApiServer, tmp_path: Path) -> None:
    result = check(api, tmp_path, "-o", "json")
    assert result.return_value == 0
    report = json.loads(result.stdout)
    assert report["source"] == {"kind": "cluster", "name": "loopback", "serverVersion": "v1.36.1"}
    assert report["refused"] == []


@pytest.mark.parametrize("plural", ["services", "pods", "nodes", "endpointslices"])
def test_a_refused_core_kind_gives_4_where_nothing_was_found(api: ApiServer, tmp_path: Path, plural: str) -> None:
    api.hook = refuse(plural)
    result = check(api, tmp_path, "-o", "json")
    assert result.return_value == 4
    report = json.loads(result.stdout)
    assert len(report["refused"]) == 1
    assert report["notEvaluated"]


@pytest.mark.parametrize("plural", ["services", "pods", "nodes", "endpointslices"])
def test_a_core_kind_that_cannot_be_read_gives_3_where_nothing_was_found(
    api: ApiServer, tmp_path: Path, plural: str
) -> None:
    def break_down(request: Request) -> None:
        if request.plural == plural:
            raise Fault(500, status_body(500, "InternalError", "etcd is away"))

    api.hook = break_down
    result = check(api, tmp_path, "-o", "json")
    assert result.return_value == 3
    assert f"{plural} could not be read: etcd is away" in result.stderr
    assert json.loads(result.stdout)["notEvaluated"]


def test_a_refused_optional_kind_does_not(api: ApiServer, tmp_path: Path) -> None:
    api.hook = refuse("networkpolicies", "ingresses")
    result = check(api, tmp_path, "-o", "json")
    assert result.return_value == 0
    reasons = {entry["check"]: entry["reason"] for entry in json.loads(result.stdout)["notEvaluated"]}
    assert "not permitted" in reasons["DS-NET-001"]


def test_nobody_asking_for_a_verdict_gets_0_from_a_refusing_cluster(api: ApiServer, tmp_path: Path) -> None:
    api.hook = refuse("pods")
    assert check(api, tmp_path, "--fail-on", "never").return_value == 0


def test_a_cluster_that_does_not_answer_gives_3_and_says_why(api: ApiServer, tmp_path: Path) -> None:
    api.stop()
    result = check(api, tmp_path, "--timeout", "30s")
    assert result.return_value == 3
    assert result.stdout == ""
    assert "refuses the connection" in result.stderr


def test_a_run_that_takes_too_long_gives_3_and_names_what_is_missing(api: ApiServer, tmp_path: Path) -> None:
    def slow(request: Request) -> None:
        if request.plural == "pods":
            raise Fault(429, headers={"Retry-After": "60"})

    api.hook = slow
    result = check(api, tmp_path, "--timeout", "500ms")
    assert result.return_value == 3
    assert "Timed out after 0.5 s; not read yet: Pod" in result.stderr


@pytest.mark.parametrize(("select", "is_read"), [("DS-EPS-*", True), ("eps-006", True), ("DS-SVC-*", False)])
def test_endpoints_are_read_where_their_check_is_selected(
    api: ApiServer, tmp_path: Path, select: str, is_read: bool
) -> None:
    check(api, tmp_path, "--select", select)
    assert any(request.plural == "endpoints" for request in api.log) is is_read


def test_the_trace_tells_what_happened_when(api: ApiServer, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    check(api, tmp_path, "--trace-file", str(trace))
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    names = [line["event"] for line in lines]
    assert names[0] == "client_ready"
    assert names[-1] == "all_synced"
    assert {"first_rows", "synced"} <= set(names)
    assert [line["ms"] for line in lines] == sorted(line["ms"] for line in lines)
    assert all(line["rss_mb"] > 0 for line in lines)
    (pods,) = [line for line in lines if line["event"] == "synced" and line["kind"] == "Pod"]
    assert pods["count"] == len(api.objects["pods"])
    assert pods["bytes"] > 0
    assert (pods["lists"], pods["watches"]) == (0, 1)
    assert {"read_s", "decode_s", "check_s"} <= pods.keys()
    check(api, tmp_path, "--trace-file", str(trace))
    assert len(trace.read_text().splitlines()) > len(lines)


def test_no_secret_of_the_kubeconfig_is_in_the_log_or_the_trace(api: ApiServer, tmp_path: Path) -> None:
    log, trace = tmp_path / "log", tmp_path / "trace"
    api.hook = refuse("nodes")
    result = check(api, tmp_path, "-v", "--log-file", str(log), "--trace-file", str(trace))
    for text in (result.output, log.read_text(), trace.read_text()):
        assert "secret-token" not in text


def compared(api: ApiServer, folder: Path, *arguments: str) -> Result:
    kubeconfig = api.write_kubeconfig(folder / "kubeconfig")
    return CliRunner().invoke(cli, ["diff", *arguments, "--kubeconfig", str(kubeconfig)], standalone_mode=False)


def test_a_cluster_is_compared_with_a_snapshot_of_it(api: ApiServer, tmp_path: Path) -> None:
    kubeconfig, saved = str(api.write_kubeconfig(tmp_path / "kubeconfig")), str(tmp_path / "before.json")
    CliRunner().invoke(cli, ["snapshot", "-o", saved, "--kubeconfig", kubeconfig], standalone_mode=False)
    same = compared(api, tmp_path, saved, "@loopback", "-o", "json")
    assert (same.return_value, json.loads(same.stdout)["verdict"]) == (0, "same")
    dns = next(i for (_, name), i in api.objects["endpointslices"].items() if name.startswith("kube-dns"))
    for endpoint in dns["endpoints"]:
        endpoint["conditions"] = {"ready": False}
    api.put(dns)
    worse = compared(api, tmp_path, saved, "@loopback")
    assert worse.return_value == 1
    assert "1 Service lost IPv6: kube-system/kube-dns." in worse.stdout


def test_a_comparison_with_a_cluster_that_refuses_a_core_kind_is_no_pass(api: ApiServer, tmp_path: Path) -> None:
    api.hook = refuse("pods")
    result = compared(api, tmp_path, str(SOUND), "@loopback")
    assert result.return_value == 4
    assert "After: pods: not permitted." in result.stdout


def test_a_context_that_there_is_not_is_a_sentence(api: ApiServer, tmp_path: Path) -> None:
    kubeconfig = str(api.write_kubeconfig(tmp_path / "kubeconfig"))
    result = CliRunner().invoke(cli, ["diff", str(SOUND), "@other", "--kubeconfig", kubeconfig])
    assert result.exit_code == 2
    assert "other" in result.stderr
