"""The way to standard output. Data goes there and nothing else; diagnostics go to standard error."""

from __future__ import annotations

import io
import os
import sys

import click

from dsview.model.text import safe_lines


def prepare_streams() -> None:
    """Let a terminal of an old encoding show what it lacks as an escape, instead of failing on a `—`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Write data to standard output.

    That the reader has gone, as `head` does, is no fault: the rest is dropped, and the verdict of `check` stands.
    Raises `SourceError` where the data could not be written, as on a full disk.
    """
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        # Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        from dsview.sources.events import SourceError  # noqa: PLC0415  (takes longer than `--version` may)

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SourceError(f"The output could not be written: {error.strerror or error}.") from None


def say(text: str) -> None:
    """Write a sentence about the run to standard error."""
    click.echo(f"dsview: {safe_lines(text)}", err=True)


def wants_colour() -> bool:
    """Whether standard output is a terminal that shows colours, and nobody asked for none (no-color.org)."""
    # A process may be started without any standard output at all.
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
