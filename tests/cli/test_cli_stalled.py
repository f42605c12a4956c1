"""A command whose cluster stops responding ends by itself, with what was read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsview.cli import cli, sessions
from dsview.cli.sessions import STALL_TIMEOUT, run_to_end
from dsview.core.errors import UserError
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.session.session import Session
from dsview.sources.events import Health
from tests.support.apiserver import ApiServer, Raw, Request
from tests.support.clusters import DATA
from tests.support.scripted import ScriptedSource

SOUND = DATA / "scenarios" / "14-eks-ipv6"


class Cluster(ScriptedSource):
    """A source whose `on_look` sends events each time the clock is read; the clock advances by a minute each time."""

    def __init__(self, on_look: Callable[[Cluster, int], None]) -> None:
        super().__init__()
        self.looks = 0
        self._on_look = on_look

    def clock(self) -> float:
        self.looks += 1
        self._on_look(self, self.looks)
        return self.looks * 60.0


def run(cluster: Cluster, timeout: float | None = None) -> tuple[Session, str]:
    session = Session(cluster)
    missing = run_to_end(session, timeout, clock=cluster.clock)
    session.stop()
    return session, missing


def all_but_pods(cluster: Cluster, look: int) -> None:
    if look == 1:
        cluster.set_health(*(kind for kind in Kind if kind not in {Kind.POD, Kind.PROXY_LISTENERS}))


def test_it_ends_two_minutes_after_anything_more_was_read_and_names_what_is_missing() -> None:
    cluster = Cluster(all_but_pods)
    session, missing = run(cluster)
    assert cluster.looks * 60 <= STALL_TIMEOUT + 5 * 60
    assert "No more data arrived for 120 s; not read: Pod" in missing
    assert session.state.status(Kind.POD).health is Health.FAILED
    assert any("pods could not be read: no more data arrived for 120 s" in text for text in sessions.unread(session))
    assert session.not_evaluated(), "checks that need pods are not passed"


def test_it_goes_on_as_long_as_more_comes() -> None:
    def slowly(cluster: Cluster, look: int) -> None:
        all_but_pods(cluster, look)
        if look == 30:
            cluster.set_health(Kind.POD, health=Health.LIVE)
        elif look < 30:
            cluster.put(Kind.POD, Pod(namespace="shop", name=f"p{look}"))

    assert run(Cluster(slowly))[1] == ""


def test_what_changes_in_kinds_that_are_known_does_not_count() -> None:
    def noisy(cluster: Cluster, look: int) -> None:
        all_but_pods(cluster, look)
        if look < 60:
            cluster.put(Kind.SERVICE, Service(namespace="shop", name=f"s{look}"))

    cluster = Cluster(noisy)
    assert "Pod" in run(cluster)[1]
    assert cluster.looks < 10


def test_with_a_timeout_only_that_counts() -> None:
    cluster = Cluster(all_but_pods)
    with pytest.raises(UserError, match="Timed out after 1200 s"):
        run(cluster, timeout=1200.0)
    assert cluster.looks > 20


def test_where_nothing_was_read_at_all_it_is_an_error() -> None:
    with pytest.raises(UserError, match="no more data arrived") as caught:
        run(Cluster(lambda cluster, look: None))
    assert caught.value.exit_code == 3


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """A server that answers requests for everything except pods."""
    monkeypatch.setattr(sessions, "STALL_TIMEOUT", 0.5)
    server, is_over = ApiServer(), threading.Event()
    server.load(json.loads((SOUND / "objects.json").read_text())["items"])

    def hook(request: Request) -> None:
        if request.plural == "pods":
            raise Raw(until=is_over)

    server.hook = hook
    with server:
        yield server
        is_over.set()


def command(api: ApiServer, folder: Path, *words: str) -> Result:
    kubeconfig = api.write_kubeconfig(folder / "kubeconfig")
    return CliRunner().invoke(cli, [*words, "--kubeconfig", str(kubeconfig)], standalone_mode=False)


@pytest.mark.parametrize(
    "words",
    [
        ("check", "--fail-on", "never"),
        ("check", "-o", "json"),
        ("show", "services"),
        ("plan",),
        ("trace", "service/kube-system/kube-dns"),
    ],
    ids=" ".join,
)
def test_each_command_says_what_is_missing_and_returns_3(
    api: ApiServer, tmp_path: Path, words: tuple[str, ...]
) -> None:
    result = command(api, tmp_path, *words)
    assert result.return_value == 3, result.output
    assert "not read: Pod" in result.stderr
    assert result.stdout.strip(), "what was read is printed"
