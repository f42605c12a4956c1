"""A recording that was made to do harm: none of its text has an effect, and impossible content is a sentence."""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from textual.pilot import Pilot

from dsview.analysis.timeline_entry import Category, Entry, EntryType
from dsview.checks.engine.check import LayerName
from dsview.cli import cli
from dsview.core.errors import UserError
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.text import Safe
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.session.recorder import Recorder
from dsview.session.replay import ReplaySession
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.sources.events import Health, StatusChanged
from dsview.sources.recording import content
from dsview.sources.recording.columns import Columns
from dsview.sources.recording.content import Frame, Head, Judged, Tick, pack_batch
from dsview.sources.recording.file import StoredEntry
from dsview.sources.recording.reader import RecordingReader
from dsview.sources.recording.schema import About
from dsview.sources.recording.writer import RecordingWriter
from dsview.ui.app import DsviewApp
from dsview.ui.timebar import TimeBar
from tests.security import hostile, places
from tests.security.hostile_cluster import HostileSource, settled
from tests.security.places import Rule, Screens

START = 1_800_000_000.0


def writer_of(path: Path) -> RecordingWriter:
    """A writer of a new recording of the cluster `prod`."""
    return RecordingWriter(path, About(dsview="1", source_kind="cluster", source_name="prod"), clock=lambda: START)


def live_statuses(since: float = 0.0) -> list[StatusChanged]:
    """Every kind is live."""
    return [StatusChanged(kind=kind, health=Health.LIVE, since=since) for kind in Kind]


def stored(entry: Entry) -> StoredEntry:
    """An entry of the timeline as a recording has it."""
    return StoredEntry(entry.number, entry.at, entry.category.value, entry.type.value, msgspec.msgpack.encode(entry))


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """The database of a recording, for changes that dsview would not make."""
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


def check(path: Path, output: str = "text") -> Result:
    """`dsview check` of a recording."""
    return CliRunner().invoke(cli, ["check", "--from", str(path), "-o", output])


async def wait_until(pilot: Pilot[UserError | None], condition: Callable[[], object]) -> None:
    """Wait until a condition is true; the time limit of the test ends the wait."""
    while not condition():
        await pilot.pause(0.02)


def has_settled(app: DsviewApp) -> bool:
    """Whether the session on the screen has read everything."""
    return app.workspace is not None and app.workspace.session.was_settled


def hostile_recording(path: Path, texts: list[str]) -> Path:
    """A recording in which every text is one of these, made without the code that sanitises text."""
    texts = hostile.decodable(texts)
    session = settled(HostileSource(texts))
    writer = RecordingWriter(path, About(dsview=texts[0], source_kind="cluster", source_name=texts[1]))
    refs = [ObjectRef("Pod", pod.namespace, pod.name) for pod in session.state.pods]
    judged = [
        Judged(
            ("Pod", ref.namespace or "", ref.name),
            (
                Finding(
                    check="DS-POD-001",
                    severity=Severity.WARNING,
                    object=ref,
                    family="IPv6",
                    message=text,
                    observed=text,
                    expected=text,
                    fix=f"# {text}".replace("\n", " ").replace("\r", " "),
                    exempted_for=text,
                ),
            ),
            (START,),
        )
        for ref, text in zip(refs, texts, strict=False)
    ]
    text = "".join(texts)
    writer.put(
        Frame(
            at=START,
            objects={kind: list(session.state.store(kind)) for kind in Kind},
            statuses=[
                StatusChanged(
                    kind=kind, health=Health.STALE if kind is Kind.NODE else Health.LIVE, reason=text, cut_off=text
                )
                for kind in Kind
            ],
            judged=judged,
            head=Head(
                server_version=text,
                banners=(text,),
                notes=(text,),
                quarantined=(("Pod", text, text), ("Nonsense", text, text)),
                failures={text: text},
            ),
        )
    )
    for number, (ref, entry_text) in enumerate(zip(refs, texts, strict=False), 1):
        is_loss = bool(number % 2)
        entry = Entry(
            number=number,
            at=START + number,
            category=Category.FAMILY if is_loss else Category.FINDING,
            type=EntryType.LOST if is_loss else EntryType.OPENED,
            text=Safe(entry_text),
            ref=ref,
            check=entry_text,
            kinds=(entry_text,),
            families=("IPv6",) if is_loss else (),
            layer=LayerName.PODS if is_loss else None,
        )
        writer.put(stored(entry))
    pods = {pod.key: msgspec.structs.replace(pod, pod_ips=("10.0.0.1",)) for pod in list(session.state.pods)[:30]}
    writer.put(Tick(at=START + 500, objects={Kind.POD: dict(pods)}, statuses=[], judged=[], head=None))
    writer.close()
    assert not writer.failure
    return path


