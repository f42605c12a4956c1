"""Calls a function after a delay, without fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from textual.message_pump import MessagePump


class Cancellable(Protocol):
    """A call that has not been made yet."""

    def cancel(self) -> None:
        """Do not make it."""


class CallAfter(Protocol):
    """`call_after` for a certain widget."""

    def __call__(self, delay: float, callback: Callable[[], None]) -> Cancellable:
        """Call back once after the given number of seconds."""


def call_after(pump: MessagePump, delay: float, callback: Callable[[], None]) -> Cancellable:
    """Call back once, after this number of seconds, where the widget, screen or app handles its messages.

    Textual's `set_timer` may never call. Its timer skips calls whose time has passed, also the only one: if another
    thread runs for longer than the delay while the timer starts, nothing is left to call (textual/timer.py,
    `Timer._run`). Threads that decode a large list do that, and a refresh loop that is not called again stops for good.
    """
    return asyncio.get_running_loop().call_later(delay, pump.call_next, callback)
