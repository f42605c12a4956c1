"""A cluster that misbehaves, over real sockets: each fault ends with the state equal to a fresh list."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dsview.model.kinds import Kind
from dsview.session.session import Session
from dsview.sources.events import Health
from dsview.sources.kube import KubeSource, backoff
from tests.support.apiserver import ApiServer, Fault, Request, status_body
from tests.support.clusters import DATA

Json = dict[str, Any]
SCENARIO = DATA / "scenarios" / "09-disable-ipv6"
DEADLINE = 20.0


@pytest.fixture(autouse=True)
def quick_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are tried again at once: the delays themselves have a test of their own."""
    monkeypatch.setattr(backoff, "FIRST", 0.02)
    monkeypatch.setattr(backoff, "LONGEST", 0.05)


@pytest.fixture
def items() -> list[Json]:
    loaded: list[Json] = json.loads((SCENARIO / "objects.json").read_text())["items"]
    return loaded


@pytest.fixture
def api(items: list[Json]) -> Iterator[ApiServer]:
    server = ApiServer()
    server.load(items)
    for conf in SCENARIO.glob("nginx/*/*.conf"):
        server.files[(conf.parent.name, conf.stem)] = {"cat /etc/nginx/nginx.conf": conf.read_bytes()}
    with server:
        yield server


class Live:
    """A session on the loopback server, drained while something is awaited."""

    def __init__(self, api: ApiServer, tmp_path: Path, **options: Any) -> None:
        self.api = api
        kubeconfig = api.write_kubeconfig(tmp_path / "kubeconfig", **options.pop("user", {}))
        self.session = Session(KubeSource(kubeconfig=str(kubeconfig), **options))
        self.session.start()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, f"waited in vain until {what}"
            self.session.drain(0.05)
            self.session.wait(0.02)

    def settle(self) -> Live:
        self.until(lambda: self.session.is_settled, "everything is known")
        return self

    def health(self, kind: Kind) -> Health:
        return self.session.state.status(kind).health

    def equals_a_fresh_list(self) -> bool:
        state = self.session.state
        stores = (("pods", state.pods), ("services", state.services), ("endpointslices", state.endpoint_slices))
        return all({key: i["metadata"]["resourceVersion"] for key, i in self.api.objects[plural].items()} == {
            i.key: i.resource_version for i in store
        } for plural, store in stores)  # fmt: skip


@pytest.fixture
def live(api: ApiServer, tmp_path: Path) -> Iterator[Callable[..., Live]]:
    opened: list[Live] = []

    def open_live(**options: Any) -> Live:
        opened.append(Live(api, tmp_path, **options))
        return opened[-1]

    yield open_live
    for one in opened:
        one.session.stop()


def _pod(name: str, **status: Any) -> Json:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": "2026-11-20T08:00:00Z"},
        "spec": {"nodeName": "node-a", "containers": []},
        "status": {"phase": "Running", "startTime": "2026-11-20T08:00:00Z", **status},
    }


def test_a_live_cluster_gives_the_findings_of_its_files(live: Callable[..., Live]) -> None:
    session = live().settle().session
    assert {(f.check, f.object.name) for f in session.book if f.severity.value == "error"} == {
        ("DS-NGX-002", "ingress-nginx-controller"),
        ("DS-NGX-003", "ingress-nginx-controller"),
    }


def test_only_reading_requests_are_made_and_never_for_secrets(api: ApiServer, live: Callable[..., Live]) -> None:
    live().settle()
    assert {request.verb for request in api.log} <= {"get", "list", "watch", "exec"}
    assert not [request for request in api.log if "secret" in request.plural]
    assert not [r for r in api.log if r.plural == "configmaps" and not r.query.get("fieldSelector")]
    assert all(r.query["fieldSelector"].startswith("reason=") for r in api.log if r.plural == "events")


def test_a_service_that_turns_dual_stack_loses_its_flag(
    api: ApiServer, live: Callable[..., Live], items: list[Json]
) -> None:
    one = live().settle()
    name = "ingress-nginx-controller-admission"
    assert [f.check for f in one.session.findings_of("Service", "ingress-nginx", name)] == ["DS-SVC-002"]
    service = next(i for i in items if i["kind"] == "Service" and i["metadata"]["name"] == name)
    service["spec"] |= {
        "ipFamilyPolicy": "RequireDualStack",
        "ipFamilies": ["IPv4", "IPv6"],
        "clusterIPs": [service["spec"]["clusterIP"], "fd00:10:96::77"],
    }
    api.put(service)
    one.until(lambda: not one.session.findings_of("Service", "ingress-nginx", name), "the flag is gone")
    kept = one.session.state.services.get(("ingress-nginx", name))
    assert kept is not None
    assert kept.cluster_ips[1] == "fd00:10:96::77"


