"""Requests to quit from outside: signals, and a terminal that is gone."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import threading
import time
from collections.abc import Callable

_LEAVE = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def on_leave_signals(leave: Callable[[int], None]) -> None:
    """Call `leave` with the shell's exit code (128 and the signal) on SIGTERM, SIGHUP or SIGINT.

    Does nothing where signals cannot be had: outside the main thread, as in tests that drive the application.
    """
    loop = asyncio.get_running_loop()
    for number in _LEAVE:
        try:
            loop.add_signal_handler(number, leave, 128 + number)
        except (NotImplementedError, RuntimeError, ValueError):
            return


LEAVE_WITHIN = 3.0
"""Seconds in which the application may end by itself after the terminal is gone."""


def on_hangup(leave: Callable[[int], None]) -> None:
    """Call `leave` as on SIGHUP when the terminal is gone.

    Only the processes that the terminal controls get SIGHUP. Any other (one that `setsid` started, or that ignores
    SIGHUP) would stay and read the end of the file for ever. The thread sleeps in the kernel until the terminal hangs
    up, and then sends further output to the null device. Textual's writer thread may have failed on the lost terminal
    before that, and the application would wait for it for ever. So the process ends after `LEAVE_WITHIN` seconds.
    """
    loop = asyncio.get_running_loop()
    terminals = [fd for fd in (0, 1, 2) if os.isatty(fd)]
    if not terminals:
        return
    status = 128 + signal.SIGHUP
    poll = select.poll()
    poll.register(terminals[0], 0)

    def wait() -> None:
        if not any(event & select.POLLHUP for _, event in poll.poll()):
            return
        null = os.open(os.devnull, os.O_RDWR)
        for fd in terminals:
            os.dup2(null, fd)
        if not loop.is_closed():
            loop.call_soon_threadsafe(leave, status)
        time.sleep(LEAVE_WITHIN)
        os._exit(status)

    threading.Thread(target=wait, name="dsview-terminal", daemon=True).start()
