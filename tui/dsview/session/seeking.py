"""Moves from one moment of a recording to another. A thread reads the differences, so the screen stays responsive."""

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
from dsview.kinds.kind import KINDS_BY_NAME, Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.pod import Pod
from dsview.session.recorded_text import read_entries
from dsview.sources.events import Changed, Health, Item, StatusChanged
from dsview.sources.recording.content import Head, Judged, Moment, Subject, Tick
from dsview.sources.recording.reader import RecordingReader

MIN_REPLACED = 2_000
"""Up to this number, changed Pods are processed one by one, regardless of their share."""

REPLACED_SHARE = 3
"""If more than a third of the Pods differ, all of them are replaced at once."""

_SAMPLE = 500
"""The number of Pods that are sampled to determine whether most differ."""

_UNREACHABLE_THRESHOLD = 1_000_000
"""A garbage collection threshold for older objects that is not reached while a moment is read."""

_THRESHOLDS = gc.get_threshold()


class Step(msgspec.Struct, kw_only=True):
    """The step from one moment to another, whose time is `at`, in epoch seconds.

    `pods` is set if all Pods are replaced at once; `objects` then contains no Pods. `entries` are the entries of the
    timeline and their total number, or None if they are unchanged. `is_jump` is false if the step only adds changes.
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
        self._requested: float | None = None
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

    def request(self, when: float) -> None:
        """Read a moment in the thread.

        One thread reads all moments, because the C library would allocate and keep separate memory for each new thread.
        """
        with self._lock:
            self._requested = when
            if self._is_reading:
                return
            self._is_reading = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="dsview-seek", daemon=True)
                self._thread.start()
        self._calls.put(self._read_requested)

    def stop(self) -> None:
        """End the thread after the moment that it is reading."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._calls.put(None)

    def release_memory(self) -> None:
        """Return the memory of the previous moment to the operating system, in the thread."""
        with self._lock:
            if self._thread is not None:
                self._calls.put(return_unused)

    def read_now(self, when: float) -> None:
        """Read a moment in the calling thread. Raises `UserError` if it cannot be read."""
        self._steps.append(self._step(when))
        self._arrived()

    def take(self) -> Step | None:
        """The next step, if one is ready."""
        return self._steps.popleft() if self._steps else None

    def take_failure(self) -> UserError | None:
        """The reason why the last moment could not be read; returned once."""
        failure, self._failure = self._failure, None
        return failure

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    def _read_requested(self) -> None:
        while True:
            with self._lock:
                when, self._requested = self._requested, None
                if when is None:
                    self._is_reading = False
                    break
            try:
                self._steps.append(self._step(when))
            except UserError as error:
                self._failure = error
            except Exception as error:  # noqa: BLE001  (the thread must go on, or no other moment could be read)
                thread = threading.current_thread()
                threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))
                self._failure = UserError(f"dsview itself failed while reading this moment ({type(error).__name__}).")
            self._arrived()
        self._arrived()

    def _step(self, when: float) -> Step:
        with _without_full_collections():
            return self._step_to(when)

    def _step_to(self, when: float) -> Step:
        before = self._moment
        ticks = self._reader.ticks_between(self._at, when) if before is not None else None
        if before is not None and ticks is not None:
            now = before.copy()
            step = forward_step(now, ticks, when)
        else:
            now = self._reader.at(when)
            step = difference(before, now, when)
        last = self._reader.last_entry(when)
        if last != self._last_entry:
            contents, total = self._reader.entries(when, LIMIT)
            step.entries = (read_entries(contents), total)
        # Set at the end: if a part cannot be read, the next step starts from the same moment as this one.
        self._moment, self._at, self._last_entry = now, when, last
        return step


@contextmanager
def _without_full_collections() -> Iterator[None]:
    """Collect only the youngest generation of objects while the context is active.

    The objects that are read have no cycles. A collection of the youngest generation untracks their tuples while they
    are in the CPU cache. Collections of older generations would scan the same objects again and again.
    """
    gc.set_threshold(_THRESHOLDS[0], _UNREACHABLE_THRESHOLD, _UNREACHABLE_THRESHOLD)
    try:
        yield
    finally:
        gc.set_threshold(*_THRESHOLDS)


def forward_step(moment: Moment, ticks: Sequence[Tick], when: float) -> Step:
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
        upserts = [item for item in changes.values() if item is not None]
        step.objects.append(Changed(kind, upserts, [key for key, item in changes.items() if item is None]))
    return step


def difference(before: Moment | None, now: Moment, when: float) -> Step:
    """The differences between two moments. If an object is equal in both, `now` gets the earlier one."""
    before = before or Moment(at=0.0, objects={}, statuses={}, judged={}, head=Head())
    step = Step(at=when, is_jump=True, head=now.head)
    for kind in Kind:
        earlier, later = before.objects.get(kind, {}), now.objects.get(kind, {})
        if kind is Kind.POD and _mostly_differ(earlier, later):
            step.pods = _all_pods(later)
            continue
        changed = _changed(earlier, later)
        gone = [key for key in earlier if key not in later]
        if kind is Kind.POD and _is_worth_replacing(len(changed) + len(gone), later):
            step.pods = _all_pods(later)
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
        if before.judged.get(subject) != entry or _needs_judging(entry, before, now)
    ]
    return step


def _mostly_differ(earlier: Mapping[Key, Item], later: Mapping[Key, Item]) -> bool:
    """Whether most objects of a sample differ. Comparing all of them would take as long as it saves."""
    if len(later) <= MIN_REPLACED:
        return False
    sample = list(islice(later.items(), 0, None, len(later) // _SAMPLE + 1))
    return sum(earlier.get(key) != item for key, item in sample) > len(sample) // 2


def _is_worth_replacing(number: int, later: Mapping[Key, Item]) -> bool:
    return number > MIN_REPLACED and number > len(later) // REPLACED_SHARE


def _all_pods(items: Mapping[Key, Item]) -> PodSet:
    return pod_set([item for item in items.values() if isinstance(item, Pod)])


def _changed(earlier: Mapping[Key, Item], later: dict[Key, Item]) -> list[Item]:
    changed = []
    for key, item in later.items():
        old = earlier.get(key)
        if old is item:
            continue
        if old == item:
            later[key] = old
        else:
            changed.append(item)
    return changed


def _needs_judging(entry: Judged, before: Moment, now: Moment) -> bool:
    """Whether the policy may treat the findings differently, because labels or the annotation of an object changed."""
    for finding in entry.findings:
        ref = finding.object
        kind = KINDS_BY_NAME.get(ref.kind)
        if kind is None:
            continue
        key = (ref.namespace or "", ref.name)
        earlier, later = (moment.objects.get(kind, {}).get(key) for moment in (before, now))
        if earlier is later:
            continue
        if not isinstance(earlier, Object) or not isinstance(later, Object):
            return True
        if (earlier.labels, earlier.ignore) != (later.labels, later.ignore):
            return True
    return False
