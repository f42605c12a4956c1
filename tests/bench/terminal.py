"""A program on a terminal of its own (a pty): its output with times, and its input."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.serving import environment

SIZE = (160, 48)
_SEQUENCE = re.compile(rb"\x1b\[([0-9;?]*)([A-Za-z])|\x1b[^\[]|[^\x1b]+")
_BACKGROUND = re.compile(rb"48;[25];[0-9;]+")


class Terminal:
    """Runs a command on a pty until it is closed; a context manager. All times are those of `time.monotonic`."""

    def __init__(self, command: Sequence[str], *, size: tuple[int, int] = SIZE) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.started = time.monotonic()
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environment()
        )
        os.close(slave)
        self.pid = self._process.pid
        self._arrived = threading.Condition()
        self._written: list[tuple[float, bytes]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join(5)
        os.close(self._master)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 1 << 16):
                with self._arrived:
                    self._written.append((time.monotonic(), data))
                    self._arrived.notify_all()

    @property
    def is_running(self) -> bool:
        """Whether the program is still running."""
        return self._process.poll() is None

    def press(self, key: bytes) -> float:
        """Send a key. Returns the time."""
        pressed = time.monotonic()
        os.write(self._master, key)
        return pressed

    def mark(self) -> int:
        """A position in the output, to wait or read from."""
        with self._arrived:
            return len(self._written)

    def since(self, mark: int) -> bytes:
        """The output since a mark."""
        with self._arrived:
            return b"".join(data for _, data in self._written[mark:])

    def when(self, holds: Callable[[bytes], bool], mark: int = 0, timeout: float = 60.0) -> float:
        """The time at which the output since a mark contained a text. Raises `TimeoutError`."""
        deadline = time.monotonic() + timeout
        seen, at = b"", mark
        while True:
            with self._arrived:
                if at == len(self._written) and not self._arrived.wait(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(f"the terminal never showed it; last: {seen[-300:]!r}")
                new = self._written[at:]
            for moment, data in new:
                at += 1
                seen += data
                if holds(seen):
                    return moment
            if time.monotonic() > deadline:
                raise TimeoutError(f"the terminal never showed it; last: {seen[-300:]!r}")

    def wait_until_quiet(self, seconds: float = 0.5, timeout: float = 30.0) -> None:
        """Wait until nothing was written for this long."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            before = self.mark()
            with self._arrived:
                if not self._arrived.wait(seconds) and len(self._written) == before:
                    return

    def peak_mb(self) -> float:
        """The peak resident memory of the program."""
        return self._status("VmHWM")

    def resident_mb(self) -> float:
        """Its resident memory now."""
        return self._status("VmRSS")

    def _status(self, field: str) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) * 1024 / 1e6

    def cpu_seconds(self) -> float:
        """The CPU time that it used so far, without child processes."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def backgrounds(written: bytes) -> dict[int, set[bytes]]:
    """The background colours that were written on each line of the screen, from 1."""
    found: dict[int, set[bytes]] = {}
    line = 0
    colour = b""
    for match in _SEQUENCE.finditer(written):
        final = match.group(2)
        if final == b"H":
            line = int(match.group(1).split(b";")[0] or b"1")
        elif final == b"m":
            shown = _BACKGROUND.search(match.group(1))
            colour = shown.group() if shown is not None else b""
        elif final is None and not match.group().startswith(b"\x1b"):
            for number, text in enumerate(match.group().split(b"\n")):
                line += number > 0
                if text.strip(b"\r") and colour:
                    found.setdefault(line, set()).add(colour)
    return found


class CursorKeys:
    """Presses down and up by turns, and tells when the cursor was painted on the other line.

    Which lines these are, and by which colour the cursor is told, it finds out from a screen on which nothing else
    moves, or takes it from a screen that looks the same.
    """

    def __init__(self, terminal: Terminal, like: CursorKeys | None = None) -> None:
        self._terminal = terminal
        self._is_down = False
        self._lines: tuple[int, int]
        self._marks: set[bytes]
        if like is not None:
            self._lines, self._marks = like._lines, like._marks
            return
        down, up = (self._painted_by(key) for key in (b"j", b"k"))
        both = [line for line in down if line in up]
        for low in both:
            for high in both:
                marks = (down[low] - up[low]) & (up[high] - down[high])
                if low != high and marks:
                    self._lines = (high, low)
                    self._marks = marks
                    return
        raise AssertionError(f"no cursor is seen to move: {down} {up}")

    def _painted_by(self, key: bytes) -> dict[int, set[bytes]]:
        self._terminal.wait_until_quiet()
        mark = self._terminal.mark()
        self._terminal.press(key)
        self._terminal.when(bool, mark)
        self._terminal.wait_until_quiet()
        return backgrounds(self._terminal.since(mark))

    def press(self, timeout: float = 10.0) -> float:
        """Seconds from a key to the frame that shows the cursor where the key moves it."""
        self._is_down = not self._is_down
        line = self._lines[self._is_down]
        mark = self._terminal.mark()
        pressed = self._terminal.press(b"j" if self._is_down else b"k")
        shown = self._terminal.when(lambda seen: bool(backgrounds(seen).get(line, set()) & self._marks), mark, timeout)
        return shown - pressed
