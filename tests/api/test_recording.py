"""A recording of a cluster: each moment has the state that was live, whatever happened to the recorder."""

from __future__ import annotations

import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dsview.cluster.pod_set import PodSet, pod_set
from dsview.kinds.pod import Pod
from dsview.session import seeking
from dsview.session.recorder import Recorder
from dsview.session.replay import ReplaySession
from dsview.session.session import Session
from dsview.sources.recording.reader import RecordingReader
from dsview.sources.redact import RedactedSource
from tests.support.apiserver import ApiServer
from tests.support.troubled_server import START, TroubledServer, report_of

MOMENTS = (0, 4, 8, 9, 11, 16, 20, 24, 26, 32, 34, 40, 43, 48, 52, 57, 62, 69, 77, 85, 90, 97, 109, 130, 200)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., TroubledServer]]:
    running: list[TroubledServer] = []

    def begin(**options: Any) -> TroubledServer:
        running.append(TroubledServer(ApiServer(), tmp_path, **options))
        return running[-1]

    yield begin
    for server in running:
        server.stop()


def replayed(path: Path, at: float | None = None) -> ReplaySession:
    session = ReplaySession(RecordingReader(path), at=at)
    session.start()
    return settled(session)


def settled(session: ReplaySession) -> ReplaySession:
    while session.has_work:
        session.drain(1.0)
        session.wait(1.0)
    session.drain(1.0)
    assert session.is_settled
    return session


def killed(path: Path, at: float, folder: Path) -> Path:
    """The files right after that moment was written, as a kill would leave them."""
    folder.mkdir()
    while RecordingReader(path).last < at:
        pass
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, folder / file.name)
    return folder / path.name


def timeline(session: Session) -> list[tuple[object, ...]]:
    return [(e.at, e.type, e.text, e.ref, e.check, e.lasted) for e in session.timeline.entries]


def test_each_moment_is_replayed_as_it_was_live_even_after_a_kill(
    start: Callable[..., TroubledServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start()
    path = tmp_path / "troubled.dsview"
    recorder = Recorder(server.session, path)
    live: dict[float, tuple[str, list[tuple[object, ...]]]] = {}
    left = None
    for moment in MOMENTS:
        server.at(moment)
        server.session.drain(1.0)
        live[server.now] = (report_of(server.session), timeline(server.session))
        if moment == 57:
            left = killed(path, server.now, tmp_path / "killed")
    recorder.stop()
    assert not recorder.failure
    assert left is not None
    assert len(live) >= 20
    assert len({report for report, _ in live.values()}) >= 10

    whole = replayed(path)
    for at, told in live.items():
        assert (report_of(replayed(path, at)), timeline(replayed(path, at))) == told, at - START
    # From one moment to any other, forwards and backwards.
    order = [*live, *reversed(live), *list(live)[::3], *list(live)[::-5]]
    for at in order:
        whole.seek(at)
        assert (report_of(settled(whole)), timeline(whole)) == live[at], at - START
    # The same if all Pods are replaced at once, as in a large cluster after most of them changed.
    monkeypatch.setattr(seeking, "MIN_REPLACED", 0)
    monkeypatch.setattr(seeking, "REPLACED_SHARE", 1_000)
    at_once: list[int] = []

    def counted(pods: list[Pod]) -> PodSet:
        at_once.append(len(pods))
        return pod_set(pods)

    monkeypatch.setattr(seeking, "pod_set", counted)
    for at in order:
        whole.seek(at)
        assert (report_of(settled(whole)), timeline(whole)) == live[at], at - START
    assert len(at_once) >= 5
    part = replayed(left)
    for at in [at for at in live if at <= START + 57]:
        part.seek(at)
        assert report_of(settled(part)) == live[at][0], at - START
    assert part.reader.last < START + 62


def test_what_is_recorded_redacted_holds_no_name_and_no_address(
    start: Callable[..., TroubledServer], tmp_path: Path
) -> None:
    server = start(wrap=lambda source: RedactedSource(source, b"key"))
    path = tmp_path / "redacted.dsview"
    recorder = Recorder(server.session, path, redacted=True)
    live: dict[float, str] = {}
    for moment in MOMENTS:
        server.at(moment)
        server.session.drain(1.0)
        live[server.now] = report_of(server.session)
    left = killed(path, server.now, tmp_path / "killed")
    recorder.stop()
    assert len(live) >= 20
    for kept in (path, left):
        session = replayed(kept)
        for at, report in live.items():
            session.seek(at)
            assert report_of(settled(session)) == report, at - START
    content = b"".join(plain(path))
    for secret in (b"payments", b"shop", b"worker-a", b"10.96.", b"fd00:10", b"ledger", b"web-"):
        assert secret not in content, secret
    for table in ("about", "entries"):
        assert b"loopback" not in b"".join(rows(path, table))


def plain(path: Path) -> Iterator[bytes]:
    """Everything in the file, unpacked."""
    for frame in rows(path, "frames"):
        stored = msgspec.msgpack.decode(frame)
        parts = [part for parts in stored["objects"].values() for part in parts]
        yield from map(zlib.decompress, [*parts, stored["rest"]])
    yield from map(zlib.decompress, rows(path, "batches"))
    yield from rows(path, "entries")


def rows(path: Path, table: str) -> list[bytes]:
    with closing(sqlite3.connect(path)) as connection:
        return [content for (content,) in connection.execute(f"SELECT content FROM {table}")]
