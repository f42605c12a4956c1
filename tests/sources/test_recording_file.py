"""The file of a recording: what it survives, how large it gets, who can read it, and what continues it."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from dsview.cli import cli
from dsview.cli.moments import parse_moment
from dsview.cli.record import Size
from dsview.core.address import Family
from dsview.core.errors import UserError
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.listen import Listener, ListenSource, ProxyListeners
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.session.replay import ReplaySession
from dsview.sources.events import Health, Item, StatusChanged
from dsview.sources.recording import columns
from dsview.sources.recording.columns import Columns, from_columns, struct_of, to_columns
from dsview.sources.recording.content import (
    Frame,
    Head,
    Judged,
    Tick,
    pack_batch,
    pack_frame,
    unpack_batch,
    unpack_frame,
)
from dsview.sources.recording.file import Limits, RecordingFile, StoredEntry
from dsview.sources.recording.reader import RecordingReader
from dsview.sources.recording.schema import About, is_recording
from dsview.sources.recording.writer import RecordingWriter
from tests.support.clusters import SCENARIOS, from_path

START = 1_800_000_000.0
ABOUT = About(dsview="0.1.0", source_kind="cluster", source_name="prod")
BULK = 400


def pod(number: int, **fields: object) -> Pod:
    return msgspec.structs.replace(
        Pod(name=f"web-{number}", namespace="shop", uid=os.urandom(8).hex(), phase="Running"), **fields
    )


def frame(at: float, *pods: Pod) -> Frame:
    status = StatusChanged(kind=Kind.POD, health=Health.LIVE)
    return Frame(at=at, objects={Kind.POD: pods}, statuses=[status], judged=[], head=Head())


def tick(at: float, *pods: Pod, gone: tuple[str, ...] = ()) -> Tick:
    objects: dict[Key, Item | None] = {pod.key: pod for pod in pods}
    objects.update({("shop", name): None for name in gone})
    return Tick(at=at, objects={Kind.POD: objects}, statuses=[], judged=[], head=None)


class Clock:
    """The clock of a writer, set by tests."""

    now = START

    def __call__(self) -> float:
        return self.now


def write(path: Path, *items: Frame | Tick | StoredEntry, limits: Limits | None = None, about: About = ABOUT) -> str:
    """Write these. Returns why it stopped, if it did."""
    clock = Clock()
    clock.now = max((item.at for item in items), default=START)
    writer = RecordingWriter(path, about, limits, clock)
    for item in items:
        writer.put(item)
    writer.close()
    return writer.failure


def names(reader: RecordingReader, at: float) -> list[str]:
    return sorted(item.name for item in reader.at(at).objects[Kind.POD].values())


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_every_object_is_read_as_it_was_written(path: Path) -> None:
    state = from_path(path).state
    for kind in Kind:
        items = list(state.store(kind))
        assert (
            from_columns(kind, msgspec.msgpack.decode(msgspec.msgpack.encode(to_columns(items)), type=Columns)) == items
        )


def test_each_kind_says_what_its_objects_are_kept_as() -> None:
    assert all(issubclass(struct_of(kind), msgspec.Struct) for kind in (*RESOURCES, Kind.PROXY_LISTENERS))


@pytest.mark.parametrize("kind", [*RESOURCES, Kind.PROXY_LISTENERS], ids=lambda kind: kind.value)
def test_objects_of_each_kind_are_made_by_position(kind: Kind) -> None:
    kept = struct_of(kind)
    names = [field.name for field in msgspec.structs.fields(kept)]
    assert msgspec.structs.astuple(kept(*names)) == tuple(names)


def test_a_file_of_nginx_keeps_its_sockets_and_its_text() -> None:
    both: tuple[Family, ...] = ("IPv4", "IPv6")
    conf = ProxyListeners(
        namespace="a",
        name="b",
        source=ListenSource.READ,
        listeners=(Listener(transport="tcp", address="*", port=80, families=both),),
        text=b"listen 80;\xff",
    )
    assert from_columns(Kind.PROXY_LISTENERS, to_columns([conf])) == [conf]


def test_a_field_of_a_later_version_is_ignored_and_a_missing_one_has_its_default() -> None:
    columns = to_columns([pod(1), pod(2)])
    columns.fields["of_tomorrow"] = columns.fields["name"]
    del columns.fields["phase"]
    assert [item.phase for item in from_columns(Kind.POD, columns) if isinstance(item, Pod)] == ["", ""]


def test_labels_and_containers_are_shared_by_objects_of_many_batches() -> None:
    first, second = (
        from_columns(Kind.POD, to_columns([pod(number, labels={"app": "web"}), pod(9, labels={})])) for number in (1, 2)
    )
    assert first[0].labels == {"app": "web"}  # type: ignore[union-attr]  # they are Pods
    assert first[0].labels is second[0].labels  # type: ignore[union-attr]


def test_values_that_are_still_used_stay_shared_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "_SHARED_LIMIT", 3)
    labels = []
    for number in range(20):
        pods = [pod(1, labels={"app": "kept"}), pod(2, labels={"app": f"only-{number}"})]
        read = from_columns(Kind.POD, to_columns(pods))
        assert read == pods
        labels.append(read[0].labels)  # type: ignore[union-attr]  # it is a Pod
    assert all(each is labels[0] for each in labels)


def test_the_address_of_a_pod_is_in_memory_once() -> None:
    addresses = [("10.0.0.1", ("10.0.0.1", "fd00::1")), ("10.0.0.2", ()), ("10.0.0.3", ("fd00::3",)), ("", ())]
    pods = [pod(number, pod_ip=ip, pod_ips=ips) for number, (ip, ips) in enumerate(addresses)]
    read = from_columns(Kind.POD, to_columns(pods))
    assert read == pods
    assert read[0].pod_ip is read[0].pod_ips[0]  # type: ignore[union-attr]  # it is a Pod


def test_a_batch_keeps_what_came_went_and_was_found_by_tick() -> None:
    finding = Finding(
        check="DS-POD-001",
        severity=Severity.ERROR,
        object=ObjectRef("Pod", "shop", "web-1"),
        family="IPv6",
        message="It has none.",
    )
    ticks = [tick(1.0, pod(1)), tick(2.0, pod(2), gone=("web-1",))]
    ticks[1].judged.append(Judged(("Pod", "shop", "web-1"), (finding,), (None,)))
    ticks[1].head = Head(server_version="v1.36.1", failures={"DS-POD-001": "it failed"})
    ticks[0].statuses.append(StatusChanged(kind=Kind.NODE, health=Health.STALE, listed=frozenset({"a"})))
    assert unpack_batch(pack_batch(ticks)) == ticks


def test_of_an_object_that_was_there_only_what_changed_is_kept() -> None:
    before, after = pod(1, ready=False), pod(1, ready=True, ready_since=7)
    after = msgspec.structs.replace(after, uid=before.uid)
    changed = tick(1.0, after, pod(2))
    changed.before = {Kind.POD: {before.key: before}}
    (read,) = unpack_batch(pack_batch([changed]))
    assert read.patches == {Kind.POD: {before.key: {"ready": True, "ready_since": 7}}}
    assert [key for _, key in read.objects[Kind.POD]] == ["web-2"]
    moment = unpack_frame(0.0, pack_frame(frame(0.0, before)))
    moment.follow(read)
    assert moment.objects[Kind.POD][after.key] == after


def test_a_change_of_what_was_not_there_is_damage() -> None:
    changed = tick(1.0, pod(1, ready=True))
    changed.before = {Kind.POD: {("shop", "web-1"): pod(1)}}
    (read,) = unpack_batch(pack_batch([changed]))
    with pytest.raises(UserError, match="do not fit together"):
        unpack_frame(0.0, pack_frame(frame(0.0, pod(2)))).follow(read)


def test_any_moment_is_the_last_key_frame_and_what_follows(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    write(
        path,
        frame(START, pod(1)),
        tick(START + 1, pod(2)),
        tick(START + 2, gone=("web-1",)),
        frame(START + 2, pod(2)),
        tick(START + 3, pod(3)),
    )
    reader = RecordingReader(path)
    assert (reader.first, reader.last) == (START, START + 3)
    expected = {
        0: ["web-1"],
        0.5: ["web-1"],
        1: ["web-1", "web-2"],
        2: ["web-2"],
        2.5: ["web-2"],
        3: ["web-2", "web-3"],
    }
    assert {after: names(reader, START + after) for after in expected} == expected
    assert names(reader, START - 100) == ["web-1"]
    steps: list[float] = [START]
    while (at := reader.change_after(steps[-1])) is not None:
        steps.append(at)
    assert steps == [START, START + 1, START + 2, START + 3]
    assert [reader.change_before(at) for at in steps] == [None, START, START + 1, START + 2]


def batches(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("SELECT count(*) FROM batches").fetchone()[0]
        return found


def test_the_end_of_a_recording_has_few_batches_though_no_key_frame_follows(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    file = RecordingFile(path, ABOUT)
    file.commit([frame(START, pod(0))], START)
    for second in range(1, 171):
        file.commit([tick(START + second, pod(second), gone=(f"web-{second - 3}",))], START + second)
        assert batches(path) < 60
    file.close()
    reader = RecordingReader(path)
    for second in (1, 49, 50, 51, 120, 149, 150, 170):
        expected = [0, *range(1, second + 1)]
        assert names(reader, START + second) == sorted(f"web-{n}" for n in expected if n > second - 3), second
    assert reader.change_before(START + 50) == START + 49


def test_a_far_moment_is_not_approached_change_by_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    file = RecordingFile(path, ABOUT)
    file.commit([frame(START, pod(0))], START)
    for second in range(1, 1_000):
        file.commit([tick(START + second, pod(1, ready_since=second))], START + second)
    file.close()
    reader = RecordingReader(path)
    assert [tick.at for tick in reader.ticks_between(START + 3, START + 5) or ()] == [START + 4, START + 5]
    monkeypatch.setattr("dsview.sources.recording.reader.unpack_batch", lambda content: pytest.fail("a batch is read"))
    reader = RecordingReader(path)
    assert reader.ticks_between(START, START + 990) is None


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    write(tmp_path / "a.db", frame(START, pod(1)))
    assert stat.S_IMODE((tmp_path / "a.db").stat().st_mode) == 0o600


def test_one_file_is_left_when_it_is_closed(tmp_path: Path) -> None:
    write(tmp_path / "a.db", frame(START, pod(1)), tick(START + 1, pod(2)))
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
    assert is_recording(tmp_path / "a.db")


def test_it_stays_within_its_size_and_lets_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    items: list[Frame | Tick] = []
    for number in range(60):
        pods = [pod(n) for n in range(BULK)]
        items += [frame(START + 2 * number, *pods), tick(START + 2 * number + 1, *(pod(n) for n in range(BULK)))]
    assert write(path, *items, limits=Limits(size=200_000)) == ""
    assert path.stat().st_size <= 200_000
    reader = RecordingReader(path)
    assert START < reader.first < reader.last == START + 119
    assert len(names(reader, reader.first)) == BULK
    write(tmp_path / "unbounded.db", *items)
    assert (tmp_path / "unbounded.db").stat().st_size > 400_000


def test_what_is_older_than_wanted_goes_with_the_next_key_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    clock = Clock()
    writer = RecordingWriter(path, ABOUT, Limits(age=60.0), clock)
    for number in range(10):
        clock.now = START + 20 * number
        writer.put(frame(clock.now, pod(number)))
        writer.put(StoredEntry(number + 1, clock.now, "finding", "opened", b"\x80"))
        until = writer.file.frames
        while writer.file.frames == until:
            time.sleep(0)
    writer.close()
    reader = RecordingReader(path)
    # The previous key frame is kept: the last minute is read from it.
    assert reader.first == START + 100
    assert reader.entries(START + 1000, 100)[1] == 5


def test_a_size_limit_below_three_key_frames_is_reported(tmp_path: Path) -> None:
    pods = [pod(number) for number in range(5_000)]
    failure = write(tmp_path / "a.db", frame(START, *pods), limits=Limits(size=100_000))
    assert "--max-size leaves no room" in failure


def test_a_file_that_is_not_a_recording_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(UserError, match=r"notes.txt exists and is not a recording; it was not changed\."):
        write(path, frame(START))
    assert path.read_text() == "mine"


def test_a_recording_of_the_same_source_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    write(path, frame(START, pod(1)), tick(START + 1, pod(2)))
    write(path, frame(START + 100, pod(3)), tick(START + 101, pod(4)))
    reader = RecordingReader(path)
    assert names(reader, START + 50) == ["web-1", "web-2"]
    assert names(reader, START + 101) == ["web-3", "web-4"]
    # Nothing was observed between the two, so the difference is not a change of one moment.
    assert reader.ticks_between(START + 1, START + 101) is None
    assert [tick.at for tick in reader.ticks_between(START, START + 50) or ()] == [START + 1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ABOUT, msgspec.structs.replace(ABOUT, source_name="test")),
        (msgspec.structs.replace(ABOUT, redacted=True), ABOUT),
        (ABOUT, msgspec.structs.replace(ABOUT, redacted=True)),
    ],
    ids=["another cluster", "a redacted one", "redacted from now on"],
)
def test_a_recording_is_not_continued_with_something_else(tmp_path: Path, first: About, second: About) -> None:
    write(tmp_path / "a.db", frame(START), about=first)
    before = (tmp_path / "a.db").read_bytes()
    with pytest.raises(UserError, match="Give the name of a new file"):
        write(tmp_path / "a.db", frame(START + 1), about=second)
    assert (tmp_path / "a.db").read_bytes() == before


def test_a_file_can_be_read_while_it_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    writer = RecordingWriter(path, ABOUT, clock=lambda: START)
    writer.put(frame(START, pod(1)))
    while not writer.file.frames:
        time.sleep(0)
    reader = RecordingReader(path)
    writer.put(frame(START + 1, pod(2)))
    while writer.file.frames < 2:
        time.sleep(0)
    assert names(reader, START + 1) == ["web-2"]
    writer.close()


def test_a_file_on_a_read_only_medium_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    write(path, frame(START, pod(1)))
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        assert names(RecordingReader(path), START) == ["web-1"]
    finally:
        tmp_path.chmod(0o700)


def damaged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE frames SET content = x'00ff'")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:100] + b"x" * 20_000), "cannot be read"),
        (damaged, "A part of the recording cannot be read"),
    ],
    ids=["cut off", "overwritten", "a broken frame"],
)
def test_a_broken_file_is_a_sentence(tmp_path: Path, damage: object, words: str) -> None:
    path = tmp_path / "a.db"
    write(path, frame(START, *(pod(number) for number in range(200))))
    assert callable(damage)
    damage(path)
    result = CliRunner().invoke(cli, ["check", "--from", str(path)])
    assert (result.exit_code, words in result.stderr) == (2, True), result.stderr


def test_a_file_without_a_key_frame_says_so(tmp_path: Path) -> None:
    write(tmp_path / "a.db")
    with pytest.raises(UserError, match="contains no key frame"):
        RecordingReader(tmp_path / "a.db")


def test_nothing_is_left_of_a_file_that_cannot_be_begun(tmp_path: Path) -> None:
    process = subprocess.run(
        [*RECORD, str(tmp_path / "a.db")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert process.returncode == 2
    assert "a.db cannot be written: " in process.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_later_version_is_not_continued(tmp_path: Path) -> None:
    write(tmp_path / "a.db", frame(START))
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match="another version of dsview"):
        write(tmp_path / "a.db", frame(START + 1))


def test_a_file_of_a_later_version_says_so(tmp_path: Path) -> None:
    write(tmp_path / "a.db", frame(START))
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match="later version"):
        RecordingReader(tmp_path / "a.db")


RECORD = [sys.executable, "-m", "dsview", "record", "--demo", "troubled"]


def begun(path: Path) -> subprocess.Popen[str]:
    """A recording with its first key frame."""
    process = subprocess.Popen([*RECORD, str(path)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "Recording troubled into" in process.stderr.readline()
    while True:
        try:
            RecordingReader(path).close()
        except UserError:
            continue
        return process


def test_a_recorder_that_is_killed_leaves_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    process = begun(path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    result = CliRunner().invoke(cli, ["check", "--from", str(path), "-o", "json"], standalone_mode=False)
    assert result.return_value == 1
    assert '"name": "troubled"' in result.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_recorder_closes_the_file(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "a.db"
    process = begun(path)
    process.send_signal(number)
    assert process.wait(20) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["a.db"]


def test_a_recorder_on_a_full_disk_says_so_and_leaves_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    before = time.time() - 1000
    write(path, frame(before, *(pod(number) for number in range(200))))
    # The file cannot grow, as on a full disk.
    size = path.stat().st_size + 4096
    with closing(sqlite3.connect(path)) as connection, connection:
        about = msgspec.structs.replace(ABOUT, source_kind="demo", source_name="troubled")
        connection.execute("UPDATE about SET content = ?", (msgspec.msgpack.encode(about),))
    process = subprocess.run(
        [*RECORD, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    assert process.returncode == 2
    assert "Recording to a.db stopped: " in process.stderr
    assert len(names(RecordingReader(path), before)) == 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-5m", START + 7200 - 300),
        ("+1m30s", START + 90),
        ("2027-01-15T08:10:00Z", START + 600),
        ("2027-01-15 09:10:00+01:00", START + 600),
        ("08:10", START + 600),
        ("08:10:07", START + 607),
        (str(int(START) + 5), START + 5),
    ],
)
def test_a_time_may_be_written_in_several_ways(text: str, expected: float) -> None:
    assert parse_moment(text, START, START + 7200) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "25:00", "08:10:99", "-", "-5x", "2027-13-01"])
def test_an_invalid_time_is_rejected(text: str) -> None:
    with pytest.raises(UserError, match="is not a time"):
        parse_moment(text, START, START + 7200)


@pytest.mark.parametrize("text", ["-5h", "07:59", "2026-01-01T00:00:00Z"])
def test_a_time_that_was_not_recorded_is_refused_with_the_times_that_were(text: str) -> None:
    with pytest.raises(UserError, match=r"from 2027-01-15 08:00:00 UTC to 2027-01-15 10:00:00 UTC"):
        parse_moment(text, START, START + 7200)


@pytest.mark.parametrize(("text", "size"), [("1GB", 10**9), ("500m", 5 * 10**8), ("1.5 k", 1500), ("77", 77)])
def test_a_size_may_have_a_unit(text: str, size: int) -> None:
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "--from", str(SCENARIOS[0]), "--at", "-5m"], "is not a recording: --at selects a moment of one"),
        (["record", "x.db", "--from", str(SCENARIOS[0])], "files do not change"),
        (["record", "x.db", "--max-size", "5k"], "--max-size must be at least 1,000,000 bytes"),
        (["record", "x.db", "--max-size", "large"], "'large' is not a size"),
    ],
)
def test_what_makes_no_sense_is_a_sentence_and_exit_code_2(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert (result.exit_code, words in result.stderr) == (2, True), result.stderr


def test_a_replay_knows_every_kind_also_those_that_its_recorder_did_not(tmp_path: Path) -> None:
    write(tmp_path / "a.db", frame(START, pod(1)))
    session = ReplaySession(RecordingReader(tmp_path / "a.db"))
    session.start()
    while session.has_work:
        session.drain(1.0)
    assert session.is_settled
    assert session.state.status(Kind.SERVICE).health is Health.NOT_GIVEN
