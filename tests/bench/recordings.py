"""Recordings of hours and days, simulated: time is counted, not waited for.

Of the changes of a second seven in ten turn the readiness of a pod, and three put another pod into the place of one.
"""

from __future__ import annotations

import os
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from dsview.analysis.timeline_entry import Category, Entry, EntryType
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.session.recorder import FRAME_EVERY, FRAME_SHARE
from dsview.session.replay import ReplaySession
from dsview.sources.events import Health, Item, StatusChanged
from dsview.sources.recording.content import Frame, Head, Judged, Tick
from dsview.sources.recording.file import Limits, RecordingFile, StoredEntry
from dsview.sources.recording.reader import RecordingReader
from dsview.sources.recording.schema import About
from tests.bench import synthetic

START = 1_800_000_000.0
RATE = 100
"""Changes in a second."""

ROUNDS = 10
"""Rounds of a session in a second."""

STANDING = 500
"""Findings that are there at any time; one goes and one comes every ten seconds."""


SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
"""What the end of a pod's name is made of (K:apimachinery/pkg/util/rand)."""

STEPS = (1, 10, 60, -1, -10, -60)
"""Seconds by which one goes on and back."""


class Day:
    """A cluster with this many pods and changes per second, and the file that it is recorded into."""

    def __init__(self, path: Path, pods: int, rate: int, limits: Limits | None = None) -> None:
        self.now = START
        self._random = random.Random(1)
        self._version = 10**7
        self._rate = rate
        about = About(dsview="0", source_kind="cluster", source_name="synthetic")
        self._file = RecordingFile(path, about, limits)
        self._others: dict[Kind, list[Item]] = {}
        self._pods: list[Pod] = []
        for kind, item in synthetic.objects(synthetic.size_of(pods)):
            if isinstance(item, Pod):
                self._pods.append(self._as_real(item))
            else:
                self._others.setdefault(kind, []).append(item)
        self._number = 0
        self._flagged = dict.fromkeys(range(min(STANDING, pods // 4)))
        self._since = 0
        self._frame_at = START

    def _as_real(self, pod: Pod) -> Pod:
        """Another pod of the same workload, as random as real ones: that determines how well they are compressed."""
        chance = self._random
        self._version += 1
        started = int(self.now) - chance.randrange(1, 86_400)
        node = chance.randrange(1_000)
        pair = (
            f"10.{64 + node // 256}.{node % 256}.{chance.randrange(256)}",
            f"fd00:1:{node:x}::{chance.getrandbits(16):x}",
        )
        hosts = (f"192.168.{node // 256}.{node % 256}", f"fd00:2::{node:x}")
        return msgspec.structs.replace(
            pod,
            name=pod.name[:-5] + "".join(chance.choices(SUFFIX, k=5)),
            uid=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            resource_version=str(self._version + chance.randrange(-(10**6), 1)),
            created=started,
            start_time=started + 1,
            ready_since=started + chance.randrange(2, 40),
            node_name=f"node-{node}",
            pod_ip=pair[0],
            pod_ips=pair,
            host_ip=hosts[0],
            host_ips=hosts,
        )

    def _finding(self, place: int) -> Finding:
        pod = self._pods[place]
        return Finding(
            check="DS-POD-001",
            severity=Severity.WARNING,
            object=ObjectRef("Pod", pod.namespace, pod.name),
            family="IPv6",
            message=safe("It has no IPv6 address, though its node gives pods both families."),
        )

    def _judged(self, place: int) -> Judged:
        finding = self._finding(place)
        return Judged(("Pod", self._pods[place].namespace, self._pods[place].name), (finding,), (self.now,))

    def _frame(self) -> Frame:
        self._since, self._frame_at = 0, self.now
        return Frame(
            at=self.now,
            objects={**self._others, Kind.POD: list(self._pods)},
            statuses=[StatusChanged(kind=kind, health=Health.LIVE) for kind in Kind],
            judged=[self._judged(place) for place in self._flagged],
            head=Head(server_version="v1.36.1"),
        )

    def _round(self, changes: int) -> Tick:
        objects: dict[Key, Item | None] = {}
        before: dict[Key, Item] = {}
        for _ in range(changes):
            place = self._random.randrange(len(self._pods))
            pod = self._pods[place]
            self._version += 1
            is_replaced = self._random.random() < 0.3 and place not in self._flagged
            if is_replaced:
                objects[pod.key] = None
                pod = self._as_real(pod)
            else:
                if pod.key not in objects:
                    before[pod.key] = pod
                pod = msgspec.structs.replace(
                    pod, ready=not pod.ready, ready_since=int(self.now), resource_version=str(self._version)
                )
            self._pods[place] = pod
            objects[pod.key] = pod
        self._since += len(objects)
        return Tick(
            at=self.now, objects={Kind.POD: objects}, before={Kind.POD: before}, statuses=[], judged=[], head=None
        )

    def _turn(self) -> Iterator[Judged | StoredEntry]:
        """One finding disappears, another appears."""
        gone = next(iter(self._flagged))
        place = self._random.randrange(len(self._pods))
        if place in self._flagged:
            return
        del self._flagged[gone]
        self._flagged[place] = None
        for where, turn in ((gone, EntryType.CLOSED), (place, EntryType.OPENED)):
            pod = self._pods[where]
            self._number += 1
            entry = Entry(
                number=self._number,
                at=self.now,
                category=Category.FINDING,
                type=turn,
                text=safe("It has no IPv6 address."),
                ref=ObjectRef("Pod", pod.namespace, pod.name),
                check="DS-POD-001",
            )
            yield StoredEntry(self._number, self.now, entry.category.value, turn.value, msgspec.msgpack.encode(entry))
        pod = self._pods[gone]
        yield Judged(("Pod", pod.namespace, pod.name), (), ())
        yield self._judged(place)

    def go_on(self, seconds: int) -> None:
        """Run live for this long, and record it."""
        objects = len(self._pods) + sum(map(len, self._others.values()))
        if self.now == START:
            self._file.commit([self._frame()], self.now)
        for _ in range(seconds):
            items: list[Tick | Frame | StoredEntry] = []
            for _ in range(ROUNDS):
                self.now += 1 / ROUNDS
                items.append(self._round(self._rate // ROUNDS))
            if int(self.now) % 10 == 0:
                last = items[-1]
                for found in self._turn():
                    if isinstance(found, Judged) and isinstance(last, Tick):
                        last.judged.append(found)
                    elif isinstance(found, StoredEntry):
                        items.append(found)
            if (
                self._since >= max(1_000, objects // FRAME_SHARE)
                or self._file.needs_frame
                or self.now - self._frame_at >= FRAME_EVERY
            ):
                self._file.needs_frame = False
                items.append(self._frame())
            self._file.commit(items, self.now)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def written(path: Path, pods: int, hours: float, limits: Limits | None = None) -> float:
    """Record this many hours. Returns the seconds of CPU time, including the simulation."""
    used = time.process_time()
    day = Day(path, pods, RATE, limits)
    day.go_on(round(hours * 3600))
    day.close()
    return time.process_time() - used


def settled(session: ReplaySession) -> None:
    """Drain everything that waits."""
    while session.has_work:
        session.drain(0.016)
        session.wait(0.1)
    session.drain(0.016)


def resident_mb() -> float:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def replayed(path: Path, jumps: int) -> dict[str, float]:
    """Seconds of CPU time to open a recording and move through it, and memory in MB."""
    used = time.process_time()
    reader = RecordingReader(path)
    session = ReplaySession(reader)
    session.start()
    settled(session)
    figures = {"to open, s": time.process_time() - used, "memory when opened, MB": resident_mb()}
    chance = random.Random(2)

    def cost(when: float) -> float:
        used = time.process_time()
        session.seek(when)
        settled(session)
        return time.process_time() - used

    far = [cost(reader.first + chance.random() * (reader.last - reader.first)) for _ in range(jumps)]
    figures |= {"jump anywhere, median, s": statistics.median(far), "jump anywhere, slowest, s": max(far)}
    # The thread that reads returns what it no longer needs after the jump.
    time.sleep(0.5)
    figures["memory after jumps, MB"] = resident_mb()
    middle = (reader.first + reader.last) / 2
    for step in STEPS:
        taken = []
        for _ in range(3):
            cost(middle)
            taken.append(cost(middle + step))
        figures[f"by {step:+} s, s"] = min(taken)
    asked: dict[str, Callable[[], object]] = {
        "the next change, s": session.next_change,
        "the finding before, s": session.previous_finding,
        "marks of the line of time, s": lambda: reader.entry_types("finding", 80),
    }
    for name, ask in asked.items():
        used = time.process_time()
        ask()
        figures[name] = time.process_time() - used
    return figures