def opened(path: Path) -> ReplaySession:
    session = ReplaySession(RecordingReader(path))
    session.start()
    while session.has_work:
        session.drain(1.0)
    return session


async def test_text_of_a_recording_has_no_effect_anywhere(tmp_path: Path) -> None:
    path = hostile_recording(tmp_path / "a.dsview", hostile.strings(0, 300))
    session = opened(path)
    found: list[tuple[str, Rule, str]] = [*places.reports(session), *places.traces(session), *places.heads(session)]
    app = DsviewApp(lambda: ReplaySession(RecordingReader(path)), source_name="a.dsview")
    async with app.run_test(size=(200, 60), notifications=True) as pilot:
        screens = Screens(app, pilot)
        await wait_until(pilot, lambda: has_settled(app))
        found += await screens.panes()
        for keys, name in ((("T",), "timeline"), (("w",), "findings"), (("D",), "comparison")):
            app.go.home()
            await screens.open(*keys)
            await pilot.pause(0.5)
            found += list(screens.shown(name))
    for name, rule, text in found:
        try:
            rule(text)
        except (AssertionError, ValueError, SyntaxError) as error:
            raise AssertionError(f"{name}: {error}") from error


def test_names_in_the_chart_of_a_html_report_are_text(tmp_path: Path) -> None:
    path = tmp_path / "a.dsview"
    texts = hostile.decodable(hostile.strings(0, 120))
    writer = writer_of(path)
    writer.put(Frame(at=START, objects={}, statuses=live_statuses(), judged=[], head=Head()))
    for number, text in enumerate(["<script>alert(1)</script>", *texts], 1):
        entry = Entry(
            number=number,
            at=START + number,
            category=Category.FAMILY,
            type=EntryType.LOST if number % 2 else EntryType.GAINED,
            text=Safe("It is so."),
            ref=ObjectRef("Service", text, text),
            families=("IPv6",),
            layer=LayerName.SERVICES,
        )
        writer.put(stored(entry))
    writer.close()
    result = check(path, "html")
    assert "Families over time" in result.stdout, result.stderr
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in result.stdout
    hostile.hold_html(result.stdout)


async def test_the_time_bar_shows_the_name_of_a_file_as_text(tmp_path: Path) -> None:
    names = ["a[red]b", "a\x1b[2Jb", "a\u202eb\u2066c", "a\nb\rc", "<b>", "[@click=app.quit]x["]
    paths = iter(tmp_path / f"{name}.dsview" for name in names)
    app = DsviewApp(
        lambda: Session(DemoSource("healthy")),
        source_name="demo",
        start_recording=lambda session: Recorder(session, next(paths)),
    )
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screens = Screens(app, pilot)
        await wait_until(pilot, lambda: has_settled(app))
        texts = []
        for _ in names:
            await screens.open("R")
            texts.append(app.screen.query_one(TimeBar).render().plain)
            for _, rule, text in screens.shown("time bar"):
                rule(text)
            await screens.open("R")
            for _, rule, text in screens.shown("notice"):
                rule(text)
        assert "Recording into a[red]b.dsview; R stops it." in texts[0]
        assert "[@click=app.quit]x[" in texts[-1]


