"""Signals that ask dsview to leave: it does, with the terminal as it was before."""

from __future__ import annotations

import asyncio
import signal
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
