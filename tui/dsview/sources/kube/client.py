"""Sends requests to an API server, and renews the credentials. Imported after the first frame."""

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
from dsview.sources.kube.bodies import BROKEN, ApiResponse
from dsview.sources.kube.deadlines import Deadlines
from dsview.sources.kube.encodings import JSON_TYPE, readable_status
from dsview.sources.kube.errors import RequestFailed, describe, describe_config, failure_of
from dsview.sources.kube.in_flight import InFlightLimit
from dsview.sources.kube.kubeconfig import ResolvedContext
from dsview.sources.kube.limits import ERROR, EXEC, OBJECT, BodyLimit
from dsview.sources.kube.transport import ApiTransport, direct_transport

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0
MIN_REFRESH_INTERVAL = 10.0
MAX_REFRESH_INTERVAL = 300.0
"""Seconds between two refreshes of credentials: `MIN_REFRESH_INTERVAL` after one that helped, doubling up to this
value while none helps. A plug-in may open a browser each time.
"""

READ_TIMEOUT = 60.0
"""Seconds without a byte, for requests that specify no timeout."""

# It must never write to the terminal while a screen is shown; a log file has its own handler.
logging.getLogger("urllib3").addHandler(logging.NullHandler())


class Client:
    """A client for one API server that returns raw bytes. Thread-safe.

    Raises `UserError` if the credentials cannot be loaded initially.
    """

    def __init__(self, context: ResolvedContext, *, connections: int) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._refresh_lock = threading.Lock()
        self._next_refresh_at = 0.0
        self._refresh_pause = MIN_REFRESH_INTERVAL
        self._generation = 0
        self._problem = ""
        self._deadlines = Deadlines()
        self._in_flight = InFlightLimit()
        self._closed = threading.Event()
        self._request_counts: Counter[tuple[Kind | None, str]] = Counter()
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
        """Reload the credentials, once for all threads whose request was refused with the same credentials.

        Raises `RequestFailed` if that fails, also for later callers until the next attempt.
        """
        with self._refresh_lock:
            if generation != self._generation:
                return
            now = time.monotonic()
            if now >= self._next_refresh_at:
                try:
                    self._access = self._load()
                except Exception as error:  # noqa: BLE001  (as above)
                    self._problem = describe_config(error)
                else:
                    self._problem = ""
                    self._generation += 1
                self._next_refresh_at = time.monotonic() + self._refresh_pause
                self._refresh_pause = min(self._refresh_pause * 2, MAX_REFRESH_INTERVAL)
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
    ) -> Iterator[ApiResponse]:
        """A GET with an unread body. A 401 refreshes the credentials once. `upgrade` requests a WebSocket.

        Raises `RequestFailed` for any status but 200, or 101 with `upgrade`, and if there is no response.
        """
        expected = 200 if upgrade is None else 101
        query_string = f"?{urlencode(query)}" if query else ""
        headers = {"Accept": accept, **(upgrade or {})}
        generation = self._generation
        self._count(kind, verb)
        with self._get(path, query_string, headers, verb, read_timeout) as response:
            if response.status != 401:
                yield from self._checked(response, expected, generation)
                return
        self.refresh(generation)
        self._count(kind, verb)
        generation = self._generation
        with self._get(path, query_string, headers, verb, read_timeout) as response:
            yield from self._checked(response, expected, generation)

    def _checked(self, response: ApiResponse, expected: int, generation: int) -> Iterator[ApiResponse]:
        """The response if it has the expected status. Raises `RequestFailed` otherwise."""
        if response.status != expected:
            body = readable_status(self._error_body(response))
            raise failure_of(response.status, body, response.headers.get("Retry-After"))
        if generation == self._generation:
            self._refresh_pause = MIN_REFRESH_INTERVAL
        try:
            yield response
        except BROKEN as error:
            raise RequestFailed(0, describe(error, self.server)) from None

    def request_counts(self) -> Counter[tuple[Kind | None, str]]:
        """The number of requests, by kind (None if there is none) and verb."""
        with self._lock:
            return self._request_counts.copy()

    def _count(self, kind: Kind | None, verb: str) -> None:
        with self._lock:
            self._request_counts[kind, verb] += 1

    @contextmanager
    def _get(
        self, path: str, query_string: str, extra_headers: Mapping[str, str], verb: str, read_timeout: float | None
    ) -> Iterator[ApiResponse]:
        if self._closed.is_set():
            raise RequestFailed(0, "dsview is shutting down.")
        access = self._access
        headers = access.headers | {
            "Accept-Encoding": "identity",
            "User-Agent": f"dsview/{__version__}",
            **extra_headers,
        }
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=read_timeout or READ_TIMEOUT)
        try:
            response = access.pool.request(
                "GET",
                access.server + quote(path) + query_string,
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
            yield ApiResponse(response, deadline, self._in_flight)
        finally:
            self._deadlines.discard(deadline)
            try:
                response.close()
            except BROKEN:
                _log.debug("%s %s: the connection was closed already", verb, path)

    def get(
        self, path: str, *, kind: Kind | None = None, timeout: float | None = None, limit: BodyLimit | None = None
    ) -> bytes:
        """The whole body of a GET; the default limit is that of one object. Raises `RequestFailed`."""
        with self.open(path, {}, verb="get", kind=kind, read_timeout=timeout) as response:
            return response.body(limit or OBJECT)

    def _error_body(self, response: ApiResponse) -> bytes:
        """The body of an error response; empty if it is not a short text."""
        try:
            return response.body(ERROR)
        except (RequestFailed, *BROKEN):
            return b""

    @contextmanager
    def websocket(self, path: str, query: Sequence[tuple[str, str]]) -> Iterator[Iterator[bytes]]:
        """The messages of a WebSocket to a pod's subresource, within the limits of `EXEC`. Raises `RequestFailed`."""
        from dsview.sources.kube.websocket import WebSocket, handshake  # noqa: PLC0415  (only needed to read a proxy configuration)

        request_headers = handshake()
        with self.open(
            path, query, verb="exec", kind=Kind.PROXY_LISTENERS, read_timeout=CONNECT_TIMEOUT, upgrade=request_headers
        ) as response:
            connection = WebSocket(response, request_headers, EXEC)
            try:
                yield connection.messages()
            finally:
                connection.close()

    def enforce_deadlines(self) -> None:
        """Break connections that exceed their deadline. Called every second or two."""
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
    """The kinds whose objects are all listed and watched."""
    excluded = {Kind.CONFIG_MAP, Kind.EVENT, Kind.PROXY_LISTENERS} | (set() if with_endpoints else {Kind.ENDPOINTS})
    return [kind for kind in Kind if kind not in excluded]
