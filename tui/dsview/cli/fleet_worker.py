"""The process that reads the clusters of a fleet for the screen, so that keys never wait for decoding.

Its standard input is a line of JSON with a `ReadRequest`, followed by the names of clusters to read again, one per
line. It writes a line of JSON with a `WorkerMessage` for each change of a cluster, and exits at the end of its input.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import msgspec

from dsview.analysis.fleet import Member
from dsview.cli.fleet import open_reader
from dsview.cli.fleet_process import ReadRequest
from dsview.cli.reading import set_up_logs
from dsview.core.errors import UserError

_NICENESS = 10
"""The niceness of this process, so that the screen has priority."""


class WorkerMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cluster that changed, or the error if nothing can be read."""

    member: Member | None = None
    error: str = ""


def main() -> None:
    """Read until standard input ends."""
    # Ctrl-C is for the screen.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The screen has priority if both processes share a core.
    os.nice(_NICENESS)
    lock = threading.Lock()
    out = sys.stdout.buffer

    def say(message: WorkerMessage) -> None:
        with lock:
            out.write(msgspec.json.encode(message) + b"\n")
            out.flush()

    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=ReadRequest)
    try:
        set_up_logs(request.settings)
        reader = open_reader(
            request.settings,
            request.names,
            request.parallel,
            lambda member: say(WorkerMessage(member=member)),
            request.interval,
        )
    except UserError as error:
        say(WorkerMessage(error=str(error)))
        return
    reader.start()
    for line in sys.stdin.buffer:
        reader.read_again(line.decode().rstrip("\n"))
    reader.stop()


if __name__ == "__main__":
    main()
