"""From any moment of a recording to any other: a session shows what was recorded, and never waits for it."""

from __future__ import annotations

import gc
import random
import sqlite3
import sys
import threading
import weakref
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from dsview.checks.engine.policy import Policy
from dsview.core.errors import UserError
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.memory import return_unused
from dsview.core.text import Safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.session import seeking
from dsview.session.replay import ReplaySession, compare_moments
from dsview.sources.events import Health, Item, StatusChanged
from dsview.sources.recording.content import Frame, Head, Judged, Moment, Tick
from dsview.sources.recording.reader import RecordingReader
from dsview.sources.recording.schema import About
from dsview.sources.recording.writer import RecordingWriter

START = 1_800_000_000.0
ABOUT = About(dsview="0.1.0", source_kind="cluster", source_name="prod")
SECONDS = 120


class History:
    """A recorded cluster whose pods change at random, with a key frame now and then."""

    def __init__(self, path: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = START
        self.objects: dict[Kind, dict[Key, Item]] = {
            Kind.POD: {pod.key: pod for pod in map(self.pod, range(30))},
            Kind.SERVICE: {("shop", "web"): Service(name="web", namespace="shop")},
        }
        self.judged: dict[tuple[str, str, str], Judged] = {}
        self.known: dict[float, tuple[object, ...]] = {}
        writer = RecordingWriter(path, ABOUT, clock=lambda: self.now)
        for second in range(SECONDS):
            self.now = START + second
            if second:
                writer.put(self.live())
            if second % 25 == 0:
                writer.put(self.frame())
            self.known[self.now] = told(self.objects, self.judged)
        writer.close()
        assert not writer.failure

    def pod(self, number: int) -> Pod:
        return Pod(
            name=f"web-{number}",
            namespace="shop",
            phase="Running",
            node_name=f"node-{number % 3}",
            resource_version=str(self.chance.randrange(10**6)),
            pod_ips=(f"10.0.0.{number}",),
        )

    def live(self) -> Tick:
        pods: dict[Key, Item | None] = {}
        before: dict[Key, Item] = {}
        judged = []
        for number in self.chance.sample(range(60), 6):
            key = ("shop", f"web-{number}")
            if key in self.objects[Kind.POD] and self.chance.random() < 0.4:
                del self.objects[Kind.POD][key]
                pods[key] = None
                findings: tuple[Finding, ...] = ()
            else:
                if key in self.objects[Kind.POD] and self.chance.random() < 0.7:
                    before[key] = self.objects[Kind.POD][key]
                pods[key] = self.objects[Kind.POD][key] = self.pod(number)
                findings = (finding(key[1]),) if self.chance.random() < 0.5 else ()
            entry = Judged(("Pod", *key), findings, tuple(self.now for _ in findings))
            judged.append(entry)
            if findings:
                self.judged[entry.subject] = entry
            else:
                self.judged.pop(entry.subject, None)
        return Tick(
            at=self.now,
            objects={Kind.POD: pods},
            before={Kind.POD: before},
            statuses=[],
            judged=judged,
            head=None,
        )

    def frame(self) -> Frame:
        return Frame(
            at=self.now,
            objects={kind: list(items.values()) for kind, items in self.objects.items()},
            statuses=[StatusChanged(kind=kind, health=Health.LIVE) for kind in Kind],
            judged=list(self.judged.values()),
            head=Head(server_version="v1.36.1"),
        )


def finding(name: str) -> Finding:
    return Finding(
        check="DS-POD-001",
        severity=Severity.WARNING,
        object=ObjectRef("Pod", "shop", name),
        family="IPv6",
        message=Safe("It has none."),
    )


def told(objects: dict[Kind, dict[Key, Item]], judged: dict[tuple[str, str, str], Judged]) -> tuple[object, ...]:
    there = {(kind, key): item for kind, items in objects.items() for key, item in items.items()}
    return there, {
        f.identity: at for entry in judged.values() for f, at in zip(entry.findings, entry.opened, strict=True)
    }


def shown(session: ReplaySession) -> tuple[object, ...]:
    there = {(kind, item.key): item for kind in Kind for item in session.state.store(kind)}
    return there, {found.identity: session.timeline.opened_at(found) for found in session.findings}


def settled(session: ReplaySession) -> ReplaySession:
    while session.has_work:
        session.drain(1.0)
        session.wait(1.0)
    session.drain(1.0)
    return session


def opened(path: Path) -> ReplaySession:
    session = ReplaySession(RecordingReader(path))
    session.start()
    return settled(session)


@pytest.mark.parametrize("many", [0, 10**9], ids=["all pods at once", "pod by pod"])
@pytest.mark.parametrize("seed", range(3))
def test_any_moment_is_the_same_from_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, many: int
) -> None:
    monkeypatch.setattr(seeking, "MIN_REPLACED", many)
    history = History(tmp_path / "a.db", seed)
    session = opened(tmp_path / "a.db")
    assert shown(session) == history.known[START + SECONDS - 1]
    chance = random.Random(seed)
    near = [START + second for middle in (20, 60, 110) for second in (middle, middle - 1, middle + 1, middle - 5)]
    for at in [*chance.sample(list(history.known), 40), *near]:
        session.seek(at)
        assert shown(settled(session)) == history.known[at], at - START
        assert session.now == at


