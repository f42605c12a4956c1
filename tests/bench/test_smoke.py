"""The benchmark works: a cluster of a few pods, without timing."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.__main__ import main
from tests.bench.serving import Serving
from tests.bench.wire import ENDS_INITIAL_EVENTS

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is needed to make a certificate")
PODS = 40


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where clusters are kept."""
    return tmp_path_factory.mktemp("clusters")


@pytest.fixture(scope="module")
def serving(clusters: Path) -> Iterator[Serving]:
    """A server."""
    with Serving(PODS, clusters=clusters) as serving:
        yield serving


def opened(serving: Serving, target: str) -> http.client.HTTPResponse:
    """The response to a GET."""
    context = ssl.create_default_context(cafile=serving.certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", serving.port, context=context)
    connection.request("GET", target)
    return connection.getresponse()


def test_pages_and_a_streaming_list_hold_the_same_pods(serving: Serving) -> None:
    token, paged = "", []
    while True:
        page = json.load(opened(serving, f"/api/v1/pods?limit=15{token and '&continue=' + token}"))
        paged += [item["metadata"] for item in page["items"]]
        token = page["metadata"].get("continue", "")
        if not token:
            break
    streamed = []
    with opened(serving, "/api/v1/pods?watch=1&sendInitialEvents=true&timeoutSeconds=1") as response:
        for line in response:
            if ENDS_INITIAL_EVENTS in line:
                break
            event = json.loads(line)
            assert event["type"] == "ADDED"
            streamed.append(event["object"]["metadata"])
    assert streamed == paged
    assert len(paged) == PODS


def test_a_pod_is_as_large_as_a_real_one(serving: Serving) -> None:
    pods = json.load(opened(serving, "/api/v1/pods"))["items"]
    sizes = [len(json.dumps(pod, separators=(",", ":"))) for pod in pods]
    assert all(7_000 < size < 10_000 for size in sizes)


def test_a_watch_brings_changes_at_the_rate_that_was_asked_for(serving: Serving) -> None:
    with opened(serving, "/api/v1/pods?watch=1&resourceVersion=1&timeoutSeconds=30") as response:
        serving.control("burst?count=10")
        events = [json.loads(response.readline()) for _ in range(10)]
    assert {event["type"] for event in events} == {"MODIFIED"}
    ready = [c["status"] for e in events for c in e["object"]["status"]["conditions"] if c["type"] == "Ready"]
    assert ready == ["False"] * 10
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))


def test_the_command_measures_a_load_and_writes_json(
    clusters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ("--row", "load", "--row", "check", "--row", "memory", "--row", "first-rows")
    target = tmp_path / "figures.json"
    main(["--pods", str(PODS), "--runs", "1", "--quick", "--clusters", str(clusters), "--json", str(target), *rows])
    told = json.loads(target.read_text())
    assert [figure["row"] for figure in told["figures"]] == [*["load"] * 4, *["check"] * 2, "peak memory", "first rows"]
    assert all(value > 0 for figure in told["figures"] for value in figure["values"])
    assert f"{PODS} pods" in capsys.readouterr().out


def test_a_recording_is_simulated_and_gone_about_in(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--pods", str(PODS), "--runs", "1", "--quick", "--row", "recording"])
    told = capsys.readouterr().out
    assert f"{PODS} pods, 1 min, for each minute" in told
    assert "jump anywhere, slowest" in told
    assert "memory after jumps, above a live session" in told
