"""A live cluster that responds in protobuf: the same state as in JSON, and what happens if it is refused or broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.registry import RESOURCES
from dsview.sources.events import Health
from dsview.sources.kube.encodings import readable_status
from dsview.sources.kube.errors import failure_of
from tests.support import protobuf_answers
from tests.support.apiserver import PROTOBUF, ApiServer, Raw, Request, http
from tests.support.clusters import DATA
from tests.support.live import Live, pod

IN_PROTOBUF = [kind for kind, resource in RESOURCES.items() if resource.has_protobuf]


@pytest.fixture
def api(api: ApiServer) -> ApiServer:
    """The server, responding as real ones do."""
    api.speaks_protobuf = True
    return api


def contents(live_session: Live) -> dict[Kind, dict[Key, Any]]:
    state = live_session.session.state
    return {kind: {item.key: item for item in state.store(kind)} for kind in IN_PROTOBUF}


def encoding_of(live_session: Live, kind: Kind) -> str:
    return live_session.session.traffic[kind].encoding


def test_a_cluster_is_the_same_in_both_encodings(api: ApiServer, live: Callable[..., Live]) -> None:
    in_protobuf = live().settle()
    in_json = live(json_only=True).settle()
    assert contents(in_protobuf) == contents(in_json)
    assert len(in_protobuf.session.state.pods) > 0
    assert {encoding_of(in_protobuf, kind) for kind in IN_PROTOBUF} == {"protobuf"}
    assert {encoding_of(in_json, kind) for kind in IN_PROTOBUF} == {"json"}
    assert encoding_of(in_protobuf, Kind.SERVICE_CIDR) == "json"


def test_pages_of_a_list_are_the_same_in_both_encodings(api: ApiServer, live: Callable[..., Live]) -> None:
    api.streams_lists = False
    assert contents(live().settle()) == contents(live(json_only=True).settle())


def test_changes_are_read_as_protobuf(api: ApiServer, live: Callable[..., Live]) -> None:
    live_session = live().settle()
    api.put(pod("late"))
    api.bookmark("pods")
    live_session.until(lambda: ("shop", "late") in live_session.session.state.pods, "the pod came")
    api.delete("Pod", "shop", "late")
    live_session.until(lambda: ("shop", "late") not in live_session.session.state.pods, "the pod went")


@pytest.mark.parametrize("code", [406, 415])
def test_json_is_requested_from_a_server_that_rejects_protobuf(
    api: ApiServer, live: Callable[..., Live], code: int, caplog: pytest.LogCaptureFixture
) -> None:
    api.refuses_protobuf = code
    live_session = live().settle()
    assert {encoding_of(live_session, kind) for kind in IN_PROTOBUF} == {"json"}
    assert live_session.health(Kind.POD) is Health.LIVE
    assert [r.message for r in caplog.records if "JSON instead of protobuf" in r.message] == [
        "Requesting JSON instead of protobuf from the API server: it does not accept protobuf."
    ]


def test_protobuf_is_not_requested_again_from_a_server_that_responds_in_json(
    api: ApiServer, live: Callable[..., Live], caplog: pytest.LogCaptureFixture
) -> None:
    api.speaks_protobuf = False
    live_session = live().settle()
    assert live_session.health(Kind.POD) is Health.LIVE
    assert sum("it responds in JSON" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("body", [b"<html>a proxy</html>", b"\0\0\0\x05ab", b"\0\0\0\x02\xff\xff"])
def test_a_proxy_that_garbles_protobuf_gets_json(api: ApiServer, live: Callable[..., Live], body: bytes) -> None:
    def garble(request: Request) -> None:
        if request.verb == "watch" and request.wants_protobuf:
            raise Raw(http(body, content_type=f"{PROTOBUF};stream=watch"))

    api.hook = garble
    live_session = live().settle()
    assert {live_session.health(kind) for kind in IN_PROTOBUF} == {Health.LIVE}
    assert encoding_of(live_session, Kind.POD) == "json"


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ((33 << 20).to_bytes(4, "big") + bytes(33 << 20), "more than 32 MB"),
        (protobuf_answers.frame("ADDED", protobuf_answers.envelope("Service", "v1", b"")), "of kind 'Service'"),
        (protobuf_answers.frame("ADDED", protobuf_answers.envelope("Pod", "v1", b"\xff\xff")), "not a message"),
        (protobuf_answers.frame("ADDED", b"{}"), "not Kubernetes' protobuf"),
    ],
    ids=["too large", "another kind", "broken", "no envelope"],
)
def test_a_bad_frame_is_counted_and_costs_itself_only(
    api: ApiServer, live: Callable[..., Live], frame: bytes, said: str
) -> None:
    live_session = live().settle()
    before = contents(live_session)
    api.raw_to_watchers("pods", frame)
    live_session.until(lambda: any(said in m for m in live_session.session.state.quarantine_messages()), "it is said")
    assert contents(live_session) == before
    assert live_session.health(Kind.POD) is Health.LIVE


def test_an_expired_watch_is_relisted(api: ApiServer, live: Callable[..., Live]) -> None:
    live_session = live().settle()
    before = live_session.session.traffic[Kind.POD].watches
    status = {"kind": "Status", "message": "too old resource version", "reason": "Expired", "code": 410}
    api.raw_to_watchers("pods", protobuf_answers.frame("ERROR", protobuf_answers.status_of(status)))
    live_session.until(lambda: live_session.session.traffic[Kind.POD].watches > before, "it is listed again")
    live_session.until(lambda: live_session.health(Kind.POD) is Health.LIVE, "it is live again")
    assert encoding_of(live_session, Kind.POD) == "protobuf"


def test_the_status_of_a_recorded_refusal_is_read() -> None:
    body = (DATA / "protobuf" / "forbidden-403.pb").read_bytes()
    assert "forbidden" in str(failure_of(403, readable_status(body)))