def test_memory_goes_back_after_a_jump_and_garbage_is_collected_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thresholds = gc.get_threshold()
    returned = threading.Event()
    monkeypatch.setattr(seeking, "return_unused", returned.set)
    History(tmp_path / "a.db", 7)
    session = opened(tmp_path / "a.db")
    session.seek(START + 10)
    settled(session)
    assert returned.wait(20)
    assert gc.get_threshold() == thresholds
    returned.clear()
    session.seek(START + 11)
    settled(session)
    session.stop()
    assert not returned.is_set()


def test_nothing_is_left_of_a_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    History(path, 8)
    made: list[weakref.ref[RecordingReader]] = []

    class Noted(RecordingReader):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            made.append(weakref.ref(self))

    monkeypatch.setattr("dsview.session.replay.RecordingReader", Noted)
    # Objects that earlier tests left frozen may end during this one.
    gc.unfreeze()
    was_enabled = gc.isenabled()
    assert compare_moments(path, START + 1, START + 100, Policy()).causes
    assert (gc.get_freeze_count(), gc.isenabled()) == (0, was_enabled)
    gc.collect()
    assert [reader() for reader in made] == [None, None]


def test_memory_is_returned_on_any_system(monkeypatch: pytest.MonkeyPatch) -> None:
    return_unused()
    monkeypatch.setattr("sys.platform", "darwin")
    return_unused()
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setitem(sys.modules, "ctypes", None)
    return_unused()


def test_of_several_moments_the_last_is_gone_to_and_no_step_is_lost(tmp_path: Path) -> None:
    history = History(tmp_path / "a.db", 4)
    session = opened(tmp_path / "a.db")
    for second in (3, 90, 5, 80, 81, 82, 40, 41):
        session.seek(START + second)
        session.drain(0.0)
    assert session.position == START + 41
    assert shown(settled(session)) == history.known[START + 41]


class Slow(RecordingReader):
    """Reads nothing before it is released."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def at(self, when: float) -> Moment:
        self.may_go_on.wait(20)
        return super().at(when)


def test_a_screen_goes_on_while_another_time_is_read(tmp_path: Path) -> None:
    history = History(tmp_path / "a.db", 5)
    reader = Slow(tmp_path / "a.db")
    session = ReplaySession(reader)
    session.start()
    before = shown(settled(session))
    reader.may_go_on.clear()
    session.seek(START + 10)
    assert not session.drain(1.0)
    assert (session.position, session.now, shown(session)) == (START + 10, START + SECONDS - 1, before)
    assert session.is_seeking
    assert session.has_work
    reader.may_go_on.set()
    assert settled(session).now == START + 10
    assert shown(session) == history.known[START + 10]


def test_a_part_that_cannot_be_read_is_said_and_what_was_shown_stays(tmp_path: Path) -> None:
    history = History(tmp_path / "a.db", 6)
    session = opened(tmp_path / "a.db")
    content = session.reader._connection.execute("SELECT id, content FROM frames").fetchall()
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
        connection.execute("UPDATE frames SET content = x'00'")
    session.seek(START + 10)
    settled(session)
    failure = session.take_failure()
    assert isinstance(failure, UserError)
    assert session.take_failure() is None
    assert (session.position, shown(session)) == (START + SECONDS - 1, history.known[START + SECONDS - 1])
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
        connection.executemany(
            "UPDATE frames SET content = ? WHERE id = ?", [(text, number) for number, text in content]
        )
    session.seek(START + 10)
    assert shown(settled(session)) == history.known[START + 10]


def test_after_a_fault_in_dsview_other_moments_can_still_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(tmp_path / "a.db", 7)
    session = opened(tmp_path / "a.db")
    reported: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    with monkeypatch.context() as broken:
        broken.setattr(session.reader, "last_entry", lambda when: 1 // 0)
        session.seek(START + 10)
        settled(session)
    assert str(session.take_failure()) == "dsview itself failed while reading this moment (ZeroDivisionError)."
    assert [arguments.exc_type for arguments in reported] == [ZeroDivisionError]
    assert shown(session) == history.known[START + SECONDS - 1]
    session.seek(START + 10)
    assert shown(settled(session)) == history.known[START + 10]


def test_a_policy_is_asked_again_where_labels_changed_and_the_finding_did_not() -> None:
    before = Pod(name="web-1", namespace="shop")
    entry = Judged(("Pod", "shop", "web-1"), (finding("web-1"),), (None,))
    moments = [
        Moment(at=at, objects={Kind.POD: {pod.key: pod}}, statuses={}, judged={entry.subject: entry}, head=Head())
        for at, pod in ((1.0, before), (2.0, msgspec.structs.replace(before, ignore="DS-POD-001")))
    ]
    assert seeking.difference(moments[0], moments[1], 2.0).judged == [entry]
    assert seeking.difference(moments[0], moments[0], 2.0).judged == []
