"""Reads a source to its end, for the commands without a screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsview.cli.output import say

if TYPE_CHECKING:
    from dsview.cli.options import Settings
    from dsview.session.session import Session

# ruff: noqa: PLC0415 - `--version` and `--help` must not import what the commands need

IS_UNFINISHED = "dsview.is_unfinished"
"""A key in click's `meta`. It is set if a command continues with incomplete data, which determines the exit code."""


def set_up_logs(settings: Settings) -> None:
    """Open the requested log file. Raises `UserError` if that fails."""
    from dsview.cli import crash
    from dsview.cli.logs import set_up
    from dsview.core.errors import UserError, write_failure

    crash.set_up()
    try:
        set_up(settings.log_file, settings.verbose, redact=settings.redact)
    except OSError as error:
        reason = write_failure(Path(settings.log_file or ""), error)
        raise UserError(f"The log file cannot be written: {reason}.") from None


def read_everything(
    settings: Settings,
    timeout: float | None,
    *,
    quiet: bool = False,
    redact: bool = False,
    on_open: Callable[[Session], object] = lambda session: None,
) -> Session:
    """A session that has read and evaluated everything. `on_open` is called on_open it starts, and may raise.

    `redact`: no names from the cluster are printed or logged.
    """
    import msgspec

    from dsview.cli.sessions import open_session
    from dsview.cli.timing import open_timing_log

    set_up_logs(msgspec.structs.replace(settings, redact=settings.redact or redact))
    session = open_session(settings, open_timing_log(settings))
    on_open(session)
    read_to_end(session, timeout)
    if not quiet:
        _say_notes(session, redact=redact)
    return session


def read_to_end(session: Session, timeout: float | None) -> None:
    """Run a session to its end and stop it. If something is missing, report it and set exit code 3."""
    from dsview.cli.sessions import run_to_end

    try:
        missing = run_to_end(session, timeout)
    finally:
        session.stop()
    if missing:
        say(missing)
        click.get_current_context().meta[IS_UNFINISHED] = True


def _say_notes(session: Session, *, redact: bool) -> None:
    from dsview.analysis.hidden_values import hidden_values

    state = session.state
    hidden = hidden_values(state).sentences
    notes = (*hidden, *state.quarantine_messages(), *state.notes, *state.server.banners)
    if redact and notes:
        say(f"{len(notes)} notes are hidden because they may contain names; run without --redact to see them.")
        return
    for note in notes:
        say(note)
