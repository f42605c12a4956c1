"""The fleet of the screen, read by another process (`fleet_worker`)."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from dsview.cli.options import Settings

if TYPE_CHECKING:
    from dsview.analysis.fleet import Member

_LAST_WAIT = 0.3
"""Seconds that the process has to exit by itself."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to read: the contexts, how many at a time, and after how many seconds again."""

    settings: Settings
    names: list[str]
    parallel: int | None
    again: float


class FleetProcess:
    """Reads a fleet in another process and passes on what it reports. A `FleetFeed` for the screen."""

    def __init__(self, order: Order) -> None:
        self.names = tuple(order.names)
        self._order = order
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._is_stopped = False

    def launch(self) -> None:
        """Start the process, which gets ready while the screen does."""
        # Without standard error, because a credential plug-in would write over the screen.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dsview.cli.fleet_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._send(msgspec.json.encode(self._order))

    def start(self, tell: Callable[[Member], None], failed: Callable[[str], None]) -> None:
        """Start reading. `failed` receives a sentence if reading ends; both callbacks run in another thread."""
        if self._process is None:
            self.launch()
        threading.Thread(target=self._listen, args=(tell, failed), name="dsview-fleet-feed", daemon=True).start()

    def _listen(self, tell: Callable[[Member], None], failed: Callable[[str], None]) -> None:
        process = self._process
        if process is None or process.stdout is None:
            return
        from dsview.cli.fleet_worker import Said  # noqa: PLC0415  (brings the checks along: in this thread)

        decoder = msgspec.json.Decoder(Said)
        for line in process.stdout:
            said = decoder.decode(line)
            if said.member is not None:
                tell(said.member)
            elif said.error:
                failed(said.error)
                return
        if not self._is_stopped:
            failed(f"The process that reads the clusters ended (exit code {process.wait()}).")

    def read_again(self, name: str) -> None:
        """Read a cluster again as soon as a slot is free."""
        self._send(name.encode())

    def _send(self, line: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        # If the process has exited, this was reported already.
        with self._lock, suppress(OSError, ValueError):
            process.stdin.write(line + b"\n")
            process.stdin.flush()

    def stop(self) -> None:
        """End the process."""
        self._is_stopped = True
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        try:
            process.wait(_LAST_WAIT)
        except subprocess.TimeoutExpired:
            process.kill()
