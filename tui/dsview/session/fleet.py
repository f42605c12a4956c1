"""Reads many clusters, a few at a time, and keeps only the totals and findings of each.

A cluster that does not respond frees its slot for the next one and keeps waiting without a slot, so that a few hanging
clusters do not block the others.
"""

from __future__ import annotations

import gc
import heapq
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import msgspec

from dsview.analysis.fleet import Contact, Member, member_of
from dsview.core.errors import UserError
from dsview.core.text import Safe, safe
from dsview.kinds.registry import RESOURCES
from dsview.session.session import Session
from dsview.sources.events import Health

_log = logging.getLogger(__name__)

PARALLEL = 6
"""The number of clusters that are read at the same time."""

SLOT_TIMEOUT = 1.5
"""Seconds without new data after which a cluster frees its slot for the next one."""

MAX_WAITING = 40
"""The maximum number of clusters that wait without a slot."""

SILENCE = 15.0
"""Seconds without new data after which a cluster counts as not responding."""

SIGN_IN = 300.0
"""The time limit for a credential plug-in in seconds: users may need to find a browser and a second factor."""

_SLICE = 0.05
_STOPPED = "It was not read, because dsview was stopped."


class Opened(msgspec.Struct, frozen=True):
    """A cluster that is about to be read. `plugin` names its credential plug-in; empty if it does not need one.

    `has_credentials` is set as soon as requests can be sent.
    """

    session: Session
    plugin: str
    has_credentials: threading.Event


class _DueRead(NamedTuple):
    """A cluster to read at a time of the monotonic clock. Of equal times, the lowest number comes first."""

    at: float
    number: int
    name: str


class Opener(Protocol):
    """Opens the session of a context without starting it. Raises `UserError` for problems that the user must fix."""

    def __call__(self, name: str) -> Opened:
        """The session."""


