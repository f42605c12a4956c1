"""A session on a hostile server: the messages it shows, the memory it uses, and whether it recovers."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dsview.core.errors import UserError
from dsview.core.listen import ListenSource
from dsview.kinds.kind import Kind
from tests.support.driven import Driven

_KINDS = {"list": Kind.ENDPOINT_SLICE, "streaming list": Kind.NODE, "watch": Kind.SERVICE, "every kind": Kind.NODE}
_MB = 1 << 20


class Memory:
    """The peak resident memory of this process, relative to its start."""

    def __init__(self) -> None:
        self._start = self.peak = _resident()
        self._is_over = threading.Event()

    @property
    def growth(self) -> float:
        """The growth in MB."""
        return (self.peak - self._start) / _MB

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Sample memory every few milliseconds within the block."""
        thread = threading.Thread(target=self._sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _sample(self) -> None:
        while not self._is_over.wait(0.004):
            self.peak = max(self.peak, _resident())


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def reported_message(live: Driven, request: str) -> str:
    """The message that users see about a failing type of request; empty if it works."""
    state = live.session.state
    if request in _KINDS:
        return live.reason(_KINDS[request])
    if request == "version":
        return "" if state.server.version else "not known"
    if request == "exec":
        confs = list(state.proxy_listeners)
        return "; ".join(conf.reason for conf in confs if conf.source is not ListenSource.READ)
    try:
        live.session.read_manifest(Kind.POD, next(iter(state.pods)).key)
    except UserError as error:
        return str(error)
    return ""


def has_recovered(live: Driven, request: str) -> bool:
    """Whether a type of request works again, as far as `Live.assert_recovers` does not check it."""
    if request == "exec":
        confs = list(live.session.state.proxy_listeners)
        return bool(confs) and all(conf.source is ListenSource.READ for conf in confs)
    return request in _KINDS or not reported_message(live, request)
