"""Requests to an API server, and their credentials' renewal. Bytes come out of it. Imported after the first frame."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from dsview import __version__
from dsview.core.errors import UserError
from dsview.kinds.kind import Kind
from dsview.sources.kube.bodies import ERROR, OBJECT, BodyLimit, read_body
from dsview.sources.kube.encodings import JSON_TYPE, readable_status
from dsview.sources.kube.errors import RequestFailed, describe, describe_config, failure_of
from dsview.sources.kube.kubeconfig import ResolvedContext
from dsview.sources.kube.transport import ApiTransport, direct_transport

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0
REFRESH_AT_MOST_EVERY = 10.0
REFRESH_AT_LEAST_EVERY = 300.0
"""Seconds between two refreshes of credentials: the first after one that helped, doubling up to the second where none
helps. A plug-in may open a browser each time."""

EXEC_PROTOCOL = "v4.channel.k8s.io"
"""The framing of pods/exec over WebSockets that every supported API server knows."""

# It must never write on the terminal that a screen is drawn on; a log file has its own handler.
logging.getLogger("urllib3").addHandler(logging.NullHandler())


class Client:
    """Raw requests to one API server. Used by many threads.

    Raises `UserError` where the credentials cannot be loaded at first.
    """

    def __init__(self, context: ResolvedContext, *, connections: int, gzip: bool = False) -> None:
        self._context = context
        self._gzip = gzip
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._refresh_from = 0.0
        self._refresh_pause = REFRESH_AT_MOST_EVERY
        self._generation = 0
        self._problem = ""
        self._open: set[urllib3.BaseHTTPResponse] = set()
        self._is_closed = False
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
        plain = direct_transport(self._context, connections=self._connections)
        if plain is not None:
            return plain
        from dsview.sources.kube.official_client import OfficialTransport  # noqa: PLC0415  (a quarter of a second, 16 MB)

        return OfficialTransport(self._context, connections=self._connections)

    def refresh(self, generation: int) -> None:
        """Load the credentials anew, once for all threads that were refused with the same ones.

        Raises `RequestFailed` where that fails, and again to those who ask before it is tried anew.
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
        query: Mapping[str, str],
        *,
        verb: str,
        kind: Kind | None,
        read_timeout: float | None = None,
        accept: str = JSON_TYPE,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """A GET whose body is still to be read. 401 refreshes the credentials once.

        Raises `RequestFailed` for any other answer than 200, or where there is none.
        """
        generation = self._generation
        self._count(kind, verb)
        response = self._get(path, query, verb, read_timeout, accept)
        if response.status == 401:
            self._discard(response)
            self.refresh(generation)
            self._count(kind, verb)
            generation = self._generation
            response = self._get(path, query, verb, read_timeout, accept)
        try:
            if response.status != 200:
                raise failure_of(
                    response.status, readable_status(self._reason_in(response)), response.headers.get("Retry-After")
                )
            if generation == self._generation:
                self._refresh_pause = REFRESH_AT_MOST_EVERY
            yield response
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise RequestFailed(0, describe(error, self.server)) from None
        finally:
            self._discard(response)

    def asked(self) -> Counter[tuple[Kind | None, str]]:
        """How many requests were made, by kind (None where they are about none) and verb."""
        with self._lock:
            return self._asked.copy()

    def _count(self, kind: Kind | None, verb: str) -> None:
        with self._lock:
            self._asked[kind, verb] += 1

    def _get(
        self, path: str, query: Mapping[str, str], verb: str, read_timeout: float | None, accept: str
    ) -> urllib3.BaseHTTPResponse:
        if self._is_closed:
            raise RequestFailed(0, "dsview is leaving.")
        access = self._access
        headers = access.headers | {
            "Accept": accept,
            "Accept-Encoding": "gzip" if self._gzip else "identity",
            "User-Agent": f"dsview/{__version__}",
        }
        url = access.server + quote(path) + (f"?{urlencode(query)}" if query else "")
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=read_timeout)
        try:
            response = access.pool.request(
                "GET", url, headers=headers, timeout=timeout, preload_content=False, redirect=False, retries=False
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise RequestFailed(0, describe(error, self.server), is_unanswered=True) from None
        _log.debug("%s %s %s", verb, path, response.status)
        with self._lock:
            self._open.add(response)
        return response

    def _discard(self, response: urllib3.BaseHTTPResponse) -> None:
        with self._lock:
            self._open.discard(response)
        try:
            response.close()
        except (urllib3.exceptions.HTTPError, OSError):
            return

    def get(
        self, path: str, *, kind: Kind | None = None, timeout: float | None = None, limit: BodyLimit = OBJECT
    ) -> bytes:
        """The whole body of a GET. Raises `RequestFailed`."""
        with self.open(path, {}, verb="get", kind=kind, read_timeout=timeout) as response:
            return self.read_body(response, limit)

    def _reason_in(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """What an answer says of why it failed; empty where that is no short text."""
        try:
            return self.read_body(response, ERROR)
        except RequestFailed:
            return b""

    def read_body(self, response: urllib3.BaseHTTPResponse, limit: BodyLimit) -> bytes:
        """The whole body of an answer. Raises `RequestFailed` where it is larger or slower than the limit."""
        return read_body(response, limit, may_be_gzip=self._gzip)

    def websocket(self, path: str, query: list[tuple[str, str]]) -> Any:
        """A WebSocket to a pod's subresource. 401 refreshes the credentials once. Raises `RequestFailed`."""
        generation = self._generation
        try:
            return self._websocket(path, query)
        except RequestFailed as error:
            if error.code != 401:
                raise
        self.refresh(generation)
        return self._websocket(path, query)

    def _websocket(self, path: str, query: list[tuple[str, str]]) -> Any:
        import websocket  # noqa: PLC0415  (only where a controller pod is read)

        self._count(Kind.NGINX_CONF, "exec")
        _log.debug("exec %s", path)
        websocket.setdefaulttimeout(CONNECT_TIMEOUT)
        try:
            return self._access.websocket(f"{quote(path)}?{urlencode(query)}", EXEC_PROTOCOL)
        except websocket.WebSocketBadStatusException as error:
            body = getattr(error, "resp_body", None) or b""
            raise failure_of(int(error.status_code or 0), body) from None
        except (websocket.WebSocketException, OSError) as error:
            raise RequestFailed(0, describe(error, self.server), is_unanswered=True) from None

    def break_connections(self) -> None:
        """End every request that is under way, as a network that went away does: whoever reads one asks again."""
        with self._lock:
            waiting = list(self._open)
        for response in waiting:
            _interrupt(response)

    def close(self) -> None:
        """End every request at once, so that no thread goes on waiting for bytes."""
        self._is_closed = True
        self.break_connections()


def _interrupt(response: urllib3.BaseHTTPResponse) -> None:
    shutdown: Callable[[], None] | None = getattr(response, "shutdown", None)
    try:
        if shutdown is not None:
            shutdown()
    except (urllib3.exceptions.HTTPError, OSError, ValueError):
        return


def resource_kinds(with_endpoints: bool) -> list[Kind]:
    """The kinds that are listed and watched by themselves."""
    apart = {Kind.CONFIG_MAP, Kind.EVENT, Kind.NGINX_CONF} | (set() if with_endpoints else {Kind.ENDPOINTS})
    return [kind for kind in Kind if kind not in apart]
