"""Moves from one moment of a recording to another.

A thread reads the differences, so that the screen stays responsive.
"""

from __future__ import annotations

import gc
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

import msgspec

from dsview.analysis.timeline import LIMIT
from dsview.analysis.timeline_entry import Entry
from dsview.cluster.pod_set import PodSet, pod_set
from dsview.core.errors import UserError
from dsview.core.memory import return_unused
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.pod import Pod
from dsview.session.recorded_text import read_entries
from dsview.sources.events import Changed, Health, Item, StatusChanged
from dsview.sources.recording.content import Head, Judged, Moment, Subject, Tick
from dsview.sources.recording.reader import RecordingReader

MANY = 2_000
"""Up to this number, added and removed Pods are processed one by one, regardless of their share."""

SHARE = 3
"""If more than a third of the Pods differ, all of them are replaced at once."""

_SAMPLE = 500
"""The number of Pods that are sampled to determine whether most differ."""

_NEVER = 1_000_000
"""Collections of new objects after which older ones are collected: more than a moment takes."""

_THRESHOLDS = gc.get_threshold()

_KINDS = {kind.value: kind for kind in Kind}


class Step(msgspec.Struct, kw_only=True):
    """The step from one moment to another, which is `at`, in epoch seconds.

    `pods` is set if all Pods are replaced at once; `objects` then contains none. `entries` are those of the timeline
    and their total number, or None if they are unchanged. `is_jump` is true unless the step only moves forward.
    """

    at: float
    is_jump: bool
    objects: list[Changed] = []
    pods: PodSet | None = None
    statuses: list[StatusChanged] = []
    judged: list[Judged] = []
    head: Head | None = None
    entries: tuple[list[Entry], int] | None = None