def test_pages_are_used_where_streaming_lists_are_refused(api: ApiServer, live: Callable[..., Live]) -> None:
    api.streams_lists = False
    for number in range(1203):
        api.load([_pod(f"many-{number}")])
    one = live().settle()
    assert one.equals_a_fresh_list()
    assert len(one.session.state.pods) > 1203
    assert set(api.page_size_seen) == {500}


def test_a_stopped_server_leaves_the_last_state_and_is_found_again(api: ApiServer, live: Callable[..., Live]) -> None:
    one = live().settle()
    count = len(one.session.state.pods)
    api.stop()
    one.until(lambda: one.health(Kind.POD) is Health.STALE, "pods are stale")
    assert len(one.session.state.pods) == count
    assert "refuses the connection" in one.session.state.status(Kind.POD).reason
    api.delete("Pod", *next(iter(api.objects["pods"])))
    api.oldest = api.version + 1
    api.start()
    one.until(lambda: one.health(Kind.POD) is Health.LIVE and one.equals_a_fresh_list(), "pods are live again")
    assert len(one.session.state.pods) == count - 1


def test_an_expired_watch_lists_again_and_keeps_what_is_still_there(api: ApiServer, live: Callable[..., Live]) -> None:
    one = live().settle()
    kept = one.session.state.pods.get(next(iter(api.objects["pods"])))
    gone = list(api.objects["pods"])[-1]
    with api.lock:
        del api.objects["pods"][gone]
        api.version += 1
    api.raw_to_watchers("pods", b'{"type":"ERROR","object":' + status_body(410, "Expired", "too old") + b"}\n")
    one.until(one.equals_a_fresh_list, "the pods are those of a fresh list")
    assert kept is not None
    assert one.session.state.pods.get(kept.key) == kept
    assert one.session.state.pods.get(gone) is None


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"ADDED","object":{"metadata":{"name":"x"',
        b'{"type":"ADDED","obj\n',
        b"\xff\xfe\n",
        b"<html>504 Gateway Time-out</html>\n",
    ],
    ids=["cut", "half", "not-utf-8", "html"],
)
def test_a_broken_watch_line_costs_nothing_but_a_new_watch(
    api: ApiServer, live: Callable[..., Live], line: bytes
) -> None:
    one = live().settle()
    one.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    api.cut_watches(line)
    api.put(_pod("after"))
    one.until(lambda: one.session.state.pods.get(("shop", "after")) is not None, "the watch goes on")
    one.until(one.equals_a_fresh_list, "the state is that of a fresh list")


def test_watches_that_end_at_once_are_not_asked_for_as_fast_as_possible(
    api: ApiServer, live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "FIRST", 0.2)
    monkeypatch.setattr(backoff, "LONGEST", 0.2)
    one = live().settle()
    api.ends_watches_at_once = True
    started = time.monotonic()
    api.cut_watches()

    def watches() -> int:
        return sum(r.plural == "pods" and r.verb == "watch" for r in api.log)

    one.until(lambda: watches() >= 5, "it was tried again four times")
    assert time.monotonic() - started > 0.5


def test_a_list_that_breaks_off_is_begun_again(api: ApiServer, live: Callable[..., Live]) -> None:
    broken: list[int] = []

    def cut(request: Request, index: int) -> bytes | None:
        if request.plural == "pods" and index == 3 and not broken:
            broken.append(index)
            return b'{"type":"ADDED","object":{"metadata"'
        return None

    api.on_line = cut
    one = live().settle()
    assert broken
    assert one.equals_a_fresh_list()


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(api: ApiServer, live: Callable[..., Live], code: int) -> None:
    left = [2]

    def busy(request: Request) -> None:
        if request.plural == "services" and left[0]:
            left[0] -= 1
            raise Fault(code, b"<html>busy</html>", {"Retry-After": "0"})

    api.hook = busy
    one = live().settle()
    assert one.health(Kind.SERVICE) is Health.LIVE
    assert one.equals_a_fresh_list()


