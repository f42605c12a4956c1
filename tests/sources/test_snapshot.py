"""`dsview snapshot`: a file with everything that the session reports, which reads as the same cluster."""

from __future__ import annotations

import gzip
import json
import os
import pty
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dsview.core.errors import UserError
from dsview.core.listen import ListenSource, ProxyListeners
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.kinds.service import Service
from dsview.listeners.conf_reading import read_conf
from dsview.session.session import Session
from dsview.session.snapshot import take_snapshot
from dsview.sources.events import Changed, Health, ServerInfo, SourceEvent, StatusChanged
from dsview.sources.files import FilesSource
from dsview.sources.snapshot import Snapshot, write_snapshot

DATA = Path(__file__).parent.parent / "data"
CAPTURED = 1_790_000_000.0


def told(path: Path, **options: Any) -> tuple[FilesSource, list[SourceEvent]]:
    events: list[SourceEvent] = []
    source = FilesSource(str(path), **options)
    source.start(events.append)
    return source, events


def objects(events: list[SourceEvent]) -> dict[Kind, list[Object | ProxyListeners]]:
    found: dict[Kind, list[Object | ProxyListeners]] = {}
    for event in events:
        if isinstance(event, Changed):
            found.setdefault(event.kind, []).extend(event.upserts)
    return {kind: sorted(items, key=lambda item: item.key) for kind, items in found.items()}


def statuses(events: list[SourceEvent]) -> dict[Kind, StatusChanged]:
    return {event.kind: event for event in events if isinstance(event, StatusChanged)}


def snapshot(**fields: Any) -> Snapshot:
    given: dict[str, Any] = {
        "captured_at": CAPTURED,
        "context": "prod",
        "server_version": "v1.36.1",
        "statuses": [StatusChanged(kind=Kind.POD, health=Health.LIVE)],
        "confs": [],
        "objects": [(Kind.POD, Pod(name="web", namespace="shop"))],
    }
    return Snapshot(**(given | fields))


@pytest.mark.parametrize("name", ["snapshot.json", "snapshot.json.gz"])
@pytest.mark.parametrize(
    "cluster", ["scenarios/08-chart-default", "recordings/dual-two-nodes", "recordings/dual-two-nodes-as-viewer"]
)
def test_a_cluster_read_from_its_snapshot_is_the_same(cluster: str, name: str, tmp_path: Path) -> None:
    source = FilesSource(str(DATA / cluster))
    session = Session(source, clock=lambda: CAPTURED)
    session.start()
    while session.has_work:
        session.drain(1.0)
    session.stop()
    write_snapshot(tmp_path / name, take_snapshot(session, CAPTURED))

    again, events = told(tmp_path / name)
    _, before = told(DATA / cluster)
    assert objects(events) == objects(before)
    assert statuses(events) == statuses(before)
    assert again.captured_at == CAPTURED
    assert again.now(0.0) == CAPTURED


def test_what_was_live_or_stale_is_given_and_what_was_not_read_stays_unread(tmp_path: Path) -> None:
    were = {
        Kind.POD: StatusChanged(kind=Kind.POD, health=Health.LIVE),
        Kind.SERVICE: StatusChanged(kind=Kind.SERVICE, health=Health.STALE, reason="the connection broke"),
        Kind.NODE: StatusChanged(kind=Kind.NODE, health=Health.REFUSED, reason='nodes is forbidden: User "eve"'),
        Kind.SERVICE_CIDR: StatusChanged(kind=Kind.SERVICE_CIDR, health=Health.ABSENT),
        Kind.ENDPOINT_SLICE: StatusChanged(kind=Kind.ENDPOINT_SLICE, health=Health.LIVE, namespaces=("shop",)),
        Kind.EVENT: StatusChanged(kind=Kind.EVENT, health=Health.LOADING),
        Kind.INGRESS: StatusChanged(kind=Kind.INGRESS, health=Health.FAILED, reason="HTTP 500"),
    }
    write_snapshot(tmp_path / "s.json", snapshot(statuses=list(were.values())))
    found = statuses(told(tmp_path / "s.json")[1])
    assert {kind: (found[kind].health, found[kind].namespaces) for kind in were} == {
        Kind.POD: (Health.GIVEN, None),
        Kind.SERVICE: (Health.GIVEN, None),
        Kind.NODE: (Health.REFUSED, None),
        Kind.SERVICE_CIDR: (Health.ABSENT, None),
        Kind.ENDPOINT_SLICE: (Health.GIVEN, ("shop",)),
        Kind.EVENT: (Health.NOT_GIVEN, None),
        Kind.INGRESS: (Health.FAILED, None),
    }
    assert found[Kind.NODE].reason == 'nodes is forbidden: User "eve"'
    assert "still being read" in found[Kind.EVENT].reason
    assert found[Kind.CONFIG_MAP].health is Health.NOT_GIVEN


def test_the_pods_of_a_list_that_was_still_loading_are_not_considered_complete(tmp_path: Path) -> None:
    loading = [StatusChanged(kind=Kind.POD, health=Health.LOADING)]
    write_snapshot(tmp_path / "s.json", snapshot(statuses=loading))
    assert statuses(told(tmp_path / "s.json")[1])[Kind.POD].health is Health.NOT_GIVEN