def recording_of_one_pod(path: Path) -> Path:
    """A recording of one Pod."""
    writer = writer_of(path)
    pod = Pod(name="web", namespace="shop", phase="Running", pod_ips=("10.0.0.1",))
    writer.put(Frame(at=START, objects={Kind.POD: [pod]}, statuses=live_statuses(), judged=[], head=Head()))
    entry = Entry(number=1, at=START, category=Category.FINDING, type=EntryType.OPENED, text=Safe("It is so."))
    writer.put(stored(entry))
    writer.put(Tick(at=START, objects={Kind.POD: {pod.key: pod}}, statuses=[], judged=[], head=None))
    writer.close()
    return path


def _change_columns(change: Callable[[Columns], None]) -> Callable[[sqlite3.Connection], None]:
    def act(connection: sqlite3.Connection) -> None:
        (data,) = connection.execute("SELECT content FROM frames").fetchone()
        stored_frame = msgspec.msgpack.decode(data, type=content._StoredFrame)
        columns = content._unpack(stored_frame.objects["Pod"][0], Columns)
        change(columns)
        stored_frame.objects["Pod"] = [content._pack(columns)]
        connection.execute("UPDATE frames SET content = ?", (msgspec.msgpack.encode(stored_frame),))

    return act


def _claim_many_objects(columns: Columns) -> None:
    columns.size = 10**12


def _zip_bomb(connection: sqlite3.Connection) -> None:
    packer = zlib.compressobj(9)
    zeros = bytes(1 << 22)
    data = b"".join(packer.compress(zeros) for _ in range(65)) + packer.flush()
    (frame,) = connection.execute("SELECT content FROM frames").fetchone()
    stored_frame = msgspec.msgpack.decode(frame, type=content._StoredFrame)
    stored_frame.objects["Pod"] = [data]
    connection.execute("UPDATE frames SET content = ?", (msgspec.msgpack.encode(stored_frame),))


def _stray_patch(connection: sqlite3.Connection) -> None:
    was, now = Pod(name="x", namespace="y"), Pod(name="x", namespace="y", ready=True)
    tick = Tick(
        at=START,
        objects={Kind.POD: {now.key: now}},
        before={Kind.POD: {was.key: was}},
        statuses=[],
        judged=[],
        head=None,
    )
    connection.execute("UPDATE batches SET content = ?", (pack_batch([tick]),))


