"""Reads the fleet for the screen in another process (`fleet_worker`)."""

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

_EXIT_TIMEOUT = 0.3
"""Seconds after which the process is killed if it has not exited."""


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The contexts to read, how many at a time, and the interval in seconds after which each is read again."""

    settings: Settings
    names: list[str]
    parallel: int | None
    interval: float


class FleetProcess:
    """Reads a fleet in another process and passes on what it reports. A `FleetFeed` for the screen."""

    def __init__(self, request: ReadRequest) -> None:
        self.names = tuple(request.names)
        self._request = request
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._is_stopped = False

    def launch(self) -> None:
        """Start the process, so that it starts up in parallel with the screen."""
        # Without standard error, because a credential plug-in would write over the screen.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dsview.cli.fleet_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._send(msgspec.json.encode(self._request))

    def start(self, on_change: Callable[[Member], None], on_failure: Callable[[str], None]) -> None:
        """Start reading. `on_failure` receives a sentence if reading ends; both callbacks run in another thread."""
        if self._process is None:
            self.launch()
        threading.Thread(
            target=self._listen, args=(on_change, on_failure), name="dsview-fleet-feed", daemon=True
        ).start()

    def _listen(self, on_change: Callable[[Member], None], on_failure: Callable[[str], None]) -> None:
        process = self._process
        if process is None or process.stdout is None:
            return
        from dsview.cli.fleet_worker import WorkerMessage  # noqa: PLC0415  (imports the checks, in this thread)

        decoder = msgspec.json.Decoder(WorkerMessage)
        for line in process.stdout:
            message = decoder.decode(line)
            if message.member is not None:
                on_change(message.member)
            elif message.error:
                on_failure(message.error)
                return
        if not self._is_stopped:
            on_failure(f"The process that reads the clusters ended (exit code {process.wait()}).")

    def read_again(self, name: str) -> None:
        """Read a cluster again as soon as a slot is free."""
        self._send(name.encode())

    def _send(self, line: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        # If the process has exited, `_listen` reports it.
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
            process.wait(_EXIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
