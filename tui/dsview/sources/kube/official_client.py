"""The official client, for what it is good at: exec plug-ins, auth providers, proxies, the service account of a pod.

The one place that imports it. Its models, its watch and its informers are not used.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import kubernetes
import kubernetes.client
import kubernetes.config
import urllib3
from kubernetes.config import exec_provider

from dsview.core.secrets import remember
from dsview.sources.kube.kubeconfig import ResolvedContext, check_files

PLUGIN_TIMEOUT = 60.0
"""Seconds that a credential plug-in may take; every request waits for it meanwhile."""

for _name in ("kubernetes", "websocket"):
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


class OfficialTransport:
    """Access with the credentials that the official client found.

    Raises whatever the client does, from `KeyError` to its own `ConfigException`.
    """

    def __init__(self, context: ResolvedContext, *, connections: int) -> None:
        self._configuration = kubernetes.client.Configuration()
        self._load(context)
        remember(self._configuration.api_key.values())
        self._configuration.connection_pool_maxsize = connections
        self._configuration.retries = False
        self._configuration.keep_alive = True
        # The client's own hook would run an expired plug-in in every thread at once; 401 leads to a new access instead.
        self._configuration.refresh_api_key_hook = None
        self._api = kubernetes.client.ApiClient(self._configuration)
        headers: dict[str, str] = {}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], "", "GET", None)
        self.headers = urllib3.HTTPHeaderDict(headers)

    def _load(self, context: ResolvedContext) -> None:
        config = context.config
        if config is None:
            _config.load_incluster_config(client_configuration=self._configuration)
            return
        # The client reads whatever the names lead to, without end.
        check_files(config)
        with _said_by_the_client() as said:
            _config.load_kube_config_from_dict(config, client_configuration=self._configuration, persist_config=False)
        # A plug-in that fails is only logged by the client, which then goes on without credentials.
        has_plugin = any("exec" in (user.get("user") or {}) for user in config["users"])
        if has_plugin and said:
            raise kubernetes.config.ConfigException(" ".join(said))
        if has_plugin and not self._configuration.api_key and not self._configuration.cert_file:
            raise kubernetes.config.ConfigException("the credential plug-in gave no credentials")

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return str(self._configuration.host)

    @property
    def pool(self) -> urllib3.PoolManager:
        """The client's own connections: through its proxy, with its certificates."""
        pool: urllib3.PoolManager = self._api.rest_client.pool_manager
        return pool
