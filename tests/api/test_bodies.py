"""Responses that are too large, too slow, nested too deeply or endless: they are reported, and the kind recovers."""

from __future__ import annotations

import gzip
import json
import weakref
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from dsview.core.errors import UserError
from dsview.kinds.kind import Kind
from dsview.sources.events import Health
from dsview.sources.kube import bodies, client, limits, reflector
from dsview.sources.kube.backoff import Backoff
from dsview.sources.kube.client import Client
from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.kubeconfig import resolve_context
from dsview.sources.kube.segments import Segments
from tests.support.apiserver import ApiServer, Fault, Raw, Request
from tests.support.live import Live, pod

OpenLive = Callable[..., Live]
NESTED = b"[" * 100_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def connect(api: ApiServer, folder: Path) -> Client:
    return Client(resolve_context(str(api.write_kubeconfig(folder / "config")), None), connections=1)


def answer(api: ApiServer, *pieces: bytes) -> None:
    def hook(_: Request) -> None:
        raise Raw(*pieces)

    api.hook = hook


def test_a_body_that_is_larger_than_its_limit_is_not_read_to_its_end(api: ApiServer, tmp_path: Path) -> None:
    answer(api, HEAD + b"\r\n", *[b"x" * 65536] * 4)
    with pytest.raises(RequestFailed, match="larger than 64 kB"):
        connect(api, tmp_path).get("/version", limit=limits.VERSION)


def test_a_body_that_arrives_too_slowly_times_out(api: ApiServer, tmp_path: Path) -> None:
    answer(api, HEAD + b"\r\n", *[b"x"] * 3)
    with pytest.raises(RequestFailed, match="took longer than 0 s"):
        connect(api, tmp_path).get("/version", limit=limits.BodyLimit(1000, 0.0))


def test_an_encoding_that_was_not_requested_is_rejected(api: ApiServer, tmp_path: Path) -> None:
    packed = gzip.compress(b"x" * 1_000_000)
    answer(api, HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)
    with pytest.raises(RequestFailed, match="encoding that was not requested"):
        connect(api, tmp_path).get("/version")


def test_an_error_whose_body_is_huge_keeps_its_code(
    api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ERROR", limits.BodyLimit(100, 10.0))

    def hook(_: Request) -> None:
        raise Fault(503, b"x" * 1000)

    api.hook = hook
    with pytest.raises(RequestFailed) as caught:
        connect(api, tmp_path).get("/version")
    assert caught.value.code == 503


@pytest.mark.parametrize("where", ["list", "version"])
def test_a_value_that_is_nested_too_deep_ends_no_kind(api: ApiServer, live: OpenLive, where: str) -> None:
    api.streams_lists = False

    def hook(request: Request) -> None:
        is_version = not request.plural
        if (request.plural == "pods" and where == "list") or (is_version and where == "version"):
            raise Fault(200, NESTED, {"Content-Type": "application/json"})

    api.hook = hook
    live_session = live()
    wanted = Health.FAILED if where == "list" else Health.LIVE
    live_session.until(lambda: live_session.health(Kind.POD) is wanted, f"Pods are {wanted}")
    api.hook = None
    live_session.assert_recovers()


def test_a_list_whose_pages_never_end_is_a_failure(api: ApiServer, live: OpenLive) -> None:
    api.streams_lists = False

    def hook(request: Request) -> None:
        if request.plural == "services" and request.verb == "list":
            page = {"kind": "ServiceList", "metadata": {"resourceVersion": "1", "continue": "again"}, "items": []}
            raise Fault(200, json.dumps(page).encode(), {"Content-Type": "application/json"})

    api.hook = hook
    live_session = live()
    live_session.until_status(Health.FAILED, "repeatedly", Kind.SERVICE)
    api.hook = None
    live_session.assert_recovers()


def test_a_page_that_is_too_large_is_requested_again_with_a_smaller_limit(
    api: ApiServer, live: OpenLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector, "PAGE", limits.BodyLimit(200_000, 10.0))
    api.streams_lists = False
    for number in range(60):
        api.put({**pod(f"large-{number}"), "filler": "x" * 5_000})
    live_session = live().settle()
    assert not live_session.statuses()
    assert set(limits.PAGE_SIZES) <= set(api.page_size_seen)
    live_session.assert_recovers()


def test_what_failed_keeps_nothing_of_what_was_read() -> None:
    held: list[weakref.ref[Segments]] = []

    def fail() -> None:
        read = Segments(BytesIO())
        held.append(weakref.ref(read))
        try:
            raise OSError
        except OSError:
            raise RequestFailed(0, "too large") from None

    def attempt() -> RequestFailed:
        try:
            fail()
        except RequestFailed as error:
            return error.without_frames()
        raise AssertionError

    failure = attempt()
    assert held[0]() is None
    assert str(failure) == "too large"


def test_a_server_cannot_ask_for_days_of_waiting() -> None:
    assert Backoff(lambda: 0.0).delay(999_999.0) == 300.0


@pytest.mark.parametrize("value", ["false", "true", 0, 1, [], {}])
def test_a_flag_of_the_kubeconfig_that_is_no_boolean_is_refused(api: ApiServer, tmp_path: Path, value: object) -> None:
    path = api.write_kubeconfig(tmp_path / "config", {"insecure-skip-tls-verify": value})
    with pytest.raises(UserError, match=r"insecure-skip-tls-verify .* must be true or false"):
        resolve_context(str(path), None)


def test_what_decoding_raises_is_one_name() -> None:
    with pytest.raises(bodies.UNDECODABLE):
        msgspec.json.decode(NESTED)
