"""A live cluster over real sockets: the requests, their parameters, and the handling of refusals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from dsview.checks.engine.finding_index import SubjectKey
from dsview.cluster.state import Change
from dsview.core.finding import Finding
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.events import Health, Progress, SourceEvent
from dsview.sources.kube import backoff, events, load_priority
from tests.support.apiserver import ApiServer, Fault, Request, status_body
from tests.support.live import Json, Live, pod


def test_a_live_cluster_gives_the_findings_of_its_files(live: Callable[..., Live]) -> None:
    session = live().settle().session
    assert {(f.check, f.object.name) for f in session.findings if f.severity.value == "error"} == {
        ("DS-NGX-002", "ingress-nginx-controller"),
        ("DS-NGX-003", "ingress-nginx-controller"),
    }


def test_only_reading_requests_are_made_and_never_for_secrets(api: ApiServer, live: Callable[..., Live]) -> None:
    live().settle()
    assert {request.verb for request in api.log} <= {"get", "list", "watch", "exec"}
    assert not [request for request in api.log if "secret" in request.plural]
    assert not [r for r in api.log if r.plural == "configmaps" and not r.query.get("fieldSelector")]
    assert all(r.query["fieldSelector"].startswith("reason=") for r in api.log if r.plural == "events")


def test_the_start_does_not_wait_for_forbidden_services(
    api: ApiServer, live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_priority, "MAX_WAIT", 3600.0)

    def refuse(request: Request) -> None:
        if request.plural == "services":
            raise Fault(403, status_body(403, "Forbidden", "services is forbidden"))

    api.hook = refuse
    live_session = live(head_start=0.01).settle()
    assert live_session.health(Kind.SERVICE) is Health.REFUSED
    assert {pod.key for pod in live_session.session.state.pods} == set(api.objects["pods"])


def test_services_that_do_not_come_hold_up_the_others_for_a_moment_only(
    api: ApiServer, live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_priority, "MAX_WAIT", 0.05)
    answers = threading.Event()

    def hang(request: Request) -> None:
        if request.plural == "services":
            answers.wait(30.0)

    api.hook = hang
    live_session = live(head_start=3600.0)
    live_session.until(lambda: live_session.health(Kind.POD) is Health.LIVE, "pods are there")
    assert live_session.health(Kind.SERVICE) is Health.LOADING
    answers.set()
    live_session.settle()


def test_a_service_that_turns_dual_stack_loses_its_flag(
    api: ApiServer, live: Callable[..., Live], items: list[Json]
) -> None:
    live_session = live().settle()
    name = "ingress-nginx-controller-admission"
    assert [f.check for f in live_session.session.findings_of("Service", "ingress-nginx", name)] == ["DS-SVC-002"]
    service = next(i for i in items if i["kind"] == "Service" and i["metadata"]["name"] == name)
    service["spec"] |= {
        "ipFamilyPolicy": "RequireDualStack",
        "ipFamilies": ["IPv4", "IPv6"],
        "clusterIPs": [service["spec"]["clusterIP"], "fd00:10:96::77"],
    }
    api.put(service)
    live_session.until(
        lambda: not live_session.session.findings_of("Service", "ingress-nginx", name), "the flag is gone"
    )
    kept = live_session.session.state.services.get(("ingress-nginx", name))
    assert kept is not None
    assert kept.cluster_ips[1] == "fd00:10:96::77"


def test_events_are_read_by_reason_in_bounded_number(
    api: ApiServer, live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_EVENTS", 600)
    said = "Liveness probe failed: dial tcp [fd00::7]:80: connect: connection refused"
    for number in range(1200):
        involved = {"kind": "Pod", "namespace": "default", "name": f"p{number}"}
        meta = {"name": f"e{number:04}", "namespace": "default"}
        text = said if number % 2 else "Readiness probe failed: HTTP probe failed with statuscode: 503"
        kind = {"kind": "Event", "apiVersion": "v1"}
        api.load([{**kind, "metadata": meta, "reason": "Unhealthy", "message": text, "involvedObject": involved}])
    live_session = live().settle()
    live_session.until(lambda: live_session.health(Kind.EVENT) is Health.POLLING, "events were read")
    asked = [r for r in api.log if r.query.get("fieldSelector") == "reason=Unhealthy"]
    assert [r.query["limit"] for r in asked] == ["500", "500"]
    assert {event.message for event in live_session.session.state.events} == {said}
    assert live_session.reason(Kind.EVENT) == "of the reason Unhealthy only the first 600 were read"


def test_pages_are_used_if_streaming_lists_are_rejected(api: ApiServer, live: Callable[..., Live]) -> None:
    api.streams_lists = False
    for number in range(1203):
        api.load([pod(f"many-{number}")])
    live_session = live().settle()
    assert live_session.matches_server()
    assert len(live_session.session.state.pods) > 1203
    assert set(api.page_size_seen) == {500}


@pytest.mark.parametrize("streams", [True, False])
def test_the_progress_of_a_list_is_reported(api: ApiServer, live: Callable[..., Live], *, streams: bool) -> None:
    api.streams_lists = streams
    for number in range(1203):
        api.load([pod(f"many-{number}")])
    told: list[int] = []

    class Listener:
        def on_event(self, event: SourceEvent, changes: list[Change]) -> None:
            if isinstance(event, Progress) and event.kind is Kind.POD:
                told.append(event.loaded)

        def on_findings(self, subject: SubjectKey, findings: tuple[Finding, ...]) -> None:
            pass

        def on_round_end(self, session: Session) -> None:
            pass

    live_session = live()
    live_session.session.observe(Listener())
    live_session.settle()
    assert told == sorted(told)
    assert len(told) >= 2


def test_watches_that_end_at_once_are_retried_with_backoff(
    api: ApiServer, live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 0.2)
    monkeypatch.setattr(backoff, "MAX_DELAY", 0.2)
    live_session = live().settle()
    api.ends_watches_at_once = True
    started = time.monotonic()
    api.cut_watches()

    def watches() -> int:
        return sum(r.plural == "pods" and r.verb == "watch" for r in api.log)

    live_session.until(lambda: watches() >= 5, "it was tried again four times")
    assert time.monotonic() - started > 0.5


def test_a_forbidden_kind_is_reported_and_disables_only_its_checks(api: ApiServer, live: Callable[..., Live]) -> None:
    def refuse(request: Request) -> None:
        if request.plural == "nodes":
            raise Fault(403, status_body(403, "Forbidden", 'nodes is forbidden: User "x" cannot list'))

    api.hook = refuse
    live_session = live().settle()
    assert live_session.health(Kind.NODE) is Health.REFUSED
    assert "forbidden" in live_session.session.state.status(Kind.NODE).reason
    reasons = {entry.check: entry.reason for entry in live_session.session.not_evaluated()}
    assert reasons["DS-NODE-001"] == "nodes: not permitted"
    assert {f.check for f in live_session.session.findings} >= {"DS-NGX-002"}


def test_what_may_be_listed_but_not_watched_is_polled(api: ApiServer, live: Callable[..., Live]) -> None:
    def refuse(request: Request) -> None:
        if request.plural == "pods" and request.verb == "watch":
            raise Fault(403, status_body(403, "Forbidden", "pods is forbidden: cannot watch"))

    api.hook = refuse
    live_session = live(interval=0.05).settle()
    assert live_session.health(Kind.POD) is Health.POLLING
    api.put(pod("polled"))
    live_session.until(
        lambda: live_session.session.state.pods.get(("shop", "polled")) is not None, "the next list brings it"
    )


def test_given_namespaces_are_read_one_by_one(api: ApiServer, live: Callable[..., Live]) -> None:
    live_session = live(namespaces=("ingress-nginx",)).settle()
    assert {pod.namespace for pod in live_session.session.state.pods} == {"ingress-nginx"}
    assert live_session.session.state.status(Kind.POD).namespaces == ("ingress-nginx",)
    assert {r.namespace for r in api.log if r.plural == "pods" and r.verb == "watch"} == {"ingress-nginx"}


def test_one_broken_object_is_quarantined_alone(api: ApiServer, live: Callable[..., Live]) -> None:
    api.load([pod("broken", podIPs="not a list")])
    live_session = live().settle()
    (message,) = live_session.session.state.quarantine_messages()
    assert "shop/broken" in message
    api.put(pod("broken", podIPs=[{"ip": "10.244.1.9"}]))
    live_session.until(lambda: not live_session.session.state.quarantined, "it is mended")


def test_without_exec_listeners_are_predicted(api: ApiServer, live: Callable[..., Live]) -> None:
    live_session = live(use_exec=False).settle()
    assert not [request for request in api.log if request.verb == "exec"]
    reasons = {entry.check: entry.reason for entry in live_session.session.not_evaluated()}
    assert "--no-exec" in reasons["DS-NGX-001"] or "not permitted" in reasons["DS-NGX-001"]


def test_leaving_takes_less_than_a_second(live: Callable[..., Live]) -> None:
    live_session = live().settle()
    started = time.monotonic()
    live_session.session.stop()
    assert time.monotonic() - started < 1


def test_delays_double_up_to_half_a_minute_and_reset_after_two_good_minutes(
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


def test_exec_that_the_kubelet_cannot_be_reached_for_says_so(api: ApiServer, live: Callable[..., Live]) -> None:
    def fail(request: Request) -> None:
        if request.verb == "exec":
            said = "error dialing backend: dial tcp 192.0.2.5:10250: connect: connection refused"
            raise Fault(500, status_body(500, "InternalError", said))

    api.hook = fail
    live_session = live().settle()
    words = "the API server cannot reach the kubelet of the node (error dialing backend: dial tcp 192.0.2.5:10250"
    reasons = {entry.check: entry.reason for entry in live_session.session.not_evaluated()}
    assert words in reasons["DS-NGX-001"]
    assert words in live_session.reason(Kind.PROXY_LISTENERS)


def test_a_few_controllers_are_read_at_the_same_time(api: ApiServer, live: Callable[..., Live]) -> None:
    controllers = [key for key in api.files if "controller" in key[1]]
    reading, most = set[str](), 0
    together = threading.Barrier(2)

    def hold(request: Request) -> None:
        nonlocal most
        if request.verb == "exec" and request.name not in reading:
            reading.add(request.name)
            # Ends only if another one is read meanwhile.
            together.wait(10)
            most = max(most, len(reading))

    api.hook = hold
    live_session = live().settle()
    assert len(controllers) >= 2
    assert most == 2
    assert live_session.session.state.status(Kind.PROXY_LISTENERS).reason == ""
