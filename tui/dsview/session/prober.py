"""Connects from this machine to the targets of a probe plan.

Every other module sends packets only to API servers.

A connection is a TCP handshake that is closed immediately, without payload. It uses a literal address, so that neither
Happy Eyeballs nor a proxy can use the other family instead.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeVar

from dsview.analysis.probe_results import Connection, Lookup, Observed, Outcome, Records
from dsview.analysis.probe_targets import ProbeHost, ProbePlan, ProbeTarget
from dsview.core.address import V4, V6, Family, canonical
from dsview.core.text import safe

CONNECT_TIMEOUT = 2.0
"""The time limit of a connection in seconds."""

LOOKUP_TIMEOUT = 6.0
"""The time limit in seconds for looking up one name in one family; the system resolver retries after five."""

PARALLEL = 8
"""The number of connections and lookups at the same time."""

_SOCKET_FAMILY = {V4: socket.AF_INET, V6: socket.AF_INET6}
_NO_SUCH_RECORD = {
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY") if hasattr(socket, name)
}
_DNS64_PREFIX = "64:ff9b::"
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}
_NOT_PERMITTED = {errno.EPERM, errno.EACCES}

T = TypeVar("T")
R = TypeVar("R")


class Resolved(NamedTuple):
    """The records of a name in one family, and the name at the end of its CNAMEs; empty if that is the same."""

    records: Records
    canonical_name: str = ""


class Prober:
    """Runs one probe. `stop` ends it early; the result then omits the remaining steps.

    `on_done` is called with the number of completed steps and the total, from any thread.
    """

    def __init__(
        self,
        plan: ProbePlan,
        *,
        clock: Callable[[], float] = time.time,
        on_done: Callable[[int, int], None] | None = None,
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._on_done = on_done
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._done = 0
        self._steps = 0

    def stop(self) -> None:
        """Start no more steps."""
        self._stopped.set()

    def run(self) -> Observed:
        """Look up names, connect, and return the observations. Blocks for seconds, at most for a few minutes."""
        started = self._clock()
        plan = self._plan
        names = dict.fromkeys(
            (*(host.name for host in plan.hosts), *(name for host in plan.hosts for name in host.names))
        )
        names |= dict.fromkeys(target.name for target in plan.targets if target.name)
        queries: list[tuple[str, Family]] = [(name, family) for name in names for family in (V4, V6)]
        self._steps = len(queries) + len(plan.targets)
        lookups = dict(zip(queries, self._run_all(queries, lambda query: look_up(*query)), strict=False))
        connections = self._run_all(plan.targets, lambda target: _connect(target, lookups))
        return Observed(
            machine=safe(socket.gethostname()),
            at=started,
            plan=plan,
            connections=tuple(connections),
            lookups=tuple(_lookup(host, lookups) for host in plan.hosts if (host.name, V6) in lookups),
        )

    def _run_all(self, items: Sequence[T], work: Callable[[T], R]) -> list[R]:
        """Run the work for all items, a few at a time, and return the results in the order of the items.

        After `stop`, the results end at the first item that was not started.
        """
        waiting: SimpleQueue[int] = SimpleQueue()
        for index in range(len(items)):
            waiting.put(index)
        results: dict[int, R] = {}

        def work_off() -> None:
            while not self._stopped.is_set():
                try:
                    index = waiting.get_nowait()
                except Empty:
                    return
                results[index] = work(items[index])
                with self._lock:
                    self._done += 1
                    if self._on_done is not None:
                        self._on_done(self._done, self._steps)

        # Daemon threads, so that exiting never waits for a resolver.
        threads = [
            threading.Thread(target=work_off, name="dsview-probe", daemon=True)
            for _ in range(min(PARALLEL, len(items)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._stopped.is_set():
            return _leading_results(results)
        return [results[index] for index in sorted(results)]


def _leading_results(by_index: dict[int, R]) -> list[R]:
    """The results up to the first missing one."""
    results: list[R] = []
    while len(results) in by_index:
        results.append(by_index[len(results)])
    return results


def _connect(target: ProbeTarget, lookups: dict[tuple[str, Family], Resolved]) -> Connection:
    address = target.address
    if not address:
        resolved = lookups.get((target.name, target.family))
        records = resolved.records if resolved is not None else Records(failure="not looked up")
        if records.failure:
            return Connection(target=target, address="", outcome=Outcome.FAILED, detail=records.failure)
        if not records.addresses:
            return Connection(target=target, address="", outcome=Outcome.NO_RECORD)
        address = records.addresses[0]
    outcome, seconds, detail = connect(address, target.port, target.family)
    return Connection(target=target, address=address, outcome=outcome, seconds=seconds, detail=detail)


def connect(address: str, port: int, family: Family, timeout: float = CONNECT_TIMEOUT) -> tuple[Outcome, float, str]:
    """Connect to a literal address and close. Returns the outcome, the duration in seconds, and the system's error."""
    socket_family = _SOCKET_FAMILY[family]
    missing = _why_no_route(socket_family, address, port)
    if missing is not None:
        return missing
    started = time.monotonic()
    try:
        with socket.socket(socket_family, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect((address, port))
            return Outcome.OPEN, time.monotonic() - started, ""
    except OSError as error:
        return _outcome(error), time.monotonic() - started, error.strerror or type(error).__name__


def _why_no_route(socket_family: socket.AddressFamily, address: str, port: int) -> tuple[Outcome, float, str] | None:
    """The result if this machine cannot send to the address, otherwise None.

    Connecting a UDP socket does not send anything: the kernel looks up a route and selects a source address.
    """
    try:
        with socket.socket(socket_family, socket.SOCK_DGRAM) as attempt:
            attempt.connect((address, port))
    except OSError as error:
        outcome = Outcome.BLOCKED if error.errno in _NOT_PERMITTED else Outcome.NO_ROUTE
        return outcome, 0.0, error.strerror or type(error).__name__
    return None


def _outcome(error: OSError) -> Outcome:
    if isinstance(error, TimeoutError):
        return Outcome.TIMED_OUT
    if isinstance(error, (ConnectionRefusedError, ConnectionResetError)):
        return Outcome.REFUSED
    if error.errno in _UNREACHABLE:
        return Outcome.UNREACHABLE
    return Outcome.BLOCKED if error.errno in _NOT_PERMITTED else Outcome.FAILED


def look_up(name: str, family: Family) -> Resolved:
    """The addresses of a name in one family according to this machine's resolver, which follows CNAMEs."""
    answer: list[Resolved] = []
    # The resolver has no timeout, so it runs in a thread that can be abandoned.
    thread = threading.Thread(target=lambda: answer.append(_resolve(name, family)), name="dsview-lookup", daemon=True)
    thread.start()
    thread.join(LOOKUP_TIMEOUT)
    return answer[0] if answer else Resolved(Records(failure="the resolver did not answer"))


def _resolve(name: str, family: Family) -> Resolved:
    try:
        rows = socket.getaddrinfo(name, None, _SOCKET_FAMILY[family], socket.SOCK_STREAM, 0, socket.AI_CANONNAME)
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_RECORD:
            return Resolved(Records())
        return Resolved(Records(failure=str(error.strerror or "the lookup failed")))
    except (UnicodeError, OSError) as error:
        return Resolved(Records(failure=f"the lookup failed ({type(error).__name__})"))
    all_addresses = dict.fromkeys(canonical(str(row[4][0])) or str(row[4][0]) for row in rows)
    # In a network without IPv4, DNS64 synthesises such addresses for names that only have an A record (RFC 6147).
    addresses = [address for address in all_addresses if not address.startswith(_DNS64_PREFIX)]
    final = next((row[3] for row in rows if row[3]), "").rstrip(".").lower()
    return Resolved(Records(addresses=tuple(addresses)), "" if final == name.rstrip(".").lower() else final)


def _lookup(host: ProbeHost, lookups: dict[tuple[str, Family], Resolved]) -> Lookup:
    published = dict.fromkeys(host.addresses)
    for name in host.names:
        for family in (V4, V6):
            if (name, family) in lookups:
                published |= dict.fromkeys(lookups[name, family].records.addresses)
    v4, v6 = lookups[host.name, V4], lookups[host.name, V6]
    return Lookup(
        host=host,
        v4=v4.records,
        v6=v6.records,
        published=tuple(published),
        canonical_name=v4.canonical_name or v6.canonical_name,
    )