class Seeker:
    """Reads steps for a session, which applies them in sequence. `arrived` is called when a step is ready.

    Each step begins where the previous one ends, so none may be skipped. If several moments are requested while one is
    being read, only the last one is read.
    """

    def __init__(self, reader: RecordingReader, arrived: Callable[[], None]) -> None:
        self._reader = reader
        self._arrived = arrived
        self._lock = threading.Lock()
        self._wanted: float | None = None
        self._is_reading = False
        self._steps: deque[Step] = deque()
        self._failure: UserError | None = None
        self._at = 0.0
        self._moment: Moment | None = None
        self._last_entry = -1
        self._thread: threading.Thread | None = None
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    @property
    def is_busy(self) -> bool:
        """Whether a moment is being read, or a step is ready."""
        return self._is_reading or bool(self._steps)

    @property
    def is_reading(self) -> bool:
        """Whether a moment is being read."""
        return self._is_reading

    def go_to(self, when: float) -> None:
        """Have a moment read, in a thread.

        It is one thread for all: each new one would take memory of its own from the C library, and keep it.
        """
        with self._lock:
            self._wanted = when
            if self._is_reading:
                return
            self._is_reading = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="dsview-seek", daemon=True)
                self._thread.start()
        self._calls.put(self._read_wanted)

    def stop(self) -> None:
        """End the thread, behind the moment that it reads."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._calls.put(None)

    def tidy(self) -> None:
        """Return the memory of the previous moment to the operating system, in the thread."""
        with self._lock:
            if self._thread is not None:
                self._calls.put(return_unused)

    def go_to_at_once(self, when: float) -> None:
        """Read a moment in this thread. Raises `UserError` if it cannot be read."""
        self._steps.append(self._step(when))
        self._arrived()

    def take(self) -> Step | None:
        """The next step, if one is ready."""
        return self._steps.popleft() if self._steps else None

    def take_failure(self) -> UserError | None:
        """Why the last moment could not be read; returned once."""
        failure, self._failure = self._failure, None
        return failure

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    def _read_wanted(self) -> None:
        while True:
            with self._lock:
                when, self._wanted = self._wanted, None
                if when is None:
                    self._is_reading = False
                    break
            try:
                self._steps.append(self._step(when))
            except UserError as error:
                self._failure = error
            except BaseException:
                with self._lock:
                    self._is_reading = False
                self._arrived()
                raise
            self._arrived()
        self._arrived()

    def _step(self, when: float) -> Step:
        with _only_new_collected():
            return self._step_to(when)

    def _step_to(self, when: float) -> Step:
        before = self._moment
        ticks = self._reader.ticks_between(self._at, when) if before is not None else None
        if before is not None and ticks is not None:
            now = before.copy()
            step = onwards(now, ticks, when)
        else:
            now = self._reader.at(when)
            step = difference(before, now, when)
        last = self._reader.last_entry(when)
        if last != self._last_entry:
            contents, total = self._reader.entries(when, LIMIT)
            step.entries = (read_entries(contents), total)
        # Only now: if a part cannot be read, the next step still begins where this one would have begun.
        self._moment, self._at, self._last_entry = now, when, last
        return step


@contextmanager
def _only_new_collected() -> Iterator[None]:
    """Collect only new objects meanwhile.

    What is read has no cycles, and its tuples are no longer tracked once they were looked at, while they are in the
    processor's cache. The older generations would be scanned again and again.
    """
    gc.set_threshold(_THRESHOLDS[0], _NEVER, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*_THRESHOLDS)


def onwards(moment: Moment, ticks: Sequence[Tick], when: float) -> Step:
    """The changes from a moment to a later one. Updates `moment` to the later one."""
    objects: dict[Kind, dict[Key, Item | None]] = {}
    step = Step(at=when, is_jump=False)
    judged: dict[Subject, Judged] = {}
    for tick in ticks:
        moment.follow(tick)
        for kind, changes in tick.objects.items():
            objects.setdefault(kind, {}).update(changes)
        for kind, patches in tick.patches.items():
            known = moment.objects[kind]
            objects.setdefault(kind, {}).update((key, known[key]) for key in patches)
        step.statuses += tick.statuses
        judged.update((entry.subject, entry) for entry in tick.judged)
        step.head = tick.head or step.head
    step.judged = list(judged.values())
    for kind, changes in objects.items():
        there = [item for item in changes.values() if item is not None]
        step.objects.append(Changed(kind, there, [key for key, item in changes.items() if item is None]))
    return step


def difference(before: Moment | None, now: Moment, when: float) -> Step:
    """The differences between two moments. Of equal objects, the earlier one is kept in `now`, too."""
    before = before or Moment(at=0.0, objects={}, statuses={}, judged={}, head=Head())
    step = Step(at=when, is_jump=True, head=now.head)
    for kind in Kind:
        was, are = before.objects.get(kind, {}), now.objects.get(kind, {})
        if kind is Kind.POD and _are_others(was, are):
            step.pods = _all_pods(are)
            continue
        changed = _changed(was, are)
        gone = [key for key in was if key not in are]
        if kind is Kind.POD and _is_much(len(changed) + len(gone), are):
            step.pods = _all_pods(are)
        elif changed or gone:
            # Removed objects come first, so that their addresses are free for added ones.
            step.objects += [Changed(kind, (), gone), Changed(kind, changed)]
    for kind in Kind:
        # A kind that the recording version did not know was not read.
        status = now.statuses.get(kind) or StatusChanged(kind=kind, health=Health.NOT_GIVEN)
        if before.statuses.get(kind) != status:
            step.statuses.append(status)
    gone_subjects = before.judged.keys() - now.judged.keys()
    step.judged = [Judged(subject, (), ()) for subject in gone_subjects]
    step.judged += [
        entry
        for subject, entry in now.judged.items()
        if before.judged.get(subject) != entry or _is_judged_anew(entry, before, now)
    ]
    return step


def _are_others(was: Mapping[Key, Item], are: Mapping[Key, Item]) -> bool:
    """Whether most objects differ, judged by a sample: comparing all of them takes as long as it saves."""
    if len(are) <= MANY:
        return False
    sample = list(islice(are.items(), 0, None, len(are) // _SAMPLE + 1))
    return sum(was.get(key) != item for key, item in sample) > len(sample) // 2


def _is_much(number: int, are: Mapping[Key, Item]) -> bool:
    return number > MANY and number > len(are) // SHARE


def _all_pods(items: Mapping[Key, Item]) -> PodSet:
    return pod_set([item for item in items.values() if isinstance(item, Pod)])


def _changed(was: Mapping[Key, Item], are: dict[Key, Item]) -> list[Item]:
    changed = []
    for key, item in are.items():
        old = was.get(key)
        if old is item:
            continue
        if old == item:
            are[key] = old
        else:
            changed.append(item)
    return changed


def _is_judged_anew(entry: Judged, before: Moment, now: Moment) -> bool:
    """Whether a policy may judge the findings differently, because it depends on labels and an annotation."""
    for finding in entry.findings:
        ref = finding.object
        kind = _KINDS.get(ref.kind)
        if kind is None:
            continue
        key = (ref.namespace or "", ref.name)
        was, is_now = (moment.objects.get(kind, {}).get(key) for moment in (before, now))
        if was is is_now:
            continue
        if not isinstance(was, Object) or not isinstance(is_now, Object):
            return True
        if (was.labels, was.ignore) != (is_now.labels, is_now.ignore):
            return True
    return False
