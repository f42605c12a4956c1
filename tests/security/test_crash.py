"""A fault inside dsview: a sentence and a report, never a traceback on the terminal, and the screen stays."""

from __future__ import annotations

import os
import pty
import select
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsview.cli import crash
from dsview.core.errors import EXIT_FAULT, UserError
from dsview.core.listen import ListenSource, ProxyListeners
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.sources.events import Health
from dsview.sources.kube import backoff, reflector
from dsview.sources.kube.object_batcher import ObjectBatcher
from dsview.sources.kube.proxy_configs import ProxyConfigReaders
from dsview.sources.kube.source import KubeSource
from tests.security.live import cluster, live
from tests.support.apiserver import ApiServer
from tests.support.live import Live as ApiSession

SECRET = "canary-password-9d8c7b6a"


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with cluster() as server:
        yield server


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of crash reports."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "dsview"


Said = pytest.CaptureFixture[str]


@pytest.fixture
def failing_threads(monkeypatch: pytest.MonkeyPatch, capfd: Said) -> Said:
    """Failures of threads are reported as by the command line. Returns what is written on the terminal."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    crash.set_up()
    return capfd


def on_a_terminal(program: str, *, keys: bytes = b"", until: bytes = b"") -> tuple[int, str]:
    """Run Python on a terminal of 120 by 40; the exit code and everything that was written on it.

    The keys are pressed once the text `until` was written.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", program])
    written, end = b"", time.monotonic() + 40
    is_pressed = not keys
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                written += os.read(terminal, 1 << 16)
            except OSError:
                break
        if not is_pressed and until in written:
            os.write(terminal, keys)
            is_pressed = True
    else:
        os.kill(pid, signal.SIGKILL)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), written.decode("utf-8", "replace")


@pytest.mark.parametrize(
    "broken",
    ["on_key", "on_timer", "render"],
)
def test_an_exception_in_the_screen_leaves_with_a_sentence_a_report_and_70(broken: str, state_folder: Path) -> None:
    program = f"""
from dsview import cli
from dsview.ui.screens.main import MainScreen
from dsview.ui.table import Table
def fail(*_):
    password = "{SECRET}"
    raise RuntimeError("out of \x1b[31mluck")
if {broken!r} == "on_key":
    MainScreen.action_sort = fail
elif {broken!r} == "on_timer":
    MainScreen.on_mount = lambda self: self.set_timer(0.2, fail)
else:
    Table.render_line = fail
import sys
sys.argv = ["dsview", "--demo"]
cli.main()
"""
    code, text = on_a_terminal(program, keys=b"s", until=b"Services")
    last = text.rpartition("\x1b[?1049l")[2].replace("\r\n", "")
    assert code == EXIT_FAULT
    assert "dsview: Something went wrong inside dsview (RuntimeError). Please report it with" in last
    assert "Traceback" not in text
    assert "luck" not in last
    (report,) = state_folder.glob("crash-*.txt")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert "RuntimeError: out of \\x1b[31mluck" in report.read_text()
    assert SECRET not in report.read_text()


async def test_a_thread_that_fails_is_told_of_on_the_screen_and_its_kind_is_not_called_live(
    api: ApiServer, tmp_path: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch, failing_threads: Said
) -> None:
    list_and_watch = reflector.Reflector._list_and_watch

    def fail(self: reflector.Reflector) -> None:
        if self._resource.plural == "nodes":
            raise TypeError("broken")
        list_and_watch(self)

    monkeypatch.setattr(reflector.Reflector, "_list_and_watch", fail)
    async with live(api.write_kubeconfig(tmp_path / "kubeconfig")) as one:
        with crash.reporting_to(one.app.faults.report):
            await one.until(lambda: "Something went wrong inside dsview (TypeError)" in one.text, "it is told of")
            await one.settled()
            assert one.app.workspace is not None
            assert one.app.workspace.session.state.status(Kind.NODE).health is Health.FAILED
            assert one.app.workspace.session.state.status(Kind.POD).health is Health.LIVE
    assert len(list(state_folder.glob("crash-*.txt"))) == 1
    said = failing_threads.readouterr()
    assert "Traceback" not in said.out + said.err


