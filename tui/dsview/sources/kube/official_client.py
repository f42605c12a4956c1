"""The official client, used for exec plug-ins, auth providers, proxies and the service account of a pod.

Only this module imports it. Its models, watch and informers are not used.
"""

from __future__ import annotations

import logging
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import kubernetes
import kubernetes.client
import kubernetes.config
import urllib3
from kubernetes.config import exec_provider
from urllib3.util.ssl_ import create_urllib3_context

from dsview.core.secrets import register_secrets
from dsview.sources.bounded_files import CERTIFICATES, read_bounded
from dsview.sources.kube.credential_plugin import CredentialPlugin
from dsview.sources.kube.kubeconfig import ResolvedContext, check_files
from dsview.sources.kube.unnamed_files import unnamed_file

for _name in ("kubernetes", "websocket"):
    # They must never write to the terminal, which shows the screen; a log file has its own handler.
    logging.getLogger(_name).addHandler(logging.NullHandler())


_provider: Any = exec_provider
_provider.subprocess = SimpleNamespace(Popen=CredentialPlugin, PIPE=subprocess.PIPE)
_provider.sys = SimpleNamespace(stdout=None, stderr=None, stdin=None, platform=sys.platform)
_config: Any = kubernetes.config


_client_config: Any = kubernetes.config.kube_config
_loading = threading.Lock()
"""The client caches its temporary files for the whole process, so only one context may be loaded at a time."""


@contextmanager
def _unnamed_temporary_files() -> Iterator[None]:
    """Give the client's temporary files, which may contain a key, no name on disk, and remove them afterwards."""
    with _loading, ExitStack() as files:

        def make(content: str | bytes, *_: object, **__: object) -> str:
            return files.enter_context(unnamed_file(content.encode() if isinstance(content, str) else content))

        original = _client_config._create_temp_file_with_content
        _client_config._create_temp_file_with_content = make
        try:
            yield
        finally:
            _client_config._create_temp_file_with_content = original


@contextmanager
def _client_errors() -> Iterator[list[str]]:
    """The errors that the client logs on this thread while the context is active."""
    errors: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.addFilter(lambda record: record.thread == threading.get_ident())
    handler.emit = lambda record: errors.append(record.getMessage())  # type: ignore[method-assign]  # a handler of one line
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield errors
    finally:
        root.removeHandler(handler)


class OfficialTransport:
    """Access with the credentials that the official client found.

    Raises any exception of the client, from `KeyError` to its own `ConfigException`.
    """

    def __init__(self, context: ResolvedContext, *, connections: int) -> None:
        self._configuration = kubernetes.client.Configuration()
        with _unnamed_temporary_files():
            self._load(context)
            tls = self._tls_context()
        register_secrets(self._configuration.api_key.values())
        self._configuration.connection_pool_maxsize = connections
        self._configuration.retries = False
        self._configuration.keep_alive = True
        # The client's own hook would run the plug-in in every thread at once when a token expires. Instead, a 401
        # creates a new transport.
        self._configuration.refresh_api_key_hook = None
        self._api = kubernetes.client.ApiClient(self._configuration)
        self.pool: urllib3.PoolManager = self._api.rest_client.pool_manager
        """The client's own connections, with its proxy and its certificates."""
        options = self.pool.connection_pool_kw
        for name in ("ca_certs", "cert_file", "key_file", "ca_cert_data"):
            options.pop(name, None)
        options["ssl_context"] = tls
        headers: dict[str, str] = {}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], "", "GET", None)
        self.headers = urllib3.HTTPHeaderDict(headers)

    def _load(self, context: ResolvedContext) -> None:
        config = context.config
        if config is None:
            _config.load_incluster_config(client_configuration=self._configuration)
            return
        # The client reads named files without a limit.
        check_files(config)
        with _client_errors() as errors:
            _config.load_kube_config_from_dict(config, client_configuration=self._configuration, persist_config=False)
        # The client only logs a failed plug-in, and then continues without credentials.
        has_plugin = any("exec" in (user.get("user") or {}) for user in config["users"])
        if has_plugin and errors:
            raise kubernetes.config.ConfigException(" ".join(errors))
        if has_plugin and not self._configuration.api_key and not self._configuration.cert_file:
            raise kubernetes.config.ConfigException("the credential plug-in returned no credentials")

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return str(self._configuration.host)

    def _tls_context(self) -> ssl.SSLContext:
        """The certificates that the client found, read once, because their files are removed afterwards."""
        configuration: Any = self._configuration
        authorities = configuration.ca_cert_data
        if configuration.ssl_ca_cert:
            authorities = read_bounded(configuration.ssl_ca_cert, CERTIFICATES).decode("ascii", "ignore")
        context = _verifying(authorities) if configuration.verify_ssl else _trusting()
        if configuration.cert_file:
            # OpenSSL would ask for a password on the terminal, which shows the screen.
            context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
        if configuration.proxy and configuration.proxy_ssl_context is None:
            # A proxy is verified in the same way, but does not receive the client certificate.
            configuration.proxy_ssl_context = _verifying(authorities) if configuration.verify_ssl else _trusting()
        return context


def _verifying(authorities: str | None) -> ssl.SSLContext:
    context = create_urllib3_context()
    context.verify_mode = ssl.CERT_REQUIRED
    if authorities:
        context.load_verify_locations(cadata=authorities)
    else:
        context.load_default_certs()
    return context


def _trusting() -> ssl.SSLContext:
    context = create_urllib3_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
