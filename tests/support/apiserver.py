"""A loopback API server with paged lists, watches, streaming lists, bookmarks, exec and injected faults.

It imitates recordings of kube-apiserver 1.36 over real sockets, and logs every request.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import hashlib
import json
import os
import select
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from tests.support import protobuf_answers
from tests.support.ports import reserve_port

Json = dict[str, Any]
PROTOBUF = "application/vnd.kubernetes.protobuf"

KINDS: dict[str, tuple[str, str, bool]] = {
    "services": ("v1", "Service", True),
    "pods": ("v1", "Pod", True),
    "nodes": ("v1", "Node", False),
    "endpoints": ("v1", "Endpoints", True),
    "events": ("v1", "Event", True),
    "configmaps": ("v1", "ConfigMap", True),
    "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice", True),
    "servicecidrs": ("networking.k8s.io/v1", "ServiceCIDR", False),
    "ipaddresses": ("networking.k8s.io/v1", "IPAddress", False),
    "ingresses": ("networking.k8s.io/v1", "Ingress", True),
    "ingressclasses": ("networking.k8s.io/v1", "IngressClass", False),
    "networkpolicies": ("networking.k8s.io/v1", "NetworkPolicy", True),
    "validatingwebhookconfigurations": ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", False),
    "mutatingwebhookconfigurations": ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", False),
    "apiservices": ("apiregistration.k8s.io/v1", "APIService", False),
}
Piece = bytes | Callable[[], object]
"""Bytes to send, or a callable to run before the next bytes are sent."""

ADD_ONS: dict[str, tuple[str, str, bool]] = {
    resource.plural: (f"{resource.group}/{resource.versions[0]}", kind.value, resource.namespaced)
    for kind, resource in RESOURCES.items()
    # The keys are plurals, and Istio's Gateway shares its plural with that of the Gateway API.
    if resource.optional and not resource.served_as
}
KINDS |= ADD_ONS
PLURALS = {kind: plural for plural, (_, kind, _) in KINDS.items()}


@dataclass(frozen=True)
class Request:
    """A request that the server received. `verb` is list, watch, get or exec, and the HTTP method for anything else.

    `command` is the command of an exec; `wants_protobuf` is set if the Accept header allows protobuf.
    """

    verb: str
    plural: str
    namespace: str
    name: str
    query: dict[str, str]
    authorization: str
    command: tuple[str, ...] = ()
    wants_protobuf: bool = False


class Fault(Exception):  # noqa: N818  (an injected fault, not an error of the server)
    """Raised by a hook to respond with this status and body instead."""

    def __init__(self, code: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.body = body
        self.headers = headers or {}


class Raw(Exception):  # noqa: N818  (as above)
    """Raised by a hook to send these bytes instead of a response, and then close the connection.

    `reset` closes it with a TCP reset, as when a server is killed; until `until` is set, it stays open and silent.
    Pieces are flushed one at a time. Callable pieces are called, so that a test decides when the next bytes follow.
    """

    def __init__(self, *pieces: Piece, reset: bool = False, until: threading.Event | None = None) -> None:
        super().__init__(len(pieces))
        self.pieces = pieces
        self.reset = reset
        self.until = until


def http(body: bytes, *, code: int = 200, length: int | None = None, content_type: str = "application/json") -> bytes:
    """A response as bytes; `length` overrides its Content-Length."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {code} Said\r\nContent-Type: {content_type}\r\nContent-Length: {size}\r\n\r\n".encode() + body


