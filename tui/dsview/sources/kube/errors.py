"""Errors between dsview and the API server, as sentences with the cause and a remedy."""

from __future__ import annotations

import contextlib
import re
import ssl
from typing import Self

import msgspec

from dsview.core.secrets import without_secrets
from dsview.core.text import safe

_LIMIT = 300


class Status(msgspec.Struct):
    """The fields of a metav1.Status that errors need."""

    message: str = ""
    reason: str = ""
    code: int = 0


_PLAIN_TO_TLS = b"HTTP request to an HTTPS server"
"""Part of a response of Go's HTTP server, with status 400."""

_status_decoder = msgspec.json.Decoder(Status)


class RequestFailed(Exception):  # noqa: N818  (the field says "failed")
    """The server did not return what was requested.

    The message is a sentence. `retry_after` is in seconds, 0 if the server did not specify it. `is_unanswered` means
    that not even the start of a response arrived.
    """

    def __init__(
        self, code: int, message: str, reason: str = "", retry_after: float = 0.0, *, is_unanswered: bool = False
    ) -> None:
        super().__init__(message)
        self.is_unanswered = is_unanswered
        self.code = code
        self.reason = reason
        self.retry_after = retry_after

    def without_frames(self) -> Self:
        """The same error without its stack frames, which would keep the data that was read in memory."""
        self.__traceback__ = self.__context__ = self.__cause__ = None
        return self


class TooLarge(RequestFailed):
    """A response exceeds the limit on bytes or objects."""

    def __init__(self, message: str) -> None:
        super().__init__(0, message)


def failure_of(code: int, body: bytes, retry_after: str | None = None) -> RequestFailed:
    """The error in an HTTP response: the message of a Status, or only the code if it is something else (HTML)."""
    status = Status()
    with contextlib.suppress(msgspec.MsgspecError, RecursionError):
        status = _status_decoder.decode(body)
    if code == 401:
        text = "The API server does not accept the credentials (401). Log in again, or look at the context's user."
    elif _PLAIN_TO_TLS in body:
        text = "The API server uses TLS on that port, but the kubeconfig has http://."
    elif status.message:
        text = status.message
    else:
        text = f"The API server, or a proxy before it, returned the status {code}."
    seconds = float(retry_after) if retry_after and re.fullmatch(r"\d{1,6}", retry_after) else 0.0
    return RequestFailed(code, safe(without_secrets(text)[:_LIMIT]), status.reason, seconds)


def _chain(error: BaseException) -> list[BaseException]:
    """An error and the errors that it wraps, outermost first."""
    chain: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None or current in chain or len(chain) > 12:
            continue
        chain.append(current)
        pending += [current.__cause__, current.__context__, getattr(current, "reason", None)]
        pending = [e for e in pending if isinstance(e, BaseException)]
        pending += [arg for arg in current.args if isinstance(arg, BaseException)]
    return chain


_TLS = (
    ("certificate has expired", "its certificate has expired"),
    ("not yet valid", "its certificate is not valid yet; look at the clock"),
    ("hostname mismatch", "its certificate is for another name"),
    ("ip address mismatch", "its certificate is for another address"),
    ("doesn't match", "its certificate is for another name"),
    ("self-signed", "its certificate is signed by an authority that the kubeconfig does not name"),
    ("self signed", "its certificate is signed by an authority that the kubeconfig does not name"),
    ("unable to get local issuer", "its certificate is signed by an authority that the kubeconfig does not name"),
    ("wrong version number", "it does not speak TLS on that port"),
)


def describe(error: BaseException, server: str) -> str:
    """A sentence for a failed connection."""
    chain = _chain(error)
    texts = " ".join(str(e) for e in chain).lower()
    names = {type(e).__name__ for e in chain}
    host = server or "the API server"
    if any(isinstance(e, ssl.SSLError) for e in chain) or "SSLError" in names or "certificate" in texts:
        for mark, sentence in _TLS:
            if mark in texts:
                return safe(f"{host} cannot be trusted: {sentence}.")
        return safe(f"{host}: the TLS connection failed ({without_secrets(str(chain[-1]))[:120]}).")
    if isinstance(error, ValueError) and "header value" in texts:
        return safe(
            f"The credentials for {host} contain a character that is not allowed in a header, such as a line feed."
        )
    is_unresolved = bool({"NameResolutionError", "gaierror"} & names)
    if "ProxyError" in names:
        problem = "cannot be resolved" if is_unresolved else "refused the connection"
        return safe(f"The proxy on the way to {host} {problem}. Look at HTTPS_PROXY and proxy-url.")
    if is_unresolved:
        return safe(f"The name of {host} cannot be resolved. Look at DNS, or at the server in the kubeconfig.")
    if any(isinstance(e, ConnectionRefusedError) for e in chain) or "connection refused" in texts:
        return safe(f"{host} refuses the connection. Is the API server running?")
    if any(isinstance(e, TimeoutError) for e in chain) or "timed out" in texts or "ConnectTimeoutError" in names:
        return safe(f"{host} does not answer.")
    if any(isinstance(e, ConnectionError) for e in chain) or {"ProtocolError", "IncompleteRead"} & names:
        return safe(f"The connection to {host} broke.")
    if "unreachable" in texts:
        return safe(f"There is no route to {host}.")
    return safe(f"{host}: {type(error).__name__}: {without_secrets(str(error))[:_LIMIT]}")


def describe_config(error: BaseException) -> str:
    """A sentence for credentials that could not be loaded."""
    if isinstance(error, FileNotFoundError):
        return safe(
            f"{error.filename} was not found. It is the credential plug-in or a file that the kubeconfig names."
        )
    if isinstance(error, PermissionError):
        return safe(f"{error.filename} may not be read or run. It is named in the kubeconfig.")
    text = without_secrets(" ".join(str(error).split()))
    return safe(f"The credentials of the kubeconfig cannot be used: {text[:_LIMIT]}")
