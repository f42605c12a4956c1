"""Parses the configuration files of proxies. Replicas with the same text are parsed once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from concurrent.futures import Future
from threading import Lock
from typing import Final

import msgspec

from dsview.core.listen import Listener, ListenSource, ProxyListeners
from dsview.kinds.pod import Pod
from dsview.listeners.nginx_conf.directives import listeners_of
from dsview.listeners.nginx_conf.dumped_files import MAX_BYTES, joined
from dsview.listeners.nginx_conf.grammar import UnreadConf
from dsview.listeners.nginx_conf.subprocess_parser import ParserFailed, parse_in_subprocess

IN_THREAD_BYTES: Final = 256 * 1024
"""Files up to this size are parsed in the process that reads them, in 0.1 s or less; larger ones in another process."""


class ParseResult(msgspec.Struct, frozen=True):
    """The result of parsing a text: listeners, or the reason why they are unknown."""

    listeners: tuple[Listener, ...] = ()
    unread: str = ""


class ResultCache:
    """The last `limit` results by digest of the text. Threads that request the same result share its computation."""

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._lock = Lock()
        self._results: OrderedDict[str, Future[ParseResult]] = OrderedDict()

    def of(self, digest: str, text: bytes) -> ParseResult:
        """The result for a text, cached or new. Blocks while it is being computed."""
        with self._lock:
            future = self._results.get(digest)
            is_new = future is None
            if future is None:
                future = self._results[digest] = Future()
                if len(self._results) > self._limit:
                    self._results.popitem(last=False)
            self._results.move_to_end(digest)
        if is_new:
            self._compute(future, digest, text)
        return future.result()

    def _compute(self, future: Future[ParseResult], digest: str, text: bytes) -> None:
        try:
            future.set_result(ParseResult(listeners=parse_conf(text)))
        except UnreadConf as error:
            if isinstance(error, ParserFailed):
                self._forget(digest)
            future.set_result(ParseResult(unread=str(error)))
        except BaseException as error:
            self._forget(digest)
            future.set_exception(error)
            raise

    def _forget(self, digest: str) -> None:
        with self._lock:
            self._results.pop(digest, None)


_RESULTS: Final = ResultCache()


def parse_conf(text: bytes) -> tuple[Listener, ...]:
    """The sockets of an nginx.conf, in order of first appearance, each with the options of all servers that share it.

    Names and options are text from nginx, which must pass `core.text.safe` before it is printed.

    Raises:
        UnreadConf: The sockets are unknown; the message says why.
    """
    if len(text) > MAX_BYTES:
        raise UnreadConf(f"it is larger than {MAX_BYTES // 1024 // 1024} MB")
    try:
        if len(text) > IN_THREAD_BYTES:
            return parse_in_subprocess(text)
        # A short file may include another one many times.
        text = joined(text)
        return listeners_of(text) if len(text) <= IN_THREAD_BYTES else parse_in_subprocess(text)
    except OSError as error:
        raise ParserFailed(f"no private copy of it could be made: {error.strerror}") from None


def read_conf(pod: Pod, text: bytes) -> ProxyListeners:
    """The listeners of a controller pod whose nginx.conf is `text`. Never raises because of the contents.

    Blocks while the text is parsed, so call it in a thread. The same text is parsed once.
    """
    digest = hashlib.sha256(text).hexdigest()
    result = _RESULTS.of(digest, text)
    return ProxyListeners(
        namespace=pod.namespace or "",
        name=pod.name,
        source=ListenSource.UNREAD if result.unread else ListenSource.READ,
        listeners=result.listeners,
        reason=f"nginx.conf could not be parsed: {result.unread}." if result.unread else "",
        digest=digest,
        text=text,
    )