def test_health_of_a_later_dsview_is_not_given_rather_than_a_crash(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s.json", snapshot())
    text = (tmp_path / "s.json").read_text().replace('"health":"live"', '"health":"dreaming"')
    (tmp_path / "s.json").write_text(text)
    assert statuses(told(tmp_path / "s.json")[1])[Kind.POD].health is Health.NOT_GIVEN


def test_nginx_conf_is_written_as_it_was_read_and_predictions_are_not(tmp_path: Path) -> None:
    read = read_conf(Pod(name="a", namespace="n"), b"http { server { listen [::]:80; } } # \xff")
    unread = read_conf(Pod(name="b", namespace="n"), b"http { server {")
    predicted = ProxyListeners(namespace="n", name="c", source=ListenSource.PREDICTED)
    write_snapshot(tmp_path / "s.json", snapshot(confs=[read, unread, predicted]))
    confs = objects(told(tmp_path / "s.json")[1])[Kind.PROXY_LISTENERS]
    assert [(c.name, c.source) for c in confs if isinstance(c, ProxyListeners)] == [
        ("a", ListenSource.READ),
        ("b", ListenSource.UNREAD),
    ]
    assert isinstance(confs[0], ProxyListeners)
    assert confs[0].listeners == read.listeners


def test_document_is_one_that_other_tools_can_read(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s.json", snapshot())
    document = json.loads((tmp_path / "s.json").read_bytes())
    assert document["apiVersion"] == "dsview.io/v1"
    assert document["capturedAt"] == "2026-09-21T14:13:20Z"
    assert [item["kind"] for item in document["items"]] == ["Pod"]
    assert ServerInfo(version="v1.36.1") in told(tmp_path / "s.json")[1]


def test_the_same_session_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.json.gz", "b.json.gz"):
        write_snapshot(tmp_path / name, snapshot())
    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.json.gz").read_bytes()).startswith(b'{"kind":')


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s.json", snapshot())
    assert stat.S_IMODE((tmp_path / "s.json").stat().st_mode) == 0o600


def test_an_old_file_stays_whole_when_writing_fails(tmp_path: Path) -> None:
    def failing() -> Iterator[tuple[Kind, Object]]:
        yield Kind.SERVICE, Service(name="a")
        raise OSError(28, "No space left on device")

    (tmp_path / "s.json").write_text("old")
    with pytest.raises(UserError, match=r"s\.json cannot be written: No space left on device"):
        write_snapshot(tmp_path / "s.json", snapshot(objects=failing()))
    assert (tmp_path / "s.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_bytes)
        write_snapshot(pipe, snapshot())
        assert json.loads(read.result(timeout=30))["kind"] == "DsviewSnapshot"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text("old")
    link.symlink_to(target.name)
    write_snapshot(link, snapshot())
    assert link.is_symlink()
    assert json.loads(target.read_bytes())["kind"] == "DsviewSnapshot"


def test_a_terminal_is_refused(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    link = tmp_path / "terminal"
    link.symlink_to(os.ttyname(theirs))
    with pytest.raises(UserError, match="is a terminal"):
        write_snapshot(link, snapshot())
    os.close(ours)
    os.close(theirs)


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        write_snapshot(tmp_path / "gone" / "s.json", snapshot())


def test_a_snapshot_may_be_narrowed_to_namespaces(tmp_path: Path) -> None:
    pods = [(Kind.POD, Pod(name="web", namespace=namespace)) for namespace in ("shop", "payments")]
    write_snapshot(tmp_path / "s.json", snapshot(objects=pods))
    _, events = told(tmp_path / "s.json", namespaces=("shop",))
    assert [item.key for item in objects(events)[Kind.POD]] == [("shop", "web")]
    assert statuses(events)[Kind.POD].namespaces == ("shop",)


@pytest.mark.parametrize(
    ("taken_of", "wanted", "health", "namespaces"),
    [
        (None, (), Health.GIVEN, None),
        (None, ("shop",), Health.GIVEN, ("shop",)),
        (("shop", "web"), (), Health.GIVEN, ("shop", "web")),
        (("shop", "web"), ("web", "other"), Health.GIVEN, ("web",)),
        (("shop", "web"), ("other",), Health.NOT_GIVEN, None),
    ],
)
def test_a_namespace_outside_a_snapshot_is_not_considered_empty(
    taken_of: tuple[str, ...] | None,
    wanted: tuple[str, ...],
    health: Health,
    namespaces: tuple[str, ...] | None,
    tmp_path: Path,
) -> None:
    status = StatusChanged(kind=Kind.POD, health=Health.LIVE, namespaces=taken_of)
    write_snapshot(tmp_path / "s.json", snapshot(statuses=[status]))
    found = statuses(told(tmp_path / "s.json", namespaces=wanted)[1])[Kind.POD]
    assert (found.health, found.namespaces) == (health, namespaces)


def test_snapshot_has_a_place_for_every_kind() -> None:
    assert {kind for kind in Kind if kind is not Kind.PROXY_LISTENERS} == set(RESOURCES)