class FleetReader:
    """Reads the contexts with these names. `on_change` is called with each change of a cluster, from any thread.

    `interval` is the time in seconds after which a cluster is read again; with None, each is read once. `silence` is
    the time in seconds without new data after which a cluster fails.
    """

    def __init__(
        self,
        names: Iterable[str],
        opener: Opener,
        on_change: Callable[[Member], None],
        *,
        parallel: int = PARALLEL,
        silence: float = SILENCE,
        interval: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._members = {name: Member(context=name, since=clock()) for name in names}
        self._opener = opener
        self._on_change = on_change
        self._silence = silence
        self._interval = interval
        self._clock = clock
        self._stopped = threading.Event()
        self._changed = threading.Condition()
        self._due = [_DueRead(0.0, number, name) for number, name in enumerate(self._members)]
        self._next_number = len(self._due)
        self._slots = threading.BoundedSemaphore(max(1, parallel))
        self._waiting_slots = threading.BoundedSemaphore(MAX_WAITING)
        self._plugins: dict[str, threading.Lock] = {}
        self._signed_in: set[str] = set()
        self._reading = 0

    @property
    def members(self) -> list[Member]:
        """The current state of all clusters, in the given order of their names."""
        with self._changed:
            return list(self._members.values())

    def start(self) -> None:
        """Start reading, in a thread."""
        # The garbage of a session is collected when it ends, not while objects arrive.
        gc.disable()
        gc.freeze()
        threading.Thread(target=self._schedule, name="dsview-fleet", daemon=True).start()

    def stop(self) -> None:
        """Start no more reads, and end the current ones."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until every cluster was read or failed. Returns whether that is the case."""
        with self._changed:
            return self._changed.wait_for(lambda: self._stopped.is_set() or self._is_complete(), seconds)

    def read_again(self, name: str) -> None:
        """Read a cluster again as soon as a slot is free, unless it is being read."""
        with self._changed:
            member = self._members.get(name)
            if member is None or not member.contact.is_final:
                return
            self._due = [read for read in self._due if read.name != name]
        self._set_contact(name, contact=Contact.WAITING, reason="")
        with self._changed:
            self._schedule_read(name, 0.0)

    def _is_complete(self) -> bool:
        return not self._reading and all(member.contact.is_final for member in self._members.values())

    def _schedule_read(self, name: str, at: float) -> None:
        self._due.append(_DueRead(at, self._next_number, name))
        self._next_number += 1
        heapq.heapify(self._due)
        self._changed.notify_all()

    def _schedule(self) -> None:
        """Start a thread for each cluster that is due, as soon as a slot is free."""
        while not self._stopped.is_set():
            name = self._next_due()
            if name is None:
                continue
            while not self._slots.acquire(timeout=0.2):
                if self._stopped.is_set():
                    return
            with self._changed:
                self._reading += 1
            threading.Thread(target=self._read, args=(name,), name=f"dsview-fleet-{name}", daemon=True).start()

    def _next_due(self) -> str | None:
        with self._changed:
            now = time.monotonic()
            if self._due and self._due[0].at <= now:
                return heapq.heappop(self._due).name
            self._changed.wait(min(1.0, self._due[0].at - now) if self._due else 1.0)
            return None

    def _read(self, name: str) -> None:
        slot = _Slot(self._slots, self._waiting_slots)
        session: Session | None = None
        may_try_again = True
        try:
            self._set_contact(name, contact=Contact.READING, reason="")
            opened = self._opener(name)
            session = opened.session
            # A plug-in might open a browser on every retry, so after a failure the user must request the next one.
            may_try_again = not opened.plugin
            self._sign_in(name, opened, slot)
            may_try_again = True
            unread = self._read_to_end(session, slot)
            member = member_of(session, name, self._clock())
            self._set_member(name, msgspec.structs.replace(member, reason=safe(unread)))
        except UserError as error:
            self._set_contact(name, contact=Contact.FAILED, reason=safe(str(error)))
        except Exception as error:
            _log.exception("fleet: %s", name)
            sentence = safe(f"dsview itself failed while reading it ({type(error).__name__}).")
            self._set_contact(name, contact=Contact.FAILED, reason=sentence)
            raise
        finally:
            if session is not None:
                session.stop()
            del session
            slot.release()
            gc.collect()
            with self._changed:
                self._reading -= 1
                if self._interval is not None and may_try_again and not self._stopped.is_set():
                    self._schedule_read(name, time.monotonic() + self._interval)
                self._changed.notify_all()

    def _sign_in(self, name: str, opened: Opened, slot: _Slot) -> None:
        """Start the session.

        Contexts with the same credential plug-in wait for the first of them, so that only one browser opens.
        """
        if not opened.plugin:
            opened.session.start()
            return
        self._set_contact(name, contact=Contact.SIGNING_IN, reason=waits_for_plugin(opened.plugin))
        slot.release_while_waiting()
        with self._changed:
            lock = self._plugins.setdefault(opened.plugin, threading.Lock())
        with lock:
            is_first = opened.plugin not in self._signed_in
            if is_first:
                self._await_credentials(opened)
                self._signed_in.add(opened.plugin)
        if not is_first:
            # Plug-ins usually cache the credentials of the first sign-in.
            self._await_credentials(opened)
        if not slot.reacquire(self._stopped):
            raise UserError(_STOPPED)
        self._set_contact(name, contact=Contact.READING, reason="")

    def _await_credentials(self, opened: Opened) -> None:
        """Start the session, and wait until its plug-in has ended. Raises `UserError` if it fails."""
        opened.session.start()
        deadline = time.monotonic() + SIGN_IN
        while not opened.has_credentials.wait(0.05):
            opened.session.drain(_SLICE)
            reason = _failure(opened.session)
            if reason:
                raise UserError(reason)
            if self._stopped.is_set():
                raise UserError(_STOPPED)
            if time.monotonic() > deadline:
                raise UserError(f"The credential plug-in {opened.plugin} did not exit within {SIGN_IN:g} s.")

    def _read_to_end(self, session: Session, slot: _Slot) -> str:
        """Drain a session until it is settled. Returns a sentence about what it could not read, or an empty text.

        Raises `UserError` if the cluster does not respond at all.
        """
        last_data_at, known = time.monotonic(), 0
        while not session.is_settled:
            delta = session.drain(_SLICE)
            now, before = time.monotonic(), known
            known = sum(session.state.status(kind).health.is_final for kind in RESOURCES)
            if delta.changes or delta.findings or known > before:
                last_data_at = now
            elif now - last_data_at > self._silence:
                if not _has_read(session):
                    raise UserError(_out_of_time(session, self._silence))
                return _out_of_time(session, self._silence)
            elif now - last_data_at > SLOT_TIMEOUT:
                slot.release_while_waiting()
            reason = _failure(session)
            if reason:
                raise UserError(reason)
            if self._stopped.is_set():
                raise UserError(_STOPPED)
            session.wait(0.1)
        return ""

    def _set_contact(self, name: str, *, contact: Contact, reason: str) -> None:
        with self._changed:
            before = self._members[name]
        self._set_member(
            name, msgspec.structs.replace(before, contact=contact, reason=safe(reason), since=self._clock())
        )

    def _set_member(self, name: str, member: Member) -> None:
        with self._changed:
            self._members[name] = member
            self._changed.notify_all()
        self._on_change(member)


class _Slot:
    """The slot of a cluster, which allows it to be read. Released early while the cluster only waits."""

    def __init__(self, slots: threading.BoundedSemaphore, waiting_slots: threading.BoundedSemaphore) -> None:
        self._slots = slots
        self._waiting_slots = waiting_slots
        self._holds_slot = True
        self._is_waiting = False

    def release_while_waiting(self) -> None:
        """Release the slot for another cluster, unless too many clusters wait without one."""
        if self._holds_slot and self._waiting_slots.acquire(blocking=False):
            self._is_waiting = True
            self._holds_slot = False
            self._slots.release()

    def reacquire(self, stopped: threading.Event) -> bool:
        """Wait until a slot is free again. Returns False if everything was stopped before that."""
        while not self._holds_slot:
            if stopped.is_set():
                return False
            if self._slots.acquire(timeout=0.2):
                self._holds_slot = True
                self._waiting_slots.release()
                self._is_waiting = False
        return True

    def release(self) -> None:
        """Release the slot."""
        if self._holds_slot:
            self._slots.release()
        if self._is_waiting:
            self._waiting_slots.release()
        self._holds_slot = self._is_waiting = False


def waits_for_plugin(plugin: str) -> Safe:
    """The reason shown for a cluster while its credential plug-in runs."""
    return safe(f"waits for the credential plug-in {plugin}; it may have opened a browser")


def _has_read(session: Session) -> bool:
    return any(session.state.status(kind).health.is_complete for kind in RESOURCES)


def _failure(session: Session) -> str:
    """A sentence that says why nothing could be read; empty if something was read, or may still be read."""
    statuses = [session.state.status(kind) for kind in RESOURCES]
    if any(not status.health.is_final or status.health.is_complete for status in statuses):
        return ""
    return min((status.reason for status in statuses if status.health is Health.FAILED), default="")


def _out_of_time(session: Session, silence: float) -> str:
    waiting = [kind for kind in RESOURCES if not session.state.status(kind).health.is_final]
    reasons = sorted({reason for kind in waiting if (reason := session.state.status(kind).reason)})
    if reasons:
        return " ".join(reasons)
    names = f" for {', '.join(RESOURCES[kind].plural for kind in waiting)}" if _has_read(session) else ""
    return f"The API server did not answer within {silence:g} s{names}."
