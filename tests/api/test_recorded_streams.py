"""The bytes of a real API server's watches, fed to a reflector as they were recorded."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import pytest

from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.kinds.service import Service
from dsview.sources.events import Health, SourceEvent
from dsview.sources.kube.client import Client
from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.in_flight import InFlightLimit
from dsview.sources.kube.reflector import Reflector
from tests.support.clusters import RECORDINGS

WATCH = RECORDINGS / "dual-two-nodes" / "watch"


def recorded(name: str) -> bytes:
    path = WATCH / f"{name}.jsonl"
    return path.read_bytes() if path.exists() else gzip.decompress(path.with_suffix(".jsonl.gz").read_bytes())


class Response:
    """A response whose body arrives in chunks of an awkward size."""

    headers: Mapping[str, str] = {}

    def __init__(self, body: bytes, size: int) -> None:
        self._body = body
        self._size = size
        self.in_flight = InFlightLimit()

    def stream(self, silence: float) -> Iterator[bytes]:
        for start in range(0, len(self._body), self._size):
            yield self._body[start : start + self._size]


class Replay:
    """Answers requests with recorded bodies, one after another; then ends the session."""

    def __init__(self, bodies: list[bytes], stop: threading.Event, size: int) -> None:
        self.queries: list[Mapping[str, str]] = []
        self._bodies = bodies
        self._stop = stop
        self._size = size

    @contextmanager
    def open(self, path: str, query: Mapping[str, str], **_: Any) -> Iterator[Response]:
        self.queries.append(dict(query))
        if not self._bodies:
            self._stop.set()
            raise RequestFailed(0, "the recording is over")
        yield Response(self._bodies.pop(0), self._size)


def replay(kind: Kind, *bodies: bytes, size: int = 1777) -> tuple[ClusterState, Replay, list[Health]]:
    state, stop, healths = ClusterState(), threading.Event(), list[Health]()
    client = Replay(list(bodies), stop, size)

    def take(event: SourceEvent) -> None:
        state.apply(event)

    reflector = Reflector(
        cast(Client, client),
        RESOURCES[kind],
        take,
        lambda h, _: healths.append(h),
        stop,
    )
    reflector.run()
    return state, client, healths


def version_of(line: bytes) -> int:
    return int(json.loads(line)["object"]["metadata"]["resourceVersion"])


@pytest.mark.parametrize("size", [1, 7, 1777, 1 << 20])
def test_a_recorded_streaming_list_is_complete_however_it_is_cut(size: int) -> None:
    body = recorded("pods-watchlist")
    state, client, healths = replay(Kind.POD, body, size=size if len(body) // size < 200_000 else 97)
    lines = [json.loads(line) for line in body.splitlines()]
    assert len(state.pods) == len({line["object"]["metadata"]["uid"] for line in lines if line["type"] == "ADDED"})
    assert Health.LIVE in healths
    assert client.queries[0]["sendInitialEvents"] == "true"
    # The watch continues after the last event, which follows the bookmark that ends the list.
    assert client.queries[1]["resourceVersion"] == lines[-1]["object"]["metadata"]["resourceVersion"]


def test_recorded_pods_come_and_go_as_they_did() -> None:
    listing, watch = recorded("pods-watchlist"), recorded("pods")
    # They were recorded at the same time; a watch that continues from the list has no earlier events.
    reached = version_of(listing.splitlines()[-1])
    watch = b"".join(line for line in watch.splitlines(keepends=True) if version_of(line) > reached)
    state, _, _ = replay(Kind.POD, listing, watch)
    expected: dict[tuple[str, str], str] = {}
    for line in map(json.loads, (listing + watch).splitlines()):
        meta = line["object"]["metadata"]
        if line["type"] in ("ADDED", "MODIFIED"):
            expected[(meta["namespace"], meta["name"])] = meta["uid"]
        elif line["type"] == "DELETED":
            expected.pop((meta["namespace"], meta["name"]), None)
    assert {pod.key: pod.uid for pod in state.pods if isinstance(pod, Pod)} == expected


def test_a_recorded_service_went_dual_and_back() -> None:
    families = []
    for line in map(json.loads, recorded("services").splitlines()):
        if line["type"] == "MODIFIED":
            body = json.dumps(line).encode() + b"\n"
            end = {"metadata": {"resourceVersion": "1", "annotations": {"k8s.io/initial-events-end": "true"}}}
            bookmark = json.dumps({"type": "BOOKMARK", "object": end}).encode() + b"\n"
            state, _, _ = replay(Kind.SERVICE, body + bookmark)
            (service,) = state.services
            assert isinstance(service, Service)
            families.append(len(service.families))
    assert 1 in families
    assert 2 in families


def test_a_recorded_410_makes_a_new_list() -> None:
    listing = recorded("pods-watchlist")
    _, client, _ = replay(Kind.POD, listing, recorded("expired-410"), listing)
    assert ["sendInitialEvents" in query for query in client.queries[:3]] == [True, False, True]