def _run_sql(*statements: str) -> Callable[[sqlite3.Connection], None]:
    def act(connection: sqlite3.Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    return act


DAMAGE: dict[str, tuple[Callable[[sqlite3.Connection], None], str]] = {
    "a zip bomb": (_zip_bomb, "too large"),
    "a column of a million million objects": (_change_columns(_claim_many_objects), "do not fit together"),
    "a change of what is not there": (_stray_patch, "do not fit together"),
    "a part larger than any": (_run_sql("UPDATE frames SET content = zeroblob(300000000)"), "too big"),
    "a part that is text": (_run_sql("UPDATE frames SET content = 'text'"), "the wrong type"),
    "a time that is text": (_run_sql("UPDATE frames SET at = 'soon'"), "an impossible time"),
    "a time before 1970": (_run_sql("UPDATE frames SET at = -1e9"), "an impossible time"),
    "an infinite time": (_run_sql("UPDATE frames SET at = 9e999"), "an impossible time"),
    "a time after the year 9999": (_run_sql("UPDATE frames SET at = 1e17"), "an impossible time"),
    "a view that never ends": (
        _run_sql(
            "DROP TABLE about",
            "CREATE VIEW about AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)"
            " SELECT n AS content FROM r WHERE n < 0",
        ),
        "its tables are not those of a recording",
    ),
    "a trigger": (
        _run_sql("CREATE TRIGGER t AFTER INSERT ON frames BEGIN DELETE FROM frames; END"),
        "its tables are not those of a recording",
    ),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGE.values(), ids=DAMAGE)
def test_impossible_content_gives_a_sentence_and_exit_code_2(
    tmp_path: Path, damage: Callable[[sqlite3.Connection], None], words: str
) -> None:
    path = recording_of_one_pod(tmp_path / "a.dsview")
    with tampering(path) as connection:
        damage(connection)
    result = check(path)
    assert (result.exit_code, words in result.stderr) == (2, True), result.stderr


def test_a_damaged_catalogue_gives_a_sentence(tmp_path: Path) -> None:
    path = recording_of_one_pod(tmp_path / "a.dsview")
    data, found = re.subn(
        rb"tableaboutabout(.)CREATE TABLE", b"table\xf8boutabout\\1CREATE TABLX", path.read_bytes(), flags=re.DOTALL
    )
    assert found
    path.write_bytes(data)
    result = check(path)
    assert (result.exit_code, "its text is damaged" in result.stderr) == (2, True), result.output
    result = CliRunner().invoke(cli, ["record", str(path), "--demo", "healthy", "--for", "1s"])
    assert (result.exit_code, "its text is damaged" in result.stderr) == (2, True), result.output


async def test_the_screen_reports_an_entry_that_cannot_be_read_and_shows_the_others(tmp_path: Path) -> None:
    path = hostile_recording(tmp_path / "a.dsview", [f"text {number}" for number in range(40)])
    app = DsviewApp(lambda: ReplaySession(RecordingReader(path)), source_name="a.dsview")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screens = Screens(app, pilot)
        await wait_until(pilot, lambda: has_settled(app))
        with tampering(path) as connection:
            connection.execute("UPDATE entries SET content = x'00' WHERE number = 1")
        assert app.workspace is not None
        session = app.workspace.session
        assert isinstance(session, ReplaySession)
        session.seek(START + 3)
        await wait_until(pilot, lambda: not session.has_work)
        failure = session.take_failure()
        assert failure is not None
        assert "An entry of the recording's timeline cannot be read" in str(failure)
        assert session.position == session.now
        await screens.open("T")
        await pilot.pause(0.1)
        assert "An entry of the recording's timeline cannot be read" in "".join(
            str(toast.render()) for toast in app.screen.query("Toast")
        )
        # The readable moments can still be shown.
        with tampering(path) as connection:
            connection.execute("DELETE FROM entries WHERE number = 1")
        session.seek(START + 3)
        await wait_until(pilot, lambda: not session.has_work)
        assert (session.take_failure(), session.now) == (None, START + 3)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE spans SET began = -1e300, ended = 1e300",
        "UPDATE spans SET ended = 'late'",
        "UPDATE batches SET began = -1, ended = 9e999",
        "UPDATE entries SET at = -1e18",
        "UPDATE entries SET at = 'x', sort = x'00', turn = 7",
    ],
)
def test_impossible_times_that_nothing_depends_on_do_no_harm(tmp_path: Path, statement: str) -> None:
    path = recording_of_one_pod(tmp_path / "a.dsview")
    with tampering(path) as connection:
        connection.execute(statement)
    result = check(path, "html")
    assert result.exit_code in (0, 1, 2), result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("number", [-(2**63), -1, 2**63 - 1])
async def test_objects_of_impossible_age_are_shown(tmp_path: Path, number: int) -> None:
    path = tmp_path / "a.dsview"
    writer = writer_of(path)
    pod = Pod(
        name="web", namespace="shop", phase="Running", created=number, start_time=number, ready_since=number, deleted=1
    )
    finding = Finding(
        check="DS-POD-001", severity=Severity.WARNING, object=ObjectRef("Pod", "shop", "web"), message="It is so."
    )
    judged = [Judged(("Pod", "shop", "web"), (finding,), (float(number),))]
    statuses = live_statuses(since=float(number))
    writer.put(Frame(at=START, objects={Kind.POD: [pod]}, statuses=statuses, judged=judged, head=Head()))
    writer.close()
    app = DsviewApp(lambda: ReplaySession(RecordingReader(path)), source_name="a.dsview")
    async with app.run_test(size=(160, 50)) as pilot:
        await wait_until(pilot, lambda: has_settled(app))
        for key in ("2", "enter", "escape", "w", "escape", "T"):
            await pilot.press(key)
            await pilot.pause(0.05)
    for output in ("text", "html", "json"):
        result = check(path, output)
        assert result.exit_code in (0, 1), result.stderr