def http_chunked(*chunks: bytes) -> bytes:
    """The beginning of a chunked response, such as a watch, without the last chunk."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)


def dripping(byte: bytes, is_over: threading.Event) -> list[Piece]:
    """Pieces for `Raw`: a byte every 20 ms until `is_over` is set."""
    pause: Piece = lambda: is_over.wait(0.02)  # noqa: E731  (annotated as a Piece)
    return [byte, pause] * 20_000


def status_body(code: int, reason: str, message: str) -> bytes:
    """A metav1.Status."""
    return json.dumps(
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason, "code": code}
    ).encode()


@dataclass
class Watcher:
    """An open watch and the bytes queued for it. `None` drops the connection, empty bytes end the response properly.

    `since` is the resource version that the watch starts after.
    """

    plural: str
    namespace: str
    field_selector: str
    since: int = 0
    queue: deque[bytes | None] = field(default_factory=deque)
    wake: threading.Event = field(default_factory=threading.Event)

    def send(self, line: bytes | None) -> None:
        """Queue bytes."""
        self.queue.append(line)
        self.wake.set()


class ApiServer:
    """The server and its objects, as a context manager. Clients find it by `url` or `write_kubeconfig`."""

    def __init__(self, *, tls: tuple[Path, Path] | None = None) -> None:
        self.lock = threading.RLock()
        self.version = 1000
        self.oldest = 0
        self.objects: dict[str, dict[tuple[str, str], Json]] = {plural: {} for plural in KINDS}
        self.log: list[Request] = []
        self.hook: Callable[[Request], None] | None = None
        """Called for each request; raises `Fault` or `Raw` to replace the response."""
        self.serves_add_ons = False
        """Whether it serves Gateways and the other optional kinds."""
        self.streams_lists = True
        self.refuses_protobuf = 0
        """The status code for requests that accept protobuf; 0 to serve them."""
        self.speaks_protobuf = False
        """Whether it sends protobuf to clients that accept it, as a real server does; JSON is easier to corrupt."""
        self.ends_watches_at_once = False
        self.page_size_seen: list[int] = []
        self.on_line: Callable[[Request, int], bytes | None] | None = None
        """Called for each line of a streaming list; returns bytes to send instead of it before the connection drops."""
        self.on_exec: Callable[[Request], Iterable[Piece]] | None = None
        """Called for each exec; returns what to send instead of frames once the WebSocket is open, as in `Raw`."""
        self.files: dict[tuple[str, str], dict[str, bytes]] = {}
        self.tokens: set[str] | None = None
        self.watchers: list[Watcher] = []
        self.connections: set[socket.socket] = set()
        self._tls = tls
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self._reserved: socket.socket | None = None

    def __enter__(self) -> ApiServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._release()

    @property
    def url(self) -> str:
        """The base URL of the server."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def is_stopped(self) -> bool:
        """Whether the server is not listening."""
        return self._server is None

    def start(self) -> None:
        """Start to listen; after a restart, on the same port as before."""
        self._release()
        handler = type("Handler", (_Handler,), {"api": self})
        server = _Server(("127.0.0.1", self._port), handler)
        server.daemon_threads = True
        if self._tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, self._tls))
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self._port = server.server_address[1]
        self._server = server
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self, *, graceful: bool = False) -> None:
        """Stop listening and end every connection: gracefully, or with a reset as when the process is killed."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            # No other process may get its port before it starts again.
            self._reserved = reserve_port("127.0.0.1", self._port)
        if graceful:
            self.end_watches()
            return
        with self.lock:
            self.watchers.clear()
            connections, self.connections = self.connections, set()
        for connection in connections:
            reset(connection)

    def _release(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def end_watches(self) -> None:
        """End every open watch properly, as a server does when it shuts down."""
        with self.lock:
            watchers, self.watchers = self.watchers, []
        for watcher in watchers:
            watcher.send(b"")

    def restore(self, objects: Iterable[Json], version: int) -> None:
        """Replace all objects, and restart resource versions at `version`, as when etcd is restored from a backup."""
        with self.lock:
            for stored in self.objects.values():
                stored.clear()
            self.version = version
        self.load(objects)

    def cut_watches(self, last: bytes = b"") -> None:
        """Drop the connection of every open watch, after sending `last`."""
        with self.lock:
            watchers, self.watchers = self.watchers, []
        for watcher in watchers:
            if last:
                watcher.send(last)
            watcher.send(None)

    def write_kubeconfig(self, path: Path, cluster: Mapping[str, Any] | None = None, /, **user: Any) -> Path:
        """Write a kubeconfig with a single context, `loopback`."""
        cluster = {"server": self.url, **(cluster or {})}
        if self._tls is not None:
            cluster.setdefault("certificate-authority", str(self._tls[0]))
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "loopback",
            "contexts": [{"name": "loopback", "context": {"cluster": "loopback", "user": "tester"}}],
            "clusters": [{"name": "loopback", "cluster": cluster}],
            "users": [{"name": "tester", "user": user or {"token": "secret-token"}}],
        }
        path.write_text(json.dumps(config))
        return path

    def load(self, objects: Iterable[Json]) -> None:
        """Store objects without notifying watchers, as if the server had started with them."""
        with self.lock:
            for item in objects:
                plural = PLURALS.get(item.get("kind", ""))
                if plural is not None:
                    self._store(plural, copy.deepcopy(item))

    def _store(self, plural: str, item: Json) -> Json:
        self.version += 1
        meta = item["metadata"]
        meta["resourceVersion"] = str(self.version)
        meta.setdefault("uid", f"uid-{plural}-{meta.get('namespace', '')}-{meta['name']}")
        self.objects[plural][(meta.get("namespace", ""), meta["name"])] = item
        return item

    def put(self, item: Json) -> None:
        """Add or change an object, and notify watchers."""
        plural = PLURALS[item["kind"]]
        with self.lock:
            key = (item["metadata"].get("namespace", ""), item["metadata"]["name"])
            kind = "MODIFIED" if key in self.objects[plural] else "ADDED"
            stored = self._store(plural, copy.deepcopy(item))
            self._notify(plural, kind, stored)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object, and notify watchers."""
        plural = PLURALS[kind]
        with self.lock:
            item = self.objects[plural].pop((namespace, name))
            self.version += 1
            item["metadata"]["resourceVersion"] = str(self.version)
            self._notify(plural, "DELETED", item)

    def _notify(self, plural: str, event: str, item: Json) -> None:
        for watcher in self.watchers:
            is_newer = int(item["metadata"]["resourceVersion"]) > watcher.since
            if watcher.plural == plural and is_newer and _selects(watcher.namespace, watcher.field_selector, item):
                watcher.send(_line(event, self._typed(plural, item)))

    def raw_to_watchers(self, plural: str, line: bytes) -> None:
        """Send raw bytes to the watchers of a kind."""
        with self.lock:
            for watcher in self.watchers:
                if watcher.plural == plural:
                    watcher.send(line)

    def bookmark(self, plural: str) -> None:
        """Send a bookmark to the watchers of a kind."""
        self.raw_to_watchers(plural, _bookmark(plural, self.version))

    def _typed(self, plural: str, item: Json) -> Json:
        api_version, kind, _ = KINDS[plural]
        return {
            "kind": kind,
            "apiVersion": api_version,
            **{k: v for k, v in item.items() if k not in ("kind", "apiVersion")},
        }

    def select(self, request: Request) -> list[Json]:
        """The objects that match a request, in order of their keys."""
        with self.lock:
            items = [item for _, item in sorted(self.objects[request.plural].items())]
        return [i for i in items if _selects(request.namespace, request.query.get("fieldSelector", ""), i)]

    def open_watchers(self, plural: str) -> int:
        """How many watches of a kind are open."""
        with self.lock:
            return sum(watcher.plural == plural for watcher in self.watchers)


