"""Access to an API server: its URL, a pool of connections, and the headers that authenticate the user.

Most kubeconfigs (a token, a certificate, or neither) need only urllib3. The official client, which takes a quarter of a
second and 16 MB to import, is used for everything else: `official_client.py`.
"""

from __future__ import annotations

import base64
import binascii
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlsplit
from urllib.request import getproxies

import msgspec
import urllib3
from urllib3 import HTTPHeaderDict
from urllib3.util.ssl_ import create_urllib3_context

from dsview.core.secrets import register_secrets
from dsview.sources.bounded_files import CERTIFICATES, TOKEN, read_bounded, read_text_bounded
from dsview.sources.kube.kubeconfig import ResolvedContext
from dsview.sources.kube.unnamed_files import unnamed_file

_NEEDS_OFFICIAL_CLIENT = ("exec", "auth-provider", "username")
"""The fields of a kubeconfig's user that need the official client."""

_KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPALIVE", 30), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 9))
"""Seconds and counts of client-go's keepalive probes, for the options that the system supports. Without probes, a dead
peer is not noticed.
"""


class ApiTransport(Protocol):
    """Access to one API server, with the current credentials. Thread-safe."""

    @property
    def server(self) -> str:
        """The URL of the API server, without a trailing slash."""

    @property
    def pool(self) -> urllib3.PoolManager:
        """The pool of connections."""

    @property
    def headers(self) -> HTTPHeaderDict:
        """The headers that authenticate every request."""


class DirectTransport(msgspec.Struct, frozen=True, kw_only=True):
    """Access with the credentials in the kubeconfig itself."""

    server: str
    pool: urllib3.PoolManager
    headers: HTTPHeaderDict


def keepalive() -> list[tuple[int, int, int]]:
    """Socket options: those of urllib3, and keepalive probes of idle connections."""
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    known = [(getattr(socket, name), value) for name, value in _KEEPALIVE if hasattr(socket, name)]
    return options + [(socket.IPPROTO_TCP, option, value) for option, value in known]


def direct_transport(context: ResolvedContext, *, connections: int) -> DirectTransport | None:
    """Access with the credentials in the kubeconfig itself; None if the official client is needed.

    Raises `OSError` for files that cannot be read, `ssl.SSLError` and `ValueError` for invalid content.
    """
    if context.config is None:
        return None
    cluster: dict[str, Any] = context.config["clusters"][0]["cluster"]
    users = [entry["user"] for entry in context.config["users"]]
    user: dict[str, Any] = users[0] if users else {}
    server = context.server.rstrip("/")
    if any(key in user for key in _NEEDS_OFFICIAL_CLIENT) or cluster.get("proxy-url") or _has_proxy(server):
        if user.get("as"):
            raise ValueError("dsview supports `as` only with a token or a certificate, and without a proxy")
        return None
    options: dict[str, Any] = {"maxsize": connections, "retries": False, "socket_options": keepalive()}
    if server.startswith("https"):
        tls = _tls(cluster, user)
        name = str(cluster["tls-server-name"]) if cluster.get("tls-server-name") else None
        options |= {"ssl_context": tls, "cert_reqs": tls.verify_mode, "server_hostname": name}
    token = _token(user)
    headers = HTTPHeaderDict({"authorization": f"Bearer {token}"} if token else {})
    register_secrets(headers.values())
    headers.extend(_impersonation(user))
    return DirectTransport(server=server, pool=urllib3.PoolManager(**options), headers=headers)


def _impersonation(user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The headers for impersonation, as client-go sends them."""
    if not user.get("as"):
        return
    yield "Impersonate-User", str(user["as"])
    if user.get("as-uid"):
        yield "Impersonate-Uid", str(user["as-uid"])
    groups, extra = user.get("as-groups") or [], user.get("as-user-extra") or {}
    if not isinstance(groups, list) or not isinstance(extra, dict):
        raise ValueError("as-groups must be a list, and as-user-extra a table of lists")
    for group in groups:
        yield "Impersonate-Group", str(group)
    for key, values in extra.items():
        if not isinstance(values, list):
            raise ValueError("as-groups must be a list, and as-user-extra a table of lists")
        for value in values:
            yield f"Impersonate-Extra-{quote(str(key), safe='').lower()}", str(value)


def _has_proxy(server: str) -> bool:
    proxies = getproxies()
    return bool({urlsplit(server).scheme, "all"} & proxies.keys())


def _token(user: dict[str, Any]) -> str:
    """The token as in client-go: the one in the file, which may have been renewed, takes precedence over the user's."""
    token, path = str(user.get("token") or ""), user.get("tokenFile")
    if not path:
        return token
    try:
        return read_text_bounded(str(path), TOKEN).strip() or token
    except OSError:
        if token:
            return token
        raise


def _tls(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    context = create_urllib3_context()
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif data := cluster.get("certificate-authority-data"):
        context.load_verify_locations(cadata=_decoded(data).decode("ascii"))
    elif path := cluster.get("certificate-authority"):
        # OpenSSL would read the named file without a limit.
        read_bounded(str(path), CERTIFICATES)
        context.load_verify_locations(cafile=str(path))
    else:
        context.load_default_certs()
    certificate, key = _material(user, "client-certificate"), _material(user, "client-key")
    if certificate:
        _load_pair(context, certificate, key)
    return context


def _material(entry: dict[str, Any], name: str) -> bytes:
    """A PEM of the user: from data, otherwise from the named file."""
    if data := entry.get(f"{name}-data"):
        return _decoded(data)
    return read_bounded(str(entry[name]), CERTIFICATES) if entry.get(name) else b""


def _decoded(data: object) -> bytes:
    try:
        return base64.b64decode(str(data))
    except binascii.Error as error:
        raise ValueError(f"data of a certificate or key is not base64 ({error})") from None


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    # The certificate's file may also contain the key.
    with unnamed_file(certificate) as certificate_file, unnamed_file(key or certificate) as key_file:
        # OpenSSL would ask for a password on the terminal, which shows the screen.
        context.load_cert_chain(certificate_file, key_file, password="")
