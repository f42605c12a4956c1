"""A session on a hostile server: what it says meanwhile, what it takes, and how it comes back."""

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
    """The most memory that this process had, in MB above what it had at the start."""

    def __init__(self) -> None:
        self._start = self.most = _resident()
        self._is_over = threading.Event()

    @property
    def grown(self) -> float:
        """MB above the start."""
        return (self.most - self._start) / _MB

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look every few milliseconds meanwhile."""
        thread = threading.Thread(target=self._look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.004):
            self.most = max(self.most, _resident())


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def said(one: Driven, way: str) -> str:
    """What a person reads of what is wrong on a way; empty where nothing is."""
    state = one.session.state
    if way in _KINDS:
        return one.reason(_KINDS[way])
    if way == "version":
        return "" if state.server.version else "not known"
    if way == "exec":
        confs = list(state.proxy_listeners)
        return "; ".join(conf.reason for conf in confs if conf.source is not ListenSource.READ)
    try:
        one.session.read_manifest(Kind.POD, next(iter(state.pods)).key)
    except UserError as error:
        return str(error)
    return ""


def is_well(one: Driven, way: str) -> bool:
    """Whether nothing is wrong on a way, as far as `Live.ends_well` does not say that."""
    if way == "exec":
        confs = list(one.session.state.proxy_listeners)
        return bool(confs) and all(conf.source is ListenSource.READ for conf in confs)
    return way in _KINDS or not said(one, way)
