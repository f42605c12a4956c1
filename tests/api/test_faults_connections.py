"""A server that goes away, comes back, comes back as another one, or cannot be reached at all."""

from __future__ import annotations

import copy
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dsview.kinds.kind import Kind
from dsview.sources.events import Health
from dsview.sources.kube import KubeSource, backoff, reconnect, reflector, watch_tracker
from dsview.sources.kube import source as kube_source
from tests.support.apiserver import ApiServer, Raw, Request, http_chunked
from tests.support.clusters import DATA
from tests.support.driven import FOLLOWED
from tests.support.live import Json, Live, pod
from tests.support.ports import refusing_port

OpenLive = Callable[..., Live]
TLS = DATA / "tls"


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address that refuses connections during the test."""
    with refusing_port() as port:
        yield f"127.0.0.1:{port}"


def _lists(api: ApiServer) -> int:
    return sum(r.query.get("sendInitialEvents") == "true" for r in api.log if r.plural != "configmaps")


@pytest.mark.parametrize("graceful", [True, False], ids=["graceful", "killed"])
def test_after_a_restart_of_the_server_watches_resume_without_a_relist(
    api: ApiServer, live: OpenLive, graceful: bool
) -> None:
    live_session = live().settle()
    lists, count = _lists(api), len(live_session.session.state.pods)
    api.stop(graceful=graceful)
    for kind in FOLLOWED:
        live_session.until_status(Health.STALE, "refuses the connection", kind)
    assert len(live_session.session.state.pods) == count
    api.start()
    live_session.assert_recovers()
    assert _lists(api) == lists


def test_a_server_that_comes_back_without_the_history_is_listed_once_more(api: ApiServer, live: OpenLive) -> None:
    live_session = live().settle()
    api.stop()
    live_session.until_status(Health.STALE, "refuses the connection")
    gone = next(iter(api.objects["pods"]))
    del api.objects["pods"][gone]
    api.version += 10
    api.oldest = api.version
    api.start()
    live_session.assert_recovers()
    assert live_session.session.state.pods.get(gone) is None


def test_a_server_that_returns_with_an_older_store_is_listed_again(
    api: ApiServer, live: OpenLive, items: list[Json]
) -> None:
    backup = copy.deepcopy(items)
    for number in range(30):
        api.load([pod(f"after-the-backup-{number}")])
    live_session = live().settle()
    api.stop()
    for kind in FOLLOWED:
        live_session.until_status(Health.STALE, "refuses the connection", kind)
    # The versions that the watches would ask from are yet to come: they would say nothing, for long.
    api.restore(backup, 100)
    api.start()
    live_session.assert_recovers()
    assert live_session.session.state.pods.get(("shop", "after-the-backup-1")) is None


def test_a_store_that_was_set_back_unseen_shows_by_versions_that_went_back(
    api: ApiServer, live: OpenLive, items: list[Json]
) -> None:
    api.load([pod("after-the-backup")])
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    api.restore(copy.deepcopy(items), 100)
    for plural in {r.plural for r in api.log if r.verb == "watch" and r.plural in api.objects}:
        api.bookmark(plural)
    live_session.assert_recovers()
    assert live_session.session.state.pods.get(("shop", "after-the-backup")) is None


def test_a_watch_without_even_a_bookmark_is_reopened_and_then_relisted(
    api: ApiServer, live: OpenLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_session = live().settle()
    monkeypatch.setattr(reflector, "SILENCE_TIMEOUT", 0.1)
    over = threading.Event()
    silent: list[Request] = []

    def silence(request: Request) -> None:
        if request.plural == "pods" and request.verb == "watch" and "resourceVersion" in request.query:
            silent.append(request)
            if len(silent) <= watch_tracker.MAX_SILENT_WATCHES:
                raise Raw(http_chunked(), until=over)
            monkeypatch.setattr(reflector, "SILENCE_TIMEOUT", 60.0)

    api.hook = silence
    gone = next(iter(api.objects["pods"]))
    with api.lock:
        # A change that no watch will ever report.
        del api.objects["pods"][gone]
    api.end_watches()
    live_session.assert_recovers()
    over.set()
    assert live_session.session.state.pods.get(gone) is None
    assert len(silent) >= watch_tracker.MAX_SILENT_WATCHES


def test_connections_left_half_open_by_sleep_are_reopened_on_waking(
    api: ApiServer, live: OpenLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = threading.Event()

    class Notice:
        """Reports once that the machine slept."""

        def has_slept(self) -> bool:
            was = slept.is_set()
            slept.clear()
            return was

    monkeypatch.setattr(kube_source, "SleepDetector", Notice)
    monkeypatch.setattr(kube_source, "MONITOR_INTERVAL", 0.02)
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    with api.lock:
        # The server dropped the connections without telling the other side.
        forgotten, api.watchers = api.watchers, []
    api.put(pod("while-asleep"))
    slept.set()
    live_session.assert_recovers()
    assert live_session.session.state.pods.get(("shop", "while-asleep")) is not None
    for watcher in forgotten:
        watcher.send(None)


@pytest.mark.parametrize("was_read", [False, True], ids=["first list", "read before"])
def test_a_server_that_accepts_a_request_and_never_responds_is_reported(
    api: ApiServer, live: OpenLive, monkeypatch: pytest.MonkeyPatch, was_read: bool
) -> None:
    monkeypatch.setattr(reflector, "RESPONSE_TIMEOUT", 0.1)
    monkeypatch.setattr(kube_source, "MONITOR_INTERVAL", 0.02)
    live_session = live().settle() if was_read else None
    over = threading.Event()

    def keep(request: Request) -> None:
        if request.plural == "pods" and not over.is_set():
            raise Raw(until=over)

    api.hook = keep
    if live_session is None:
        live_session = live()
    else:
        api.end_watches()
    live_session.until_status(Health.STALE if was_read else Health.LOADING, "has not responded yet")
    over.set()
    live_session.assert_recovers()


def test_sleep_is_noticed_by_the_clocks_and_a_clock_that_is_set_back_is_none() -> None:
    wall, steady = [1000.0], [50.0]
    notice = reconnect.SleepDetector(lambda: wall[0], lambda: steady[0])
    seen = []
    for real, awake in ((5, 5), (600, 5), (5, 5), (-3600, 5), (5, 5), (20, 20)):
        wall[0] += real
        steady[0] += awake
        seen.append(notice.has_slept())
    assert seen == [False, True, False, False, False, False]


def test_one_looks_after_a_server_that_is_away_and_all_are_back_when_it_is(
    api: ApiServer, live: OpenLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 60.0)
    monkeypatch.setattr(backoff, "MAX_DELAY", 60.0)
    monkeypatch.setattr(reconnect, "PROBE_INTERVAL", 0.05)
    monkeypatch.setattr(reconnect, "SPREAD", 0.1)
    live_session = live().settle()
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 0.02)
    api.stop()
    for kind in FOLLOWED:
        live_session.until_status(Health.STALE, "refuses the connection", kind)
    # By now each waits for a minute, but for the one that looks.
    started = time.monotonic()
    api.start()
    live_session.assert_recovers()
    assert time.monotonic() - started < 15


def test_a_server_that_comes_back_gets_about_one_request_for_each_kind(api: ApiServer, live: OpenLive) -> None:
    live_session = live().settle()
    api.stop()
    live_session.until_status(Health.STALE, "refuses the connection")
    del api.log[:]
    api.start()
    live_session.assert_recovers()
    asked = [(r.plural, r.name, r.query.get("fieldSelector"), r.verb) for r in api.log if r.plural != "events"]
    assert len(asked) == len(set(asked))


UNREACHABLE: dict[str, tuple[dict[str, Any], str]] = {
    "unknown authority": ({"tls": "good", "certificate-authority": str(TLS / "other-ca.crt")}, "authority that the"),
    "expired": ({"tls": "expired"}, "has expired"),
    "not valid yet": ({"tls": "not-yet"}, "not valid yet"),
    "another name": ({"tls": "other-name"}, "for another"),
    "another address": ({"tls": "other-address"}, "for another"),
    "TLS where there is none": ({"server": "https://{here}"}, "does not speak TLS"),
    "refused": ({"server": "http://{nobody}"}, "refuses the connection"),
    "proxy refused": ({"proxy-url": "http://{nobody}"}, "The proxy on the way"),
    "unknown name": ({"server": "http://api.invalid:6443"}, "cannot be resolved"),
    "name of a proxy unknown": ({"proxy-url": "http://proxy.invalid:3128"}, "cannot be resolved"),
}
"""What the kubeconfig says of the cluster, and words of what is said where that cannot be reached."""


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolves names that do not exist, without a request."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        if str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.usefixtures("resolver")
@pytest.mark.parametrize(("cluster", "words"), UNREACHABLE.values(), ids=UNREACHABLE.keys())
def test_a_cluster_that_cannot_be_reached_names_the_cause(
    items: list[Json], tmp_path: Path, nobody: str, cluster: Json, words: str
) -> None:
    certificate = cluster.get("tls")
    api = ApiServer(tls=(TLS / f"{certificate}.crt", TLS / "server.key") if certificate else None)
    api.load(items)
    with api:
        here = api.url.partition("//")[2]
        said = {key: value.format(here=here, nobody=nobody) for key, value in cluster.items() if key != "tls"}
        live_session = Live(api, tmp_path, cluster={"certificate-authority": str(TLS / "ca.crt"), **said})
        for kind in (Kind.POD, Kind.SERVICE):
            live_session.until_status(Health.FAILED, words, kind)
        # Leaving does not wait for it.
        started = time.monotonic()
        live_session.session.stop()
        assert time.monotonic() - started < 1


def test_a_certificate_of_a_known_authority_is_accepted(items: list[Json], tmp_path: Path) -> None:
    api = ApiServer(tls=(TLS / "good.crt", TLS / "server.key"))
    api.load(items)
    with api:
        live_session = Live(api, tmp_path, cluster={"certificate-authority": str(TLS / "ca.crt")})
        live_session.assert_recovers()
        api.stop()
        live_session.until_status(Health.STALE, "refuses the connection")
        api.start()
        live_session.assert_recovers()
        live_session.session.stop()


def test_a_source_that_is_stopped_while_it_waits_for_a_server_leaves_no_thread(nobody: str, tmp_path: Path) -> None:
    api = ApiServer()
    live_session = Live(api, tmp_path, cluster={"server": f"http://{nobody}"})
    live_session.until_status(Health.FAILED, "refuses")
    source = live_session.session.source
    assert isinstance(source, KubeSource)
    live_session.session.stop()
    names = {"dsview-Pod-", "dsview-Service-", "dsview-events", "dsview-proxy-config-0", "dsview-version"}
    end = time.monotonic() + 10
    while left := {thread.name for thread in threading.enumerate()} & names:
        assert time.monotonic() < end, left
        threading.Event().wait(0.01)
