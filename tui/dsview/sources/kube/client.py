"""The one place that uses the official client: credentials, TLS, proxies, connections. Bytes come out of it.

Its models, its watch and its informers are not used (design: 20 times slower). Imported after the first frame.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import kubernetes
import kubernetes.client
import kubernetes.config
import urllib3
from kubernetes.config import exec_provider

from dsview import __version__
from dsview.model.kinds import Kind
from dsview.sources.events import SourceError
from dsview.sources.kube.config import ResolvedContext
from dsview.sources.kube.errors import RequestFailed, describe, describe_config, failure_of
from dsview.sources.secrets import remember

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0
PLUGIN_TIMEOUT = 60.0
"""Seconds that a credential plug-in may take; every request waits for it meanwhile."""

REFRESH_AT_MOST_EVERY = 10.0
REFRESH_AT_LEAST_EVERY = 300.0
"""Seconds between two refreshes of credentials: the first after one that helped, doubling up to the second where none
helps. A plug-in may open a browser each time."""

_BODY_LIMIT = 1 << 20

for _name in ("kubernetes", "urllib3", "websocket"):
    # They must never write on the terminal that a screen is drawn on; a log file has its own handler.
    logging.getLogger(_name).addHandler(logging.NullHandler())


class _Plugin(subprocess.Popen[str]):
    """A credential plug-in. It never gets the terminal, a screen is drawn there: what it says is put in the message."""

    def __init__(self, arguments: Any, **options: Any) -> None:
        options |= {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "start_new_session": True}
        super().__init__(arguments, **options)  # the user's own kubeconfig names it

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:  # noqa: A002  (the base class names it so)
        """What it wrote. Raises `ConfigException` where it takes too long."""
        try:
            return super().communicate(input, timeout or PLUGIN_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            raise kubernetes.config.ConfigException(
                f"the credential plug-in took longer than {PLUGIN_TIMEOUT:g} s"
            ) from None


_provider: Any = exec_provider
_provider.subprocess = SimpleNamespace(Popen=_Plugin, PIPE=subprocess.PIPE)
_provider.sys = SimpleNamespace(stdout=None, stderr=None, stdin=None, platform=sys.platform)
_config: Any = kubernetes.config


@contextmanager
def _said_by_the_client() -> Iterator[list[str]]:
    """What the client logs as an error meanwhile, on this thread."""
    said: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.addFilter(lambda record: record.thread == threading.get_ident())
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]  # a handler of one line
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield said
    finally:
        root.removeHandler(handler)


class Client:
    """Raw requests to one API server. Used by many threads.

    Raises `SourceError` where the credentials cannot be loaded at first.
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
        self._configuration = kubernetes.client.Configuration()
        try:
            self._load()
        except Exception as error:  # noqa: BLE001  (the client raises anything from KeyError to its own)
            raise SourceError(describe_config(error)) from None
        self._configuration.connection_pool_maxsize = connections
        self._configuration.retries = False
        if hasattr(self._configuration, "keep_alive"):
            self._configuration.keep_alive = True
        self._api = self._new_api()

    def _new_api(self) -> Any:
        api = kubernetes.client.ApiClient(self._configuration)
        api.user_agent = f"dsview/{__version__}"
        return api

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return str(self._configuration.host)

    def _load(self) -> None:
        config = self._context.config
        if config is None:
            _config.load_incluster_config(client_configuration=self._configuration)
            remember(self._configuration.api_key.values())
        else:
            with _said_by_the_client() as said:
                _config.load_kube_config_from_dict(
                    config, client_configuration=self._configuration, persist_config=False
                )
            remember(self._configuration.api_key.values())
            # A plug-in that fails is only logged by the client, which then goes on without credentials.
            has_plugin = any("exec" in (user.get("user") or {}) for user in config["users"])
            if has_plugin and said:
                raise kubernetes.config.ConfigException(" ".join(said))
            if has_plugin and not self._configuration.api_key and not self._configuration.cert_file:
                raise kubernetes.config.ConfigException("the credential plug-in gave no credentials")
        # The client's own hook would run an expired plug-in in every thread at once; 401 leads to `refresh` instead.
        self._configuration.refresh_api_key_hook = None

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
                    self._load()
                except Exception as error:  # noqa: BLE001  (as above)
                    self._problem = describe_config(error)
                else:
                    self._problem = ""
                    self._generation += 1
                    # Certificates are read when connections are made: those of now belong to the old credentials.
                    self._api = self._new_api()
                self._refresh_from = time.monotonic() + self._refresh_pause
                self._refresh_pause = min(self._refresh_pause * 2, REFRESH_AT_LEAST_EVERY)
            if self._problem:
                raise RequestFailed(401, self._problem, "Unauthorized")

    @contextmanager
    def open(
        self, path: str, query: Mapping[str, str], *, verb: str, kind: Kind | None, read_timeout: float | None = None
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """A GET whose body is still to be read. 401 refreshes the credentials once.

        Raises `RequestFailed` for any other answer than 200, or where there is none.
        """
        generation = self._generation
        self._count(kind, verb)
        response = self._get(path, query, verb, read_timeout)
        if response.status == 401:
            self._discard(response)
            self.refresh(generation)
            self._count(kind, verb)
            generation = self._generation
            response = self._get(path, query, verb, read_timeout)
        try:
            if response.status != 200:
                body = response.read(_BODY_LIMIT, decode_content=True) or b""
                raise failure_of(response.status, body, response.headers.get("Retry-After"))
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
        self, path: str, query: Mapping[str, str], verb: str, read_timeout: float | None
    ) -> urllib3.BaseHTTPResponse:
        if self._is_closed:
            raise RequestFailed(0, "dsview is leaving.")
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip" if self._gzip else "identity"}
        try:
            request = self._api.param_serialize(
                "GET", path, query_params=list(query.items()), header_params=headers, auth_settings=["BearerToken"]
            )
            method, url, header_params, *_ = request
            answer = self._api.call_api(
                method, url, header_params=header_params, _request_timeout=(CONNECT_TIMEOUT, read_timeout)
            )
        except (urllib3.exceptions.HTTPError, kubernetes.client.ApiException, OSError, ValueError) as error:
            # The client makes an ApiException of a certificate that cannot be trusted, of anything else none.
            raise RequestFailed(0, describe(error, self.server), is_unanswered=True) from None
        response: urllib3.BaseHTTPResponse = answer.response
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

    def get(self, path: str, *, kind: Kind | None = None, timeout: float | None = None) -> bytes:
        """The whole body of a GET. Raises `RequestFailed`."""
        with self.open(path, {}, verb="get", kind=kind, read_timeout=timeout) as response:
            return response.read(decode_content=True) or b""

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
        from kubernetes.stream import ws_client as untyped  # noqa: PLC0415

        ws_client: Any = untyped

        self._count(Kind.NGINX_CONF, "exec")
        _log.debug("exec %s", path)
        websocket.setdefaulttimeout(CONNECT_TIMEOUT)
        request = self._api.param_serialize("GET", path, auth_settings=["BearerToken"], header_params={})
        headers = {name.lower(): value for name, value in request[2].items()}
        headers["sec-websocket-protocol"] = ws_client.V4_CHANNEL_PROTOCOL
        url = ws_client.get_websocket_url(request[1], query)
        try:
            return ws_client.create_websocket(self._configuration, url, headers)
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
