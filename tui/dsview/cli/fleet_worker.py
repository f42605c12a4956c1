"""The process that reads the clusters of a fleet for the screen, so that keys never wait for decoding.

Its standard input has one line of JSON with what to read, then the names of clusters to read again, one per line. It
writes a line of JSON for each change of a cluster, and exits at the end of its standard input.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import msgspec

from dsview.analysis.fleet import Member
from dsview.cli.commands import set_up_logs
from dsview.cli.fleet import open_reader
from dsview.cli.fleet_process import Order
from dsview.core.errors import UserError

_NICENESS = 10
"""How far this process stands back behind the screen, as `nice` has it."""


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cluster that changed, or the reason why nothing can be read."""

    member: Member | None = None
    error: str = ""


def main() -> None:
    """Read until standard input ends."""
    # Ctrl-C on the terminal is meant for the screen.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Keys come first where screen and clusters share a core.
    os.nice(_NICENESS)
    lock = threading.Lock()
    out = sys.stdout.buffer

    def say(said: Said) -> None:
        with lock:
            out.write(msgspec.json.encode(said) + b"\n")
            out.flush()

    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    try:
        set_up_logs(order.settings)
        reader = open_reader(
            order.settings, order.names, order.parallel, lambda member: say(Said(member=member)), order.again
        )
    except UserError as error:
        say(Said(error=str(error)))
        return
    reader.start()
    for line in sys.stdin.buffer:
        reader.read_again(line.decode().rstrip("\n"))
    reader.stop()


if __name__ == "__main__":
    main()
