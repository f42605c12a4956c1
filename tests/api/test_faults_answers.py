"""Wrong, broken, refused or missing responses: what is reported meanwhile, and that everything recovers afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from dsview.kinds.kind import Kind
from dsview.sources.events import Health
from dsview.sources.kube import retries
from tests.support.apiserver import ApiServer, Fault, Raw, Request, http, http_chunked, status_body
from tests.support.driven import FOLLOWED
from tests.support.live import Json, Live, pod

OpenLive = Callable[..., Live]
HTML = b"<html><body><h1>Gateway Time-out</h1>\x1b[2J</body></html>"
BUSY = status_body(429, "TooManyRequests", "too many requests, please try again later")

ANSWERS: dict[str, tuple[Exception, str]] = {
    "429 with Retry-After": (Fault(429, BUSY, {"Retry-After": "0"}), "too many requests"),
    "429 without Retry-After": (Fault(429, BUSY), "too many requests"),
    "400 of a port that speaks TLS": (Fault(400, b"Client sent an HTTP request to an HTTPS server.\n"), "uses TLS"),
    "500 as HTML": (Fault(500, HTML), "returned the status 500"),
    "502 as HTML": (Fault(502, HTML), "returned the status 502"),
    "503 as HTML": (Fault(503, HTML), "returned the status 503"),
    "503 without a body": (Fault(503), "returned the status 503"),
    "504 as HTML": (Fault(504, HTML), "returned the status 504"),
    "504 as a Status": (Fault(504, status_body(504, "Timeout", "etcdserver: request timed out")), "etcdserver"),
    "200 as HTML": (Raw(http(HTML)), "could not be read"),
    "JSON that ends too soon": (Raw(http(b'{"kind":"PodList","items":[{"metadata":{"na')), "could not be read"),
    "a watch line that ends too soon": (Raw(http(b'{"type":"ADDED","obj\n')), "could not be read"),
    "invalid UTF-8": (Raw(http(b'{"type":"\xff\xfe"}\n')), "could not be read"),
    "nothing at all": (Raw(), "broke"),
    "reset before an answer": (Raw(reset=True), "broke"),
    "cut in the middle of a page": (Raw(http(b'{"kind":"PodList",', length=9999)), "broke"),
    "reset in the middle of a page": (Raw(http(b'{"kind":"PodList",', length=9999), reset=True), "broke"),
    "cut in the middle of a watch line": (Raw(http_chunked(b'{"type":"ADDED","obj')), "broke"),
    "reset in the middle of a watch line": (Raw(http_chunked(b'{"type":"ADDED","obj'), reset=True), "broke"),
    "reset in the middle of a chunk": (Raw(http_chunked() + b'ff\r\n{"type":"ADDED"', reset=True), "broke"),
}
"""What the server does with every request for Pods, and words of what is said of them then."""

every_answer = pytest.mark.parametrize(("fault", "words"), ANSWERS.values(), ids=ANSWERS.keys())


class Switch:
    """A hook that answers requests for some kinds with a fault while it is on."""

    def __init__(
        self, api: ApiServer, fault: Exception, *plurals: str, verbs: tuple[str, ...] = (), times: int | None = None
    ) -> None:
        self.is_on = True
        self._times = times
        self.count = 0
        self._fault = fault
        self._plurals = plurals
        self._verbs = verbs
        api.hook = self

    def __call__(self, request: Request) -> None:
        meant = not self._plurals or request.plural in self._plurals
        is_over = self._times is not None and self.count >= self._times
        if self.is_on and meant and not is_over and (not self._verbs or request.verb in self._verbs):
            self.count += 1
            raise self._fault


@every_answer
@pytest.mark.parametrize("streams", [True, False], ids=["streaming", "paging"])
def test_a_kind_that_cannot_be_loaded_says_why_costs_no_other_and_is_loaded_when_it_can(
    api: ApiServer, live: OpenLive, fault: Exception, words: str, streams: bool
) -> None:
    api.streams_lists = streams
    switch = Switch(api, fault, "pods")
    live_session = live()
    live_session.until_status(Health.FAILED, words)
    live_session.until(lambda: live_session.health(Kind.SERVICE) is Health.LIVE, "the others are live")
    assert "\x1b" not in live_session.reason(Kind.POD)
    switch.is_on = False
    live_session.assert_recovers()


@every_answer
def test_a_kind_that_was_read_keeps_its_objects_becomes_stale_and_recovers(
    api: ApiServer, live: OpenLive, fault: Exception, words: str
) -> None:
    live_session = live().settle()
    before = {item.key for item in live_session.session.state.pods}
    switch = Switch(api, fault, "pods")
    api.end_watches()
    live_session.until_status(Health.STALE, words)
    api.put(pod("meanwhile"))
    live_session.until(lambda: switch.count >= 5, "it was tried again")
    assert {item.key for item in live_session.session.state.pods} == before
    assert live_session.health(Kind.POD) is Health.STALE
    switch.is_on = False
    live_session.assert_recovers()
    assert live_session.session.state.pods.get(("shop", "meanwhile")) is not None


def test_what_the_server_asks_to_wait_is_waited(api: ApiServer, live: OpenLive) -> None:
    times: list[float] = []

    def busy(request: Request) -> None:
        if request.plural == "pods":
            times.append(time.monotonic())
            if len(times) == 1:
                raise Fault(429, BUSY, {"Retry-After": "1"})

    api.hook = busy
    live().assert_recovers()
    assert times[1] - times[0] >= 1


def test_a_page_that_breaks_in_the_middle_of_a_list_loses_and_doubles_nothing(api: ApiServer, live: OpenLive) -> None:
    api.streams_lists = False
    for number in range(1203):
        api.load([pod(f"many-{number}")])
    broken: list[str] = []

    def cut(request: Request) -> None:
        token = request.query.get("continue", "")
        if request.plural == "pods" and token == "500" and len(broken) < 2:
            broken.append(token)
            api.objects["pods"].pop(("shop", f"many-{len(broken)}"))
            raise Raw(http(b'{"kind":"PodList",', length=9999), reset=True)

    api.hook = cut
    live_session = live()
    live_session.assert_recovers()
    assert len(broken) == 2
    assert live_session.session.state.pods.get(("shop", "many-1")) is None


def test_a_list_that_breaks_off_while_it_streams_is_begun_again(api: ApiServer, live: OpenLive) -> None:
    broken: list[int] = []

    def cut(request: Request, index: int) -> bytes | None:
        if request.plural == "pods" and index == 3 and len(broken) < 2:
            broken.append(index)
            gone = next(iter(api.objects["pods"]))
            del api.objects["pods"][gone]
            return b'{"type":"ADDED","object":{"metadata"'
        return None

    api.on_line = cut
    live().assert_recovers()
    assert len(broken) == 2


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"ADDED","object":{"metadata":{"name":"x"',
        b'{"type":"ADDED","obj\n',
        b"\xff\xfe\n",
        b"<html>504 Gateway Time-out</html>\n",
        b'{"type":"ERROR","object":' + status_body(500, "InternalError", "storage is (re)initializing") + b"}\n",
    ],
    ids=["cut", "half", "not-utf-8", "html", "error"],
)
def test_a_broken_line_in_a_watch_costs_nothing_but_a_new_watch(api: ApiServer, live: OpenLive, line: bytes) -> None:
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    api.cut_watches(line)
    live_session.assert_recovers()


def test_a_line_of_ten_megabytes_is_read(api: ApiServer, live: OpenLive) -> None:
    live_session = live().settle()
    large = pod("large")
    large["metadata"]["annotations"] = {"notes": "x" * (10 << 20)}
    api.put(large)
    live_session.until(lambda: live_session.session.state.pods.get(("shop", "large")) is not None, "it is there")
    live_session.assert_recovers()


def test_invalid_utf_8_in_one_object_costs_that_object_only(api: ApiServer, live: OpenLive) -> None:
    live_session = live().settle()
    meta = b'"metadata":{"name":"odd","namespace":"shop","resourceVersion":"%d"}'
    line = b'{"type":"ADDED","object":{' + meta + b',"spec":{"nodeName":"\xff"}}}\n'
    api.raw_to_watchers("pods", line % (api.version + 1))
    live_session.until(lambda: bool(live_session.session.state.quarantined), "it is told apart")
    assert "shop/odd" in live_session.session.state.quarantine_messages()[0]
    api.version += 1
    api.put({**pod("odd")})
    live_session.assert_recovers()
    assert not live_session.session.state.quarantined


GONE = status_body(410, "Expired", "too old resource version: 1 (1000)")


def _expire_at_opening(api: ApiServer) -> None:
    Switch(api, Fault(410, GONE), "pods", verbs=("watch",), times=1)
    api.end_watches()


EXPIRIES: dict[str, Callable[[ApiServer], None]] = {
    "as an event": lambda api: api.raw_to_watchers("pods", b'{"type":"ERROR","object":' + GONE + b"}\n"),
    "as a status": _expire_at_opening,
}


@pytest.mark.parametrize("expire", EXPIRIES.values(), ids=EXPIRIES.keys())
def test_an_expired_watch_lists_once_more_and_keeps_what_is_still_there(
    api: ApiServer, live: OpenLive, expire: Callable[[ApiServer], None]
) -> None:
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    kept = live_session.session.state.pods.get(next(iter(api.objects["pods"])))
    gone = list(api.objects["pods"])[-1]
    with api.lock:
        del api.objects["pods"][gone]
        api.version += 1
    lists = _lists(api)
    expire(api)
    live_session.assert_recovers()
    assert kept is not None
    assert live_session.session.state.pods.get(kept.key) == kept
    assert live_session.session.state.pods.get(gone) is None
    assert _lists(api) == lists + 1


def _lists(api: ApiServer, plural: str = "pods") -> int:
    """How often a kind was listed from its beginning, in either way."""
    begun = [r for r in api.log if r.plural == plural and not r.query.get("continue")]
    return sum(r.query.get("sendInitialEvents") == "true" or r.verb == "list" for r in begun)


def test_an_expired_continue_begins_the_list_again(api: ApiServer, live: OpenLive) -> None:
    api.streams_lists = False
    for number in range(1203):
        api.load([pod(f"many-{number}")])
    expired: list[str] = []

    def expire(request: Request) -> None:
        token = request.query.get("continue", "")
        if request.plural == "pods" and token == "1000" and not expired:
            expired.append(token)
            api.objects["pods"].pop(("shop", "many-0"))
            raise Fault(410, status_body(410, "Expired", "The provided continue parameter is too old"))

    api.hook = expire
    live_session = live()
    live_session.assert_recovers()
    assert expired
    assert live_session.session.state.pods.get(("shop", "many-0")) is None


def forbidden(plural: str) -> Fault:
    return Fault(403, status_body(403, "Forbidden", f'{plural} is forbidden: User "x" cannot list resource "{plural}"'))


@pytest.mark.parametrize("plurals", [("pods",), ()], ids=["one-kind", "all-kinds"])
def test_a_revoked_permission_is_reported_and_a_restored_one_is_used(
    api: ApiServer, live: OpenLive, monkeypatch: pytest.MonkeyPatch, plurals: tuple[str, ...]
) -> None:
    monkeypatch.setattr(retries, "RETRY_REFUSED_AFTER", 0.05)
    live_session = live(interval=0.02).settle()
    switch = Switch(api, forbidden("pods"), *plurals)
    api.end_watches()
    refused = [Kind.POD] if plurals else [kind for kind in FOLLOWED if kind is not Kind.EVENT]
    for kind in refused:
        live_session.until_status(Health.REFUSED, "forbidden", kind)
    assert any(entry.check == "DS-POD-001" for entry in live_session.session.not_evaluated())
    api.delete("Pod", *next(iter(api.objects["pods"])))
    switch.is_on = False
    live_session.assert_recovers()
    assert not [entry for entry in live_session.session.not_evaluated() if entry.check == "DS-POD-001"]


def test_a_right_that_a_starting_server_does_not_know_yet_is_not_held_against_it(
    api: ApiServer, live: OpenLive
) -> None:
    live_session = live(interval=0.02).settle()
    refused: list[Request] = []

    def refuse(request: Request) -> None:
        if request.plural == "pods" and len(refused) < 3:
            refused.append(request)
            raise forbidden("pods")

    api.hook = refuse
    api.end_watches()
    live_session.until_status(Health.STALE, "forbidden")
    live_session.assert_recovers()


def test_watching_is_retried_if_only_listing_was_permitted(
    api: ApiServer, live: OpenLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "RETRY_REFUSED_AFTER", 0.1)
    switch = Switch(api, forbidden("pods"), "pods", verbs=("watch",))
    live_session = live(interval=0.02).settle()
    assert live_session.health(Kind.POD) is Health.POLLING
    switch.is_on = False
    live_session.assert_recovers()


def test_a_kind_that_is_not_served_is_absent_until_it_is(
    api: ApiServer, live: OpenLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "RETRY_REFUSED_AFTER", 0.05)
    switch = Switch(api, Fault(404, b"404 page not found"), "servicecidrs", "pods")
    live_session = live().settle()
    assert live_session.health(Kind.SERVICE_CIDR) is Health.ABSENT
    assert live_session.reason(Kind.POD) == "this cluster does not serve them"
    switch.is_on = False
    live_session.assert_recovers()


def test_a_kind_that_is_no_longer_served_is_reported_as_absent(
    api: ApiServer, live: OpenLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "RETRY_REFUSED_AFTER", 0.05)
    live_session = live().settle()
    switch = Switch(api, Fault(404, b"404 page not found"), "servicecidrs")
    api.end_watches()
    live_session.until_status(Health.ABSENT, "does not serve", Kind.SERVICE_CIDR)
    switch.is_on = False
    live_session.assert_recovers()


def test_a_list_that_comes_byte_by_byte_counts_as_loading_and_ends_like_any_other(
    api: ApiServer, live: OpenLive, items: list[Json]
) -> None:
    go_on = threading.Event()
    slow = [bytes([byte]) for byte in http_chunked(b'{"type":"ADDED","object":{"metadata":')]

    def drip(request: Request) -> None:
        if request.plural == "pods" and not go_on.is_set():
            raise Raw(*slow, until=go_on)

    api.hook = drip
    live_session = live()
    live_session.until(lambda: live_session.health(Kind.SERVICE) is Health.LIVE, "the others are there")
    assert live_session.health(Kind.POD) is Health.LOADING
    assert not live_session.session.is_settled
    go_on.set()
    live_session.assert_recovers()
