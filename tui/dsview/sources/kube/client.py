"""Requests to an API server, and the renewal of credentials. Returns bytes. Imported after the first frame."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import quote, urlencode

import urllib3

from dsview import __version__
from dsview.core.errors import UserError
from dsview.kinds.kind import Kind
from dsview.sources.kube.bodies import BROKEN, Answer
from dsview.sources.kube.deadlines import Deadlines
from dsview.sources.kube.encodings import JSON_TYPE, readable_status
from dsview.sources.kube.errors import RequestFailed, describe, describe_config, failure_of
from dsview.sources.kube.in_flight import InFlight
from dsview.sources.kube.kubeconfig import ResolvedContext
from dsview.sources.kube.limits import ERROR, EXEC, OBJECT, BodyLimit
from dsview.sources.kube.transport import ApiTransport, direct_transport

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0
REFRESH_AT_MOST_EVERY = 10.0
REFRESH_AT_LEAST_EVERY = 300.0
"""Seconds between two refreshes of credentials: `REFRESH_AT_MOST_EVERY` after one that helped, doubling up to this
value while none helps. A plug-in may open a browser each time.
"""

READ_TIMEOUT = 60.0
"""Seconds without a byte, for requests without a timeout of their own."""

# It must never write to the terminal while a screen is shown; a log file has its own handler.
logging.getLogger("urllib3").addHandler(logging.NullHandler())


class Client:
    """Raw requests to one API server. Thread-safe.

    Raises `UserError` if the credentials cannot be loaded initially.
    """

    def __init__(self, context: ResolvedContext, *, connections: int) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._refresh_from = 0.0
        self._refresh_pause = REFRESH_AT_MOST_EVERY
        self._generation = 0
        self._problem = ""
        self._deadlines = Deadlines()
        self._in_flight = InFlight()
        self._closed = threading.Event()
        self._asked: Counter[tuple[Kind | None, str]] = Counter()
        self._connections = connections
        try:
            self._access = self._load()
        except Exception as error:  # noqa: BLE001  (the official client raises anything from KeyError to its own)
            raise UserError(describe_config(error)) from None

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self._access.server

    def _load(self) -> ApiTransport:
        transport: ApiTransport | None = direct_transport(self._context, connections=self._connections)
        if transport is None:
            from dsview.sources.kube.official_client import OfficialTransport  # noqa: PLC0415  (a quarter of a second, 16 MB)

            transport = OfficialTransport(self._context, connections=self._connections)
        self._deadlines.apply_to(transport.pool)
        return transport

    def refresh(self, generation: int) -> None:
        """Reload the credentials, once for all threads that were refused with the same ones.

        Raises `RequestFailed` if that fails, and again for later callers until the next attempt.
        """
        with self._refreshing:
            if generation != self._generation:
                return
            now = time.monotonic()
            if now >= self._refresh_from:
                try:
                    self._access = self._load()
                except Exception as error:  # noqa: BLE001  (as above)
                    self._problem = describe_config(error)
                else:
                    self._problem = ""
                    self._generation += 1
                self._refresh_from = time.monotonic() + self._refresh_pause
                self._refresh_pause = min(self._refresh_pause * 2, REFRESH_AT_LEAST_EVERY)
            if self._problem:
                raise RequestFailed(401, self._problem, "Unauthorized")

    @contextmanager
    def open(
        self,
        path: str,
        query: Mapping[str, str] | Sequence[tuple[str, str]],
        *,
        verb: str,
        kind: Kind | None,
        read_timeout: float | None = None,
        accept: str = JSON_TYPE,
        upgrade: Mapping[str, str] | None = None,
    ) -> Iterator[Answer]:
        """A GET with an unread body. A 401 refreshes the credentials once. `upgrade` requests a WebSocket.

        Raises `RequestFailed` for any status but 200, or 101 with `upgrade`, and if there is no response.
        """
        wanted = 200 if upgrade is None else 101
        words = f"?{urlencode(query)}" if query else ""
        headers = {"Accept": accept, **(upgrade or {})}
        generation = self._generation
        self._count(kind, verb)
        with self._get(path, words, headers, verb, read_timeout) as answer:
            if answer.status != 401:
                yield from self._judged(answer, wanted, generation)
                return
        self.refresh(generation)
        self._count(kind, verb)
        generation = self._generation
        with self._get(path, words, headers, verb, read_timeout) as answer:
            yield from self._judged(answer, wanted, generation)

    def _judged(self, answer: Answer, wanted: int, generation: int) -> Iterator[Answer]:
        """The response if it has the expected status. Raises `RequestFailed` otherwise."""
        if answer.status != wanted:
            said = readable_status(self._reason_in(answer))
            raise failure_of(answer.status, said, answer.headers.get("Retry-After"))
        if generation == self._generation:
            self._refresh_pause = REFRESH_AT_MOST_EVERY
        try:
            yield answer
        except BROKEN as error:
            raise RequestFailed(0, describe(error, self.server)) from None

    def asked(self) -> Counter[tuple[Kind | None, str]]:
        """The number of requests, by kind (None if there is none) and verb."""
        with self._lock:
            return self._asked.copy()

    def _count(self, kind: Kind | None, verb: str) -> None:
        with self._lock:
            self._asked[kind, verb] += 1

    @contextmanager
    def _get(
        self, path: str, words: str, asked: Mapping[str, str], verb: str, read_timeout: float | None
    ) -> Iterator[Answer]:
        if self._closed.is_set():
            raise RequestFailed(0, "dsview is leaving.")
        access = self._access
        headers = access.headers | {
            "Accept-Encoding": "identity",
            "User-Agent": f"dsview/{__version__}",
            **asked,
        }
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=read_timeout or READ_TIMEOUT)
        try:
            response = access.pool.request(
                "GET",
                access.server + quote(path) + words,
                headers=headers,
                timeout=timeout,
                preload_content=False,
                redirect=False,
                retries=False,
            )
        except (*BROKEN, ValueError) as error:
            raise RequestFailed(0, describe(error, self.server), is_unanswered=True) from None
        _log.debug("%s %s %s", verb, path, response.status)
        deadline = self._deadlines.add(lambda: _interrupt(response))
        if self._closed.is_set():
            self.break_connections()
        try:
            yield Answer(response, deadline, self._in_flight)
        finally:
            self._deadlines.discard(deadline)
            try:
                response.close()
            except BROKEN:
                _log.debug("%s %s: the connection was closed already", verb, path)

    def get(
        self, path: str, *, kind: Kind | None = None, timeout: float | None = None, limit: BodyLimit | None = None
    ) -> bytes:
        """The whole body of a GET, by default of one object. Raises `RequestFailed`."""
        with self.open(path, {}, verb="get", kind=kind, read_timeout=timeout) as answer:
            return answer.body(limit or OBJECT)

    def _reason_in(self, answer: Answer) -> bytes:
        """The error text in a response; empty if it is not a short text."""
        try:
            return answer.body(ERROR)
        except (RequestFailed, *BROKEN):
            return b""

    @contextmanager
    def websocket(self, path: str, query: Sequence[tuple[str, str]]) -> Iterator[Iterator[bytes]]:
        """The messages of a WebSocket to a pod's subresource, within the limits of `EXEC`. Raises `RequestFailed`."""
        from dsview.sources.kube.websocket import WebSocket, handshake  # noqa: PLC0415  (where a controller pod is read)

        asked = handshake()
        with self.open(
            path, query, verb="exec", kind=Kind.PROXY_LISTENERS, read_timeout=CONNECT_TIMEOUT, upgrade=asked
        ) as answer:
            connection = WebSocket(answer, asked, EXEC)
            try:
                yield connection.messages()
            finally:
                connection.close()

    def enforce_deadlines(self) -> None:
        """Break connections that exceed their total time. Called every second or two."""
        self._deadlines.enforce()

    def break_connections(self) -> None:
        """Break all current requests, as the loss of the network does; their readers retry."""
        self._deadlines.break_all()

    def close(self) -> None:
        """End all requests at once, so that no thread keeps waiting for bytes."""
        self._closed.set()
        self._in_flight.close()
        self.break_connections()


def _interrupt(response: urllib3.BaseHTTPResponse) -> None:
    shutdown: Callable[[], None] | None = getattr(response, "shutdown", None)
    if shutdown is not None:
        shutdown()


def resource_kinds(with_endpoints: bool) -> list[Kind]:
    """The kinds that are listed and watched as a whole."""
    apart = {Kind.CONFIG_MAP, Kind.EVENT, Kind.PROXY_LISTENERS} | (set() if with_endpoints else {Kind.ENDPOINTS})
    return [kind for kind in Kind if kind not in apart]