def reset(connection: socket.socket) -> None:
    """Reset a connection, as the kernel does when a process is killed."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Wakes a thread blocked in a read. `close` alone would wait for the file objects made from the socket.
        connection.shutdown(socket.SHUT_RD)
        os.close(connection.detach())


def _selects(namespace: str, field_selector: str, item: Json) -> bool:
    if namespace and item["metadata"].get("namespace") != namespace:
        return False
    name, _, value = field_selector.partition("=")
    if name == "metadata.name":
        return bool(item["metadata"]["name"] == value)
    return bool(item.get("reason") == value) if name == "reason" else True


def _line(event: str, item: Json) -> bytes:
    return json.dumps({"type": event, "object": item}, separators=(",", ":")).encode() + b"\n"


def _bookmark(plural: str, version: int, *, ends: bool = False) -> bytes:
    api_version, kind, _ = KINDS[plural]
    meta: Json = {"resourceVersion": str(version), "creationTimestamp": None}
    if ends:
        meta["annotations"] = {"k8s.io/initial-events-end": "true"}
    return _line("BOOKMARK", {"kind": kind, "apiVersion": api_version, "metadata": meta})


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    request_queue_size = 128  # all kinds reconnect at once after an outage; the default is 5

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection. Its TLS handshake is made in its own thread, so a silent client delays no other one."""
        if isinstance(request, ssl.SSLSocket):
            try:
                request.do_handshake()
            except OSError:
                return
        super().finish_request(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    api: ApiServer
    _frames = False
    """Whether the current watch is sent as protobuf frames."""
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Register the connection."""
        super().setup()
        with self.api.lock:
            self.api.connections.add(self.connection)

    def handle(self) -> None:
        """Serve requests until the connection ends, for whatever reason."""
        with contextlib.suppress(OSError, ValueError):
            super().handle()

    def finish(self) -> None:
        """Unregister the connection."""
        with self.api.lock:
            self.api.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name in the base class)
        """Print nothing."""

    def do_GET(self) -> None:
        try:
            self._answer()
        except Fault as fault:
            self._send(fault.code, fault.body, fault.headers)
        except Raw as raw:
            self._send_raw(raw)
        except OSError:
            self.close_connection = True

    def _send_raw(self, raw: Raw) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            for piece in raw.pieces:
                if callable(piece):
                    piece()
                else:
                    self.wfile.write(piece)
                    self.wfile.flush()
        if raw.until is not None:
            raw.until.wait(60)
        if raw.reset:
            reset(self.connection)

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._refuse_method
        raise AttributeError(name)

    def _refuse_method(self) -> None:
        self.api.log.append(Request(self.command, "", "", "", {}, ""))
        self._send(405, status_body(405, "MethodNotAllowed", "only GET is served"))

    def _send(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        request = self._request(parts.path, query)
        with self.api.lock:
            self.api.log.append(request)
        tokens = self.api.tokens
        if tokens is not None and request.authorization.removeprefix("Bearer ") not in tokens:
            raise Fault(401, status_body(401, "Unauthorized", "Unauthorized"))
        if self.api.hook is not None:
            self.api.hook(request)
        if request.wants_protobuf and self.api.refuses_protobuf:
            code = self.api.refuses_protobuf
            raise Fault(code, status_body(code, "NotAcceptable", "only JSON is served"))
        if parts.path == "/version":
            self._send(200, b'{"major":"1","minor":"36","gitVersion":"v1.36.1"}')
        elif parts.path == "/apis":
            names = sorted({version.rpartition("/")[0] for version, _, _ in self._served().values() if "/" in version})
            self._send(200, json.dumps({"kind": "APIGroupList", "groups": [{"name": n} for n in names]}).encode())
        elif parts.path.startswith("/apis/") and request.verb == "get" and not request.name:
            requested = parts.path.removeprefix("/apis/")
            resources = [{"name": plural} for plural, (version, _, _) in self._served().items() if version == requested]
            self._send(200, json.dumps({"kind": "APIResourceList", "resources": resources}).encode())
        elif request.verb == "exec":
            self._exec(request)
        elif request.plural not in self._served():
            raise Fault(404, status_body(404, "NotFound", "the server could not find the requested resource"))
        elif request.verb == "watch":
            self._watch(request)
        elif request.verb == "get":
            self._get(request)
        else:
            self._list(request)

    def _served(self) -> dict[str, tuple[str, str, bool]]:
        return KINDS if self.api.serves_add_ons else {p: kind for p, kind in KINDS.items() if p not in ADD_ONS}

    def _request(self, path: str, query: dict[str, str]) -> Request:
        words = path.strip("/").split("/")
        rest = words[2:] if words[0] == "api" else words[3:]
        namespace = ""
        if len(rest) >= 3 and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        plural = rest[0] if rest else path.strip("/")
        name = rest[1] if len(rest) > 1 else ""
        verb = "exec" if len(rest) > 2 and rest[2] == "exec" else "get" if name or not rest else "list"
        if query.get("watch"):
            verb = "watch"
        command = tuple(parse_qs(urlsplit(self.path).query).get("command", ()))
        wants_protobuf = PROTOBUF in self.headers.get("Accept", "")
        authorization = self.headers.get("Authorization", "")
        return Request(verb, plural, namespace, name, query, authorization, command, wants_protobuf)

    def _get(self, request: Request) -> None:
        item = self.api.objects[request.plural].get((request.namespace, request.name))
        if item is None:
            raise Fault(404, status_body(404, "NotFound", f'{request.plural} "{request.name}" not found'))
        self._send(200, json.dumps(item).encode())

    def _list(self, request: Request) -> None:
        items = self.api.select(request)
        limit = int(request.query.get("limit", "0"))
        start = int(request.query.get("continue", "0"))
        self.api.page_size_seen.append(limit)
        page = items[start : start + limit] if limit else items[start:]
        end = start + len(page)
        meta: Json = {"resourceVersion": str(self.api.version)}
        if end < len(items):
            meta |= {"continue": str(end), "remainingItemCount": len(items) - end}
        api_version, kind, _ = KINDS[request.plural]
        bare = [{k: v for k, v in item.items() if k not in ("kind", "apiVersion")} for item in page]
        body = {"kind": f"{kind}List", "apiVersion": api_version, "metadata": meta, "items": bare or None}
        if self._wants_protobuf(request):
            self._send(200, protobuf_answers.list_of(body), {"Content-Type": PROTOBUF})
        else:
            self._send(200, json.dumps(body).encode())

    def _wants_protobuf(self, request: Request) -> bool:
        is_known = RESOURCES[Kind(KINDS[request.plural][1])].has_protobuf
        return self.api.speaks_protobuf and is_known and request.wants_protobuf

    def _chunk(self, data: bytes) -> None:
        if self._frames and data:
            data = protobuf_answers.frame_of_line(data)
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _watch(self, request: Request) -> None:
        api = self.api
        is_streaming = request.query.get("sendInitialEvents") == "true"
        if is_streaming and not api.streams_lists:
            text = (
                "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature "
                "gate is enabled"
            )
            raise Fault(422, status_body(422, "Invalid", text))
        since = request.query.get("resourceVersion", "")
        selector = request.query.get("fieldSelector", "")
        watcher = Watcher(request.plural, request.namespace, selector, int(since) if since.isdigit() else 0)
        with api.lock:
            items = api.select(request)
            version = api.version
            api.watchers.append(watcher)
        try:
            self._send_watch(request, watcher, items, version)
        finally:
            with api.lock, contextlib.suppress(ValueError):
                api.watchers.remove(watcher)

    def _send_watch(self, request: Request, watcher: Watcher, items: list[Json], version: int) -> None:
        api = self.api
        is_streaming = request.query.get("sendInitialEvents") == "true"
        since = request.query.get("resourceVersion", "")
        self.send_response(200)
        self._frames = self._wants_protobuf(request)
        self.send_header("Content-Type", f"{PROTOBUF};stream=watch" if self._frames else "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if is_streaming:
            for index, item in enumerate(items):
                cut_off_with = api.on_line(request, index) if api.on_line is not None else None
                if cut_off_with is not None:
                    self._chunk(cut_off_with)
                    self._drop_connection()
                    return
                self._chunk(_line("ADDED", api._typed(request.plural, item)))
            self._chunk(_bookmark(request.plural, version, ends=True))
        elif api.ends_watches_at_once:
            self._chunk(b"")
            return
        elif since.isdigit() and int(since) < api.oldest:
            text = f"too old resource version: {since} ({api.oldest})"
            error = {"kind": "Status", "status": "Failure", "message": text, "reason": "Expired", "code": 410}
            self._chunk(_line("ERROR", error))
            self._chunk(b"")
            return
        elif since.isdigit():
            for item in sorted(items, key=lambda item: int(item["metadata"]["resourceVersion"])):
                # Replays what changed between the list and the watch, as etcd would.
                if int(item["metadata"]["resourceVersion"]) > int(since):
                    self._chunk(_line("MODIFIED", api._typed(request.plural, item)))
        self._follow(watcher)

    def _drop_connection(self) -> None:
        """Drop the connection without ending the response body."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _is_gone(self) -> bool:
        """Whether the client closed the connection."""
        if not select.select([self.connection], [], [], 0)[0]:
            return False
        if isinstance(self.connection, ssl.SSLSocket):
            return not self.connection.recv(1)
        return not self.connection.recv(1, socket.MSG_PEEK)

    def _follow(self, watcher: Watcher) -> None:
        while True:
            while not watcher.wake.wait(0.1):
                if self._is_gone():
                    self.close_connection = True
                    return
            watcher.wake.clear()
            while watcher.queue:
                data = watcher.queue.popleft()
                if data is None:
                    self.close_connection = True
                    self._drop_connection()
                    return
                self._chunk(data)
                if not data:
                    # A running server keeps the connection: closing it now would break the next request on it.
                    self.close_connection = self.api.is_stopped
                    return

    def _exec(self, request: Request) -> None:
        key = self.headers.get("Sec-WebSocket-Key", "")
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode(), usedforsecurity=False).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.send_header("Sec-WebSocket-Protocol", "v4.channel.k8s.io")
        self.end_headers()
        if self.api.on_exec is not None:
            raise Raw(*self.api.on_exec(request))
        content = self.api.files.get((request.namespace, request.name), {}).get(" ".join(request.command))
        if content is None:
            self._frame(b"\x02" + b"cat: no such file")
            self._frame(b'\x03{"status":"Failure","message":"command terminated with exit code 1"}')
        else:
            for start in range(0, len(content), 30000):
                self._frame(b"\x01" + content[start : start + 30000])
            self._frame(b'\x03{"status":"Success"}')
        self.close_connection = True

    def _frame(self, payload: bytes) -> None:
        size = len(payload)
        head = bytes([0x82, size]) if size < 126 else bytes([0x82, 126]) + size.to_bytes(2, "big")
        self.wfile.write(head + payload)
        self.wfile.flush()
