"""Signals and keys that end dsview, at every moment and on a real terminal: it ends soon and restores the terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.apiserver import ApiServer, Raw, Request

DEADLINE = 30.0
SILENCE = 10.0
"""How long a server may say nothing before dsview gives up on a request, in seconds."""

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
SHOW_CURSOR = b"\x1b[?25h"

INTERRUPTED_AT = """
import os, runpy, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == MODULE:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

MODULE = sys.argv.pop(1)
sys.meta_path.insert(0, Interrupt())
runpy.run_module("dsview", run_name="__main__", alter_sys=True)
"""
"""Runs dsview and interrupts it where it imports a module."""


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, *arguments: str, size: tuple[int, int] = (120, 40), program: tuple[str, ...] = ()) -> None:
        self.master, self.slave = pty.openpty()
        self.ends_open = [self.master, self.slave]
        self.resize(*size)
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        self.process = subprocess.Popen(
            [sys.executable, *(program or ("-m", "dsview")), *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
        )

    def resize(self, width: int, height: int) -> None:
        """Change the size, and notify the process as a terminal does."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGWINCH)

    def read(self) -> None:
        """Read what was written so far."""
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.seen += os.read(self.master, 65536)
            except OSError:
                return

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Read until the condition holds."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, f"waited in vain until {what}: {self.seen[-500:]!r}"
            assert self.process.poll() is None, f"it ended: {self.seen[-2000:].decode(errors='replace')}"
            select.select([self.master], [], [], 0.02)
            self.read()

    def ends(self) -> tuple[int, float]:
        """The exit code, and the seconds until the end."""
        started = time.monotonic()
        while self.process.poll() is None:
            assert time.monotonic() - started < DEADLINE
            select.select([self.master], [], [], 0.01)
            self.read()
        took = time.monotonic() - started
        self.read()
        return self.process.returncode, took

    @property
    def is_as_before(self) -> bool:
        """Whether the terminal is in line mode and echoes, with the previous screen and cursor."""
        entered = ENTER in self.seen
        restored = not entered or (self.seen.rfind(LEAVE) > self.seen.rfind(ENTER) and SHOW_CURSOR in self.seen)
        return restored and termios.tcgetattr(self.slave) == self.before

    def close(self) -> None:
        """End the process, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """Close the terminal. There is no signal, because it does not control the process."""
        while self.ends_open:
            os.close(self.ends_open.pop())


OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def mute() -> Iterator[ApiServer]:
    """An API server that accepts every request and never responds."""
    over = threading.Event()

    def say_nothing(request: Request) -> None:
        raise Raw(until=over)

    with ApiServer() as server:
        server.hook = say_nothing
        yield server
        over.set()


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*arguments: str, **options: object) -> Terminal:
        opened.append(Terminal(*arguments, **options))  # type: ignore[arg-type]  # passed on as they are
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def painted(trace: Path, event: str) -> bool:
    """Whether the trace contains an event."""
    return trace.exists() and any(json.loads(line)["event"] == event for line in trace.read_text().splitlines())


WAYS: dict[str, tuple[Callable[[Terminal], object], int]] = {
    "q": (lambda terminal: os.write(terminal.master, b"q"), 0),
    "ctrl-c": (lambda terminal: os.write(terminal.master, b"\x03"), 0),
    "SIGINT": (lambda terminal: terminal.process.send_signal(signal.SIGINT), 130),
    "SIGTERM": (lambda terminal: terminal.process.send_signal(signal.SIGTERM), 143),
    "SIGHUP": (lambda terminal: terminal.process.send_signal(signal.SIGHUP), 129),
}
"""How somebody ends it, and the exit code."""


@pytest.mark.parametrize(("leave", "code"), WAYS.values(), ids=WAYS.keys())
def test_it_does_not_wait_for_a_cluster_that_does_not_answer_when_it_leaves(
    mute: ApiServer,
    tmp_path: Path,
    open_terminal: OpenTerminal,
    leave: Callable[[Terminal], object],
    code: int,
) -> None:
    trace = tmp_path / "trace"
    kubeconfig = mute.write_kubeconfig(tmp_path / "kubeconfig")
    terminal = open_terminal("--kubeconfig", str(kubeconfig), "--trace-file", str(trace))
    terminal.until(lambda: painted(trace, "client_ready") and bool(mute.log), "it asks the server")
    leave(terminal)
    left, took = terminal.ends()
    assert left == code
    assert took < SILENCE / 2
    assert terminal.is_as_before
    assert b"Traceback" not in terminal.seen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_at_the_first_byte_on_the_terminal_leaves_it_as_it_was(
    open_terminal: OpenTerminal, number: signal.Signals
) -> None:
    terminal = open_terminal("--demo")
    terminal.until(lambda: bool(terminal.seen), "it draws")
    terminal.process.send_signal(number)
    left, _ = terminal.ends()
    assert left in (128 + number, -number)
    assert terminal.is_as_before
    assert b"Traceback" not in terminal.seen


@pytest.mark.parametrize(
    "module",
    ["dsview.cli", "click", "dsview.cli.options", "dsview.cli.screen", "textual", "dsview.ui.app", "rich.segment"],
)
def test_an_interruption_at_any_moment_of_the_start_shows_no_traceback(
    open_terminal: OpenTerminal, module: str
) -> None:
    terminal = open_terminal(module, "--demo", program=("-c", INTERRUPTED_AT))
    left, _ = terminal.ends()
    assert left in (130, -signal.SIGINT)
    assert terminal.is_as_before
    assert terminal.seen.strip() == b""


def test_a_terminal_of_one_cell_and_back_is_drawn_again(open_terminal: OpenTerminal, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    terminal = open_terminal("--demo", "healthy", "--trace-file", str(trace))
    terminal.until(lambda: painted(trace, "all_painted"), "all is painted")
    for size in ((1, 1), (300, 2), (2, 100), (1, 1), (100, 30)):
        terminal.resize(*size)
        terminal.until(lambda: True, "it was told")
    terminal.seen = b""
    terminal.resize(120, 40)
    terminal.until(lambda: b"Services" in terminal.seen, "the panes are drawn again")
    os.write(terminal.master, b"q")
    left, _ = terminal.ends()
    assert left == 0
    assert b"Traceback" not in terminal.seen


def test_a_terminal_that_is_closed_ends_it(mute: ApiServer, tmp_path: Path, open_terminal: OpenTerminal) -> None:
    kubeconfig = mute.write_kubeconfig(tmp_path / "kubeconfig")
    terminal = open_terminal("--kubeconfig", str(kubeconfig))
    terminal.until(lambda: bool(mute.log), "it asks the server")
    terminal.hang_up()
    # As the kernel does for the session of a terminal that hangs up.
    terminal.process.send_signal(signal.SIGHUP)
    assert terminal.process.wait(DEADLINE) in (129, -signal.SIGHUP)


@pytest.mark.parametrize("arguments", [("--demo", "healthy"), ("fleet", "--demo")], ids=["dashboard", "fleet"])
def test_it_ends_when_its_terminal_is_gone_and_no_signal_says_so(
    tmp_path: Path, open_terminal: OpenTerminal, arguments: tuple[str, ...]
) -> None:
    trace = tmp_path / "trace"
    terminal = open_terminal(*arguments, "--trace-file", str(trace))
    terminal.until(lambda: ENTER in terminal.seen, "the screen is there")
    terminal.hang_up()
    assert terminal.process.wait(timeout=DEADLINE) == 129


def test_a_fleet_that_is_told_to_leave_while_it_opens_is_no_fault(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal("fleet", "--demo")
    terminal.until(lambda: ENTER in terminal.seen, "the screen is there")
    terminal.process.send_signal(signal.SIGTERM)
    left, _ = terminal.ends()
    assert left == 143
    assert b"Something went wrong" not in terminal.seen