def test_a_refused_kind_is_said_to_be_refused_and_costs_only_its_checks(
    api: ApiServer, live: Callable[..., Live]
) -> None:
    def refuse(request: Request) -> None:
        if request.plural == "nodes":
            raise Fault(403, status_body(403, "Forbidden", 'nodes is forbidden: User "x" cannot list'))

    api.hook = refuse
    one = live().settle()
    assert one.health(Kind.NODE) is Health.REFUSED
    assert "forbidden" in one.session.state.status(Kind.NODE).reason
    reasons = {entry.check: entry.reason for entry in one.session.not_evaluated()}
    assert reasons["DS-NODE-001"] == "nodes: not permitted"
    assert {f.check for f in one.session.book} >= {"DS-NGX-002"}


def test_a_kind_that_is_not_served_is_absent(api: ApiServer, live: Callable[..., Live]) -> None:
    def absent(request: Request) -> None:
        if request.plural == "servicecidrs":
            raise Fault(404, b"404 page not found")

    api.hook = absent
    one = live().settle()
    assert one.health(Kind.SERVICE_CIDR) is Health.ABSENT
    assert {r.plural for r in api.log} >= {"servicecidrs"}


def test_what_may_be_listed_but_not_watched_is_polled(api: ApiServer, live: Callable[..., Live]) -> None:
    def refuse(request: Request) -> None:
        if request.plural == "pods" and request.verb == "watch":
            raise Fault(403, status_body(403, "Forbidden", "pods is forbidden: cannot watch"))

    api.hook = refuse
    one = live(interval=0.05).settle()
    assert one.health(Kind.POD) is Health.POLLING
    api.put(_pod("polled"))
    one.until(lambda: one.session.state.pods.get(("shop", "polled")) is not None, "the next list brings it")


def test_namespaces_are_read_one_by_one_where_they_are_named(api: ApiServer, live: Callable[..., Live]) -> None:
    one = live(namespaces=("ingress-nginx",)).settle()
    assert {pod.namespace for pod in one.session.state.pods} == {"ingress-nginx"}
    assert one.session.state.status(Kind.POD).namespaces == ("ingress-nginx",)
    assert {r.namespace for r in api.log if r.plural == "pods" and r.verb == "watch"} == {"ingress-nginx"}


def test_an_expired_token_is_read_again_once_for_all_kinds(
    api: ApiServer, live: Callable[..., Live], tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    api.tokens = {"old"}
    one = live(user={"tokenFile": str(token)}).settle()
    token.write_text("new")
    api.tokens = {"new"}
    api.cut_watches()
    one.until(lambda: api.open_watchers("pods") == 1, "the watch is open again")
    api.put(_pod("with-new-token"))
    one.until(lambda: one.session.state.pods.get(("shop", "with-new-token")) is not None, "events arrive")


def test_one_broken_object_is_quarantined_alone(api: ApiServer, live: Callable[..., Live]) -> None:
    api.load([_pod("broken", podIPs="not a list")])
    one = live().settle()
    (message,) = one.session.state.quarantine_messages()
    assert "shop/broken" in message
    api.put(_pod("broken", podIPs=[{"ip": "10.244.1.9"}]))
    one.until(lambda: not one.session.state.quarantined, "it is mended")


def test_without_exec_listeners_are_predicted(api: ApiServer, live: Callable[..., Live]) -> None:
    one = live(use_exec=False).settle()
    assert not [request for request in api.log if request.verb == "exec"]
    reasons = {entry.check: entry.reason for entry in one.session.not_evaluated()}
    assert "--no-exec" in reasons["DS-NGX-001"] or "not permitted" in reasons["DS-NGX-001"]


def test_leaving_takes_less_than_a_second(live: Callable[..., Live]) -> None:
    one = live().settle()
    started = time.monotonic()
    one.session.stop()
    assert time.monotonic() - started < 1


def test_delays_double_up_to_half_a_minute_and_start_anew_after_two_good_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    now = [1000.0]
    delays = backoff.Backoff(lambda: now[0], lambda: 0.0)
    found = [delays.delay() for _ in range(8)]
    assert found == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]
    assert delays.delay(retry_after=45) == 45
    now[0] += 121
    assert delays.delay() == 0.8