def test_a_kind_that_dsview_failed_on_is_live_again_when_the_fault_is_over(
    api: ApiServer, tmp_path: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch, failing_threads: Said
) -> None:
    add_event, faults = ObjectBatcher.add_event, [TypeError("broken")] * 5
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 0.01)

    def fail_at_first(self: ObjectBatcher, data: bytes, *, is_listing: bool) -> str | None:
        if self._kind is Kind.NODE and faults:
            raise faults.pop()
        return add_event(self, data, is_listing=is_listing)

    monkeypatch.setattr(ObjectBatcher, "add_event", fail_at_first)
    one = ApiSession(api, tmp_path)
    one.until_status(Health.FAILED, "dsview itself failed while reading them (TypeError)", Kind.NODE)
    one.assert_recovers()
    one.session.stop()
    assert not faults
    assert len(list(state_folder.glob("crash-*.txt"))) == 1, "one report of all of them"


async def test_an_nginx_conf_that_dsview_fails_on_is_predicted_and_the_next_is_read(
    api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_threads: Said
) -> None:
    read_conf = ProxyConfigReaders._read
    unlucky: set[Key] = set()

    def fail_for_one(self: ProxyConfigReaders, pod: Pod, container: str) -> ProxyListeners:
        if not unlucky:
            unlucky.add(pod.key)
        if pod.key in unlucky:
            raise ValueError("broken")
        return read_conf(self, pod, container)

    monkeypatch.setattr(ProxyConfigReaders, "_read", fail_for_one)
    async with live(api.write_kubeconfig(tmp_path / "kubeconfig")) as one:
        await one.settled()
        assert one.app.workspace is not None
        confs = {conf.key: conf for conf in one.app.workspace.session.state.proxy_listeners}
    read = {key for key, conf in confs.items() if conf.source is ListenSource.READ}
    assert read == confs.keys() - unlucky
    assert {confs[key].reason for key in unlucky} == {"dsview failed to read it (ValueError)"}


async def test_a_yaml_that_dsview_fails_on_is_said_in_its_place(
    api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_threads: Said
) -> None:
    def fail(self: KubeSource, kind: Kind, key: object) -> str:
        raise TypeError("broken")

    monkeypatch.setattr(KubeSource, "read_manifest", fail)
    async with live(api.write_kubeconfig(tmp_path / "kubeconfig")) as one:
        await one.settled()
        await one.press("1", "Y")
        await one.until(lambda: "dsview failed to read it (TypeError)" in one.text, "it is said")


def test_a_command_whose_thread_fails_ends_and_says_so(api: ApiServer, tmp_path: Path, state_folder: Path) -> None:
    kubeconfig = api.write_kubeconfig(tmp_path / "kubeconfig")
    program = """
from dsview import cli
from dsview.sources.kube import backoff, reflector
def fail(self): raise KeyError("broken")
reflector.Reflector._list_and_watch = fail
cli.main()
"""
    result = subprocess.run(
        [sys.executable, "-c", program, "check", "--kubeconfig", str(kubeconfig)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 3
    assert "dsview itself failed while reading them (KeyError)" in result.stderr
    assert "Please report it with" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(state_folder.glob("crash-*.txt"))


def test_the_oldest_reports_go(state_folder: Path) -> None:
    state_folder.mkdir(parents=True)
    for number in range(30):
        (state_folder / f"crash-20200101-0000{number:02d}-1.txt").touch()
    report = crash.write_report(RuntimeError("new"))
    kept = sorted(state_folder.iterdir())
    assert len(kept) == 10
    assert report == kept[-1]


def test_where_no_report_can_be_written_the_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert "--log-file" in crash.crash_sentence(UserError("no"))
