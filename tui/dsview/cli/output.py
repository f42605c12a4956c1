"""Writes data to standard output, and diagnostics to standard error."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import TextIO

import click

from dsview.core.text import safe_lines


def prepare_streams() -> None:
    """Write characters that the terminal's encoding lacks as escapes, instead of failing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Write data to standard output.

    If the reader has exited, as with `head`, the rest is discarded, and the exit code does not change. Raises
    `UserError` if the data cannot be written, for example because the disk is full.
    """
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        from dsview.core.errors import UserError  # noqa: PLC0415  (takes longer than `--version` may)

        _discard(sys.stdout)
        raise UserError(f"The output could not be written: {error.strerror or error}.") from None


def say(text: str) -> None:
    """Write a message about the run to standard error. If that is closed, the message is lost."""
    complain(lambda: click.echo(f"dsview: {safe_lines(text)}", err=True))


def complain(show: Callable[[], object]) -> None:
    """Call a function that writes to standard error, which may be full or closed."""
    try:
        show()
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Redirect a stream to the null device, because Python would report the error again when it closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def wants_colour() -> bool:
    """Whether standard output is a terminal with colours, and colours are not turned off (no-color.org)."""
    # A process may be started without standard output.
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
