"""A loopback API server for benchmarks, in a process of its own: it only copies bytes that were made before.

`python -m tests.bench.server PODS --folder DIR [--pace MB]` says on its first line where it listens, as JSON, and ends
when its standard input does. TLS with a certificate of its own, one chunk for each event, pages, streaming lists,
watches. `/bench/rate?events=N` sends N changes of pods a second from then on, `/bench/burst?count=N` that many at once,
`/bench/sent` tells how far that got, on the monotonic clock that all processes of a machine share.
"""

from __future__ import annotations

import argparse
import json
import queue
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from tests.bench import store, wire
from tests.bench.store import Collection, ProtobufCollection
from tests.support import protobuf_answers

SLICE = 1 << 20
"""Bytes handed to TLS at once."""

TICK = 0.02
"""Seconds between two looks at what is to be sent on a watch."""

BOOKMARK_EVERY = 60.0
_LAST_CHUNK = b"0\r\n\r\n"
_PROTOBUF = b"application/vnd.kubernetes.protobuf"
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
_STATUS = {200: b"OK", 404: b"Not Found", 405: b"Method Not Allowed"}
_PLURALS = {resource.plural: kind for kind, resource in RESOURCES.items()}
_OPENSSL = (
    *("openssl", "req", "-x509", "-nodes", "-days", "1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    *("-subj", "/CN=dsview-bench", "-addext", "subjectAltName=IP:127.0.0.1"),
)
_ONLY_CONFIG_MAP = "metadata.name=kube-proxy"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, valid for a day."""
    certificate, key = folder / "server.crt", folder / "server.key"
    subprocess.run(
        [*_OPENSSL, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    return certificate, key


class BenchServer:
    """Serves one cluster, a thread for each connection. `pace` limits the bytes a second of an answer; 0 does not.

    `in_protobuf` are the kinds that it serves in protobuf to those who ask for it.
    """

    def __init__(
        self,
        cluster: dict[Kind, Collection],
        tls: tuple[Path, Path],
        *,
        pace: float = 0.0,
        in_protobuf: dict[Kind, Collection],
    ) -> None:
        self._cluster = cluster
        self._in_protobuf = in_protobuf
        self._pace = pace
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*map(str, tls))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._rate = 0.0
        self._watchers: list[tuple[queue.SimpleQueue[tuple[int, list[bytes]]], bool]] = []
        self._turn = 0
        self._sent = 0
        self._sent_at = 0.0
        self._requests: Counter[str] = Counter()

    def serve(self) -> None:
        """Accept connections until the end."""
        while True:
            connection, _ = self._listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        try:
            with self._context.wrap_socket(plain, server_side=True) as connection:
                reader = connection.makefile("rb")
                while request := reader.readline():
                    wants_protobuf = False
                    while (header := reader.readline()) not in (b"\r\n", b""):
                        wants_protobuf |= header.lower().startswith(b"accept:") and _PROTOBUF in header
                    method, target, _ = request.decode("latin-1").split(" ")
                    self._answer(connection, method, target, wants_protobuf=wants_protobuf)
        except (OSError, ValueError):
            plain.close()

    def _answer(self, connection: ssl.SSLSocket, method: str, target: str, *, wants_protobuf: bool) -> None:
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        words = parts.path.strip("/").split("/")
        kind = _PLURALS.get(words[-1])
        if method != "GET":
            _send(connection, 405, b"{}")
        elif words[0] == "bench":
            _send(connection, 200, json.dumps(self._control(words[1], query)).encode())
        elif parts.path == "/version":
            _send(connection, 200, b'{"major":"1","minor":"36","gitVersion":"v1.36.1"}')
        elif kind is None:
            _send(connection, 404, b'{"kind":"Status","code":404,"reason":"NotFound","message":"not found"}')
        elif query.get("watch"):
            self._requests["watch"] += 1
            self._watch(connection, self._collection(kind, query, wants_protobuf), query)
        else:
            self._requests["list"] += 1
            objects = self._collection(kind, query, wants_protobuf)
            page = objects.page(int(query.get("continue", "0")), int(query.get("limit", "0")))
            self._paced(connection.sendall, memoryview(_head(200, len(page), _type_of(objects)) + page))

    def _collection(self, kind: Kind, query: dict[str, str], wants_protobuf: bool) -> Collection:
        known = self._in_protobuf.get(kind) if wants_protobuf else None
        known = known or self._cluster.get(kind)
        if known is None or query.get("fieldSelector", _ONLY_CONFIG_MAP) != _ONLY_CONFIG_MAP:
            return store.empty(kind)
        return known

    def _control(self, what: str, query: dict[str, str]) -> dict[str, float]:
        if what == "rate":
            self._rate = float(query["events"])
        elif what == "burst":
            self._sent = 0
            self._tell(self._changes(int(query["count"])))
        elif what == "requests":
            return dict(self._requests)
        return {"sent": self._sent, "sent_at": self._sent_at}

    @property
    def _version(self) -> int:
        return 2 * wire.FIRST_VERSION + self._turn

    def _changes(self, count: int) -> list[bytes]:
        """Changes of pods from all over the cluster: each one is made not ready, then ready, and so on."""
        pods = self._cluster[Kind.POD]
        found = []
        for _ in range(count):
            turn, number = divmod(self._turn, len(pods))
            self._turn += 1
            # 7919 is a prime, so every pod of the cluster gets its turn.
            item = wire.changed(pods.item(number * 7919 % len(pods)), self._version, ready=bool(turn % 2))
            found.append(wire.line(b"MODIFIED", item))
        return found

    def _watch(self, connection: ssl.SSLSocket, objects: Collection, query: dict[str, str]) -> None:
        is_protobuf = isinstance(objects, ProtobufCollection)
        connection.sendall(_STREAM_HEAD % (_type_of(objects) + (b";stream=watch" if is_protobuf else b"")))

        def chunk(line: bytes) -> bytes:
            return wire.chunk(protobuf_answers.frame_of_line(line) if is_protobuf else line)

        waiting: queue.SimpleQueue[tuple[int, list[bytes]]] = queue.SimpleQueue()
        # A bookmark never has a later version than what was sent, or the next event would be older.
        version = max(objects.version, int(query.get("resourceVersion") or 0))
        # Starting now, so that nothing is missed between the list and the watch.
        if objects.kind is Kind.POD:
            self._watchers.append((waiting, is_protobuf))
        try:
            if query.get("sendInitialEvents"):
                self._paced(connection.sendall, objects.chunks)
                end = wire.bookmark(objects.kind, objects.version, ends_initial_events=True)
                connection.sendall(chunk(end))
            until = time.monotonic() + float(query.get("timeoutSeconds", "300"))
            while (left := until - time.monotonic()) > 0:
                try:
                    version, changes = waiting.get(timeout=min(left, BOOKMARK_EVERY))
                except queue.Empty:
                    connection.sendall(chunk(wire.bookmark(objects.kind, version)))
                    continue
                self._paced(connection.sendall, memoryview(b"".join(changes)))
                self._sent += len(changes)
                self._sent_at = time.monotonic()
            connection.sendall(_LAST_CHUNK)
        finally:
            self._watchers = [one for one in self._watchers if one[0] is not waiting]

    def tell_changes(self) -> None:
        """Send watchers changes at the requested rate until the end."""
        owed = 0.0
        while True:
            time.sleep(TICK)
            owed = owed + self._rate * TICK if self._watchers else 0.0
            if owed >= 1:
                self._tell(self._changes(int(owed)))
                owed -= int(owed)

    def _tell(self, changes: list[bytes]) -> None:
        for waiting, is_protobuf in list(self._watchers):
            told = map(protobuf_answers.frame_of_line, changes) if is_protobuf else changes
            waiting.put((self._version, [wire.chunk(data) for data in told]))

    def _paced(self, send: Callable[[memoryview], None], data: memoryview) -> None:
        started = time.monotonic()
        for at in range(0, len(data), SLICE):
            if self._pace:
                time.sleep(max(0.0, started + at / self._pace - time.monotonic()))
            send(data[at : at + SLICE])


def _type_of(objects: Collection) -> bytes:
    return _PROTOBUF if isinstance(objects, ProtobufCollection) else b"application/json"


def _head(code: int, length: int, content_type: bytes = b"application/json") -> bytes:
    head = b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (code, _STATUS[code], content_type, length)


def _send(connection: ssl.SSLSocket, code: int, body: bytes) -> None:
    connection.sendall(_head(code, len(body)) + body)


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="tests.bench.server")
    parser.add_argument("pods", type=int)
    parser.add_argument("--folder", type=Path, required=True, help="where certificate and key are written")
    parser.add_argument("--clusters", type=Path, default=None, help="where clusters are kept")
    parser.add_argument("--pace", type=float, default=0.0, help="MB a second of each answer; 0 for as fast as it goes")
    parser.add_argument("--json-only", action="store_true", help="as a server without protobuf")
    options = parser.parse_args()
    tls = make_certificate(options.folder)
    in_protobuf = {} if options.json_only else store.in_protobuf(options.pods, options.clusters)
    cluster = store.open_cluster(options.pods, options.clusters)
    server = BenchServer(cluster, tls, pace=options.pace * 1e6, in_protobuf=in_protobuf)
    for work in (server.serve, server.tell_changes):
        threading.Thread(target=work, daemon=True).start()
    sys.stdout.write(json.dumps({"port": server.port, "certificate": str(tls[0])}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
