"""Writes to standard output. Only data goes there; diagnostics go to standard error."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import TextIO

import click

from dsview.core.text import safe_lines


def prepare_streams() -> None:
    """Let a terminal with an old encoding show escapes for characters that it lacks, instead of failing on a `—`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Write data to standard output.

    If the reader is gone, as with `head`, the rest is dropped and the exit code of `check` stays. Raises `UserError` if
    the data cannot be written, as on a full disk.
    """
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        _drop(sys.stdout)
    except OSError as error:
        from dsview.core.errors import UserError  # noqa: PLC0415  (takes longer than `--version` may)

        _drop(sys.stdout)
        raise UserError(f"The output could not be written: {error.strerror or error}.") from None


def say(text: str) -> None:
    """Write a sentence about the run to standard error. If that is closed, only the exit code remains."""
    complain(lambda: click.echo(f"dsview: {safe_lines(text)}", err=True))


def complain(show: Callable[[], object]) -> None:
    """Show something on standard error, which may be full or gone."""
    try:
        show()
    except OSError:
        _drop(sys.stderr)


def _drop(stream: TextIO) -> None:
    """Redirect a stream to nowhere, because Python would report the error again when it closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def wants_colour() -> bool:
    """Whether standard output is a terminal with colours, and colours are not turned off (no-color.org)."""
    # A process may be started without standard output.
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
