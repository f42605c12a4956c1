"""A table of attacks that a hostile API server could mount, each on every type of request to which it applies."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.apiserver import ApiServer, Fault, Piece, Raw, Request, dripping, http_chunked, status_body

NESTED = b"[" * 100_000
FLOOD: tuple[Piece, ...] = (b"x" * 65_536,) * 40_000
"""2.6 GB, of which a client should read only a small part."""

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_REQUESTS: dict[str, tuple[str, Callable[[Request], bool]]] = {
    "list": ("endpointslices", lambda request: request.verb == "list"),
    "streaming list": ("nodes", lambda request: "sendInitialEvents" in request.query),
    "watch": ("services", lambda request: request.verb == "watch" and "sendInitialEvents" not in request.query),
    "every kind": ("", lambda request: request.plural != "pods" and request.verb in {"list", "watch"}),
    "version": ("version", lambda request: True),
    "exec": ("pods", lambda request: request.verb == "exec"),
    "yaml": ("pods", lambda request: request.verb == "get"),
}
"""The requests to attack, by type: a plural and a predicate. Pods are always served, because exec needs them."""

_IN_PAGES = {"endpointslices", "services"}
"""Kinds that the server refuses to stream, so that they are listed in pages and watched separately."""


class Hostile:
    """A server that attacks until `stop`. `other_server` is the URL to which it redirects."""

    def __init__(self, api: ApiServer, other_server: str) -> None:
        self.api = api
        self.other_server = other_server
        self.is_over = threading.Event()
        self.tokens = 0

    def start(self, attack: Attack) -> None:
        """Attack all requests of the types in `attack.requests` from now on."""
        frames = attack.frames
        if frames is not None:
            self.api.on_exec = lambda _: frames(self)
            return

        def hook(request: Request) -> None:
            for target in attack.requests:
                plural, is_target = _REQUESTS[target]
                if plural in {"", request.plural} and is_target(request):
                    raise attack.answer(self, request)
            if request.plural in _IN_PAGES and "sendInitialEvents" in request.query:
                raise Fault(422, status_body(422, "Invalid", "sendInitialEvents is forbidden"))

        self.api.hook = hook

    def stop(self) -> None:
        """Behave normally from now on, and end the responses in progress."""
        self.api.hook = self.api.on_exec = None
        self.is_over.set()


@dataclass(frozen=True)
class Attack:
    """A response, or bytes to send instead of WebSocket frames, and a pattern for the message that users see.

    On the requests in `silent_on` no message is possible: the attack looks like a server that has nothing to send.
    """

    name: str
    requests: tuple[str, ...]
    message: str
    answer: Callable[[Hostile, Request], Exception] = lambda hostile, request: Raw()
    frames: Callable[[Hostile], tuple[Piece, ...]] | None = None
    silent_on: tuple[str, ...] = ()


def _page(hostile: Hostile, request: Request, token: str, items: int = 0) -> Exception:
    slices = [{"metadata": {"name": f"p{number}", "namespace": "shop"}} for number in range(items)]
    page = {"kind": "EndpointSliceList", "metadata": {"resourceVersion": "1", "continue": token}, "items": slices}
    return Fault(200, json.dumps(page).encode(), {"Content-Type": "application/json"})


def _new_token(hostile: Hostile, request: Request) -> Exception:
    hostile.tokens += 1
    return _page(hostile, request, f"token-{hostile.tokens}")


def _second_page_expired(hostile: Hostile, request: Request) -> Exception:
    if "continue" in request.query:
        return Fault(410, b'{"kind":"Status","reason":"Expired","code":410,"message":"too old"}')
    return _page(hostile, request, "next", items=3)


def _event(kind: str, body: bytes = b"{}") -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + body + b"}\n"


def _watch(*lines: bytes, then: tuple[Piece, ...] = (), ends: bool = False) -> Exception:
    return Raw(http_chunked(*lines) + (b"0\r\n\r\n" if ends else b""), *then)


def _unknown_types(hostile: Hostile, request: Request) -> Exception:
    lines = (b"".join(_event(f"{start}-{number}") for number in range(500)) for start in range(100))
    return Raw(http_chunked(*lines))


def _nested(hostile: Hostile, request: Request) -> Exception:
    body = b'{"type":"ADDED","object":' + NESTED + b"}\n" if request.verb == "watch" else NESTED
    return Raw(_HEAD + b"Content-Length: %d\r\n\r\n" % len(body), body)


def _frame(size: int) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.kubernetes.protobuf;stream=watch\r\n\r\n"
    return head + size.to_bytes(4, "big")


_BOMB = gzip.compress(b"x" * 30_000_000)
_UNREADABLE = "cannot be read|could not be read|nested|not known|the connection broke|returned the status 200"
_HTTP = ("list", "streaming list", "watch", "version", "exec", "yaml")

ATTACKS: tuple[Attack, ...] = (
    Attack("a value nested 100,000 deep", _HTTP, _UNREADABLE, _nested),
    Attack(
        "a body without an end",
        _HTTP,
        "larger than|more than|not known|returned the status 200",
        lambda hostile, _: Raw(_HEAD + b"\r\n", *FLOOD),
    ),
    Attack(
        "bodies without an end for every kind",
        ("every kind",),
        "larger than|more than",
        lambda hostile, _: Raw(_HEAD + b"\r\n", *FLOOD),
    ),
    Attack(
        "gzip that nobody asked for",
        _HTTP,
        "encoding that was not requested|not known|returned the status 200",
        lambda hostile, _: Raw(_HEAD + b"Content-Encoding: gzip\r\n\r\n", *(_BOMB,) * 1_000),
    ),
    Attack(
        "a body that drips",
        _HTTP,
        "took longer than|responds very slowly|not known|returned the status 200",
        lambda hostile, _: Raw(_HEAD + b"\r\n", *dripping(b" ", hostile.is_over)),
    ),
    Attack(
        "a head that drips",
        _HTTP,
        "does not answer|has not responded|not known",
        lambda hostile, _: Raw(b"HTTP/1.1 200 OK\r\nX-Much: ", *dripping(b"x", hostile.is_over)),
    ),
    Attack(
        "chunk sizes that drip",
        _HTTP,
        "took longer than|responds very slowly|broke|not known|returned the status 200",
        lambda hostile, _: Raw(http_chunked(), *dripping(b"0", hostile.is_over)),
        silent_on=("watch",),
    ),
    Attack(
        "trailers without an end",
        _HTTP,
        "took longer than|responds very slowly|broke|not known|ended|returned the status 200|could not be read",
        lambda hostile, _: Raw(http_chunked() + b"0\r\n", *dripping(b"X: y\r\n" * 100, hostile.is_over)),
        silent_on=("watch",),
    ),
    Attack(
        "a redirect to a other_server",
        _HTTP,
        "returned the status 302|not known",
        lambda hostile, _: Fault(302, b"", {"Location": hostile.other_server}),
    ),
    Attack(
        "an error without an end",
        _HTTP,
        "returned the status 500|not known",
        lambda hostile, _: Raw(b"HTTP/1.1 500 No\r\n\r\n", *FLOOD),
    ),
    Attack("the same page again", ("list",), "repeatedly", lambda h, request: _page(h, request, "same", 1)),
    Attack("new tokens, empty pages", ("list",), "one empty page", _new_token),
    Attack(
        "410 on every list",
        ("list", "streaming list"),
        "expired|too old",
        lambda hostile, _: Fault(410, b'{"kind":"Status","reason":"Expired","code":410,"message":"too old"}'),
    ),
    Attack("410 on every second page", ("list",), "expired", _second_page_expired),
    Attack("event types that nobody knows", ("streaming list", "watch"), "unknown types", _unknown_types),
    Attack("a watch that ends at once", ("watch",), "ended a watch at once", lambda *_: _watch(ends=True)),
    Attack(
        "a watch that ends behind a bookmark",
        ("watch",),
        "ended a watch at once",
        lambda *_: _watch(_event("BOOKMARK", b'{"metadata":{}}'), ends=True),
    ),
    Attack(
        "410 on every watch",
        ("watch",),
        "expired",
        lambda *_: _watch(_event("ERROR", b'{"kind":"Status","reason":"Expired","code":410}'), ends=True),
    ),
    Attack(
        "a frame of protobuf that claims 500 MB",
        ("streaming list", "watch"),
        "more than|not in frames",
        lambda *_: Raw(_frame(500 << 20), *FLOOD),
    ),
    Attack(
        "a frame that claims 2^40 bytes",
        ("exec",),
        "larger than",
        frames=lambda _: (b"\x82\x7f" + (1 << 40).to_bytes(8, "big"), *FLOOD),
    ),
    Attack("frames without an end", ("exec",), "larger than", frames=lambda _: _many_frames()),
    Attack("frames that drip", ("exec",), "in time", frames=lambda h: (b"\x82\x7e\xff", *dripping(b"x", h.is_over))),
)


def _many_frames() -> tuple[Piece, ...]:
    payload = b"\x01" + b"x" * 65_000
    return (b"\x82\x7e" + len(payload).to_bytes(2, "big") + payload,) * 40_000
