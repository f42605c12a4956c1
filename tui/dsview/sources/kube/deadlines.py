"""Breaks connections that exceed their total time.

A socket timeout restarts with each byte: a server that sends one byte a second would block a thread forever, in the
header of a response, in the size of a chunk or after the last chunk, where no code of dsview runs.
"""

from __future__ import annotations

import http.client
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import urllib3

from dsview.sources.kube.limits import READ_SIZE

DEFAULT_TIMEOUT = 60.0
"""Seconds for a connection that specifies no timeout."""


class Deadline:
    """The time at which a connection is broken, on the clock of its `Deadlines`; never until `within` is called."""

    __slots__ = ("_clock", "has_passed", "interrupt", "until")

    def __init__(self, clock: Callable[[], float], interrupt: Callable[[], None]) -> None:
        self._clock = clock
        self.interrupt = interrupt
        self.until = math.inf
        self.has_passed = False
        """Whether the connection was broken by its deadline."""

    def within(self, seconds: float) -> None:
        """Break it after this number of seconds."""
        self.until = self._clock() + seconds


class Deadlines:
    """The connections of one client. Thread-safe; `enforce` must be called regularly."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: set[Deadline] = set()

    def add(self, interrupt: Callable[[], None]) -> Deadline:
        """Add a connection, which `interrupt` breaks from any thread."""
        deadline = Deadline(self._clock, interrupt)
        with self._lock:
            self._open.add(deadline)
        return deadline

    def discard(self, deadline: Deadline) -> None:
        """Remove a connection."""
        with self._lock:
            self._open.discard(deadline)

    def enforce(self) -> None:
        """Break the connections that are past their deadline."""
        now = self._clock()
        with self._lock:
            overdue = [deadline for deadline in self._open if deadline.until <= now]
        for deadline in overdue:
            deadline.has_passed = True
            _break(deadline)

    def break_all(self) -> None:
        """Break all connections."""
        with self._lock:
            everything = list(self._open)
        for deadline in everything:
            _break(deadline)

    def apply_to(self, pool: urllib3.PoolManager) -> None:
        """Limit the time that the connections of a pool take to connect, and to read the header of each response."""
        classes: Any = pool.pool_classes_by_scheme
        pool.pool_classes_by_scheme = {scheme: self._bounded(each) for scheme, each in classes.items()}

    def _bounded(self, pool: Any) -> Any:
        connection = pool.ConnectionCls
        if issubclass(connection, _Bounded):
            return pool
        bounded = type(connection.__name__, (_Bounded, connection), {"deadlines": self})
        return type(pool.__name__, (pool,), {"ConnectionCls": bounded})


def _break(deadline: Deadline) -> None:
    try:
        deadline.interrupt()
    except (urllib3.exceptions.HTTPError, OSError, ValueError):
        # It has already ended.
        return


class _LargeReadResponse(http.client.HTTPResponse):
    """Buffers as much of the socket as its callers read at once, so an event usually arrives in one read."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        larger: Any = sock.makefile("rb", READ_SIZE)
        self.fp = larger


class _Bounded:
    """A mixin for urllib3's connections: each timeout applies to a whole step instead of a single read."""

    response_class = _LargeReadResponse
    deadlines: Deadlines
    sock: Any
    timeout: Any

    def connect(self) -> None:
        """Connect, which includes reading the response of a proxy."""
        with self._bounded():
            super().connect()  # type: ignore[misc]  # of the class that this is mixed into

    def getresponse(self) -> Any:
        """Read the header of a response."""
        with self._bounded():
            return super().getresponse()  # type: ignore[misc]  # as above

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        deadline = self.deadlines.add(self._interrupt)
        deadline.within(self.timeout if isinstance(self.timeout, int | float) else DEFAULT_TIMEOUT)
        try:
            yield
        except (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError):
            if not deadline.has_passed:
                raise
        finally:
            self.deadlines.discard(deadline)
        # A truncated header may look complete.
        if deadline.has_passed:
            raise TimeoutError("the response did not arrive in time")

    def _interrupt(self) -> None:
        if self.sock is not None:
            self.sock.shutdown(socket.SHUT_RDWR)
