"""`dsview record`: records everything that a cluster does, until it is stopped."""

from __future__ import annotations

import re
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
import msgspec

from dsview.cli.group import cli
from dsview.cli.options import Duration, Settings, shared_options, take_settings
from dsview.cli.output import say
from dsview.cli.reading import set_up_logs

if TYPE_CHECKING:
    from dsview.session.recorder import Recorder
    from dsview.session.session import Session

# ruff: noqa: PLC0415 - `--version` and `--help` must not import what the command needs

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?)b?", re.IGNORECASE)


class Size(click.ParamType[int]):
    """A size such as 500MB, 2G or 1000000, converted to bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The size in bytes."""
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is not a size; write it as 500MB or 2G.", param, ctx)
        return int(float(match[1]) * _UNITS[match[2].lower()])


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@shared_options
@click.option(
    "--max-size",
    type=Size(),
    default="1GB",
    show_default=True,
    help="The maximum size of the file; the oldest part is then deleted.",
)
@click.option("--keep", type=Duration(), metavar="DURATION", help="How much time the file covers, such as 24h.")
@click.option("--for", "duration", type=Duration(), metavar="DURATION", help="Stop after this time.")
@click.option("--redact", is_flag=True, default=None, help="Replace names and addresses while recording.")
@click.pass_context
def record(
    ctx: click.Context,
    /,
    *,
    file: Path,
    max_size: int,
    keep: float | None,
    duration: float | None,
    redact: bool | None,
    **values: Any,
) -> int:
    """Record a cluster into FILE until interrupted: every change, and when findings appear and disappear.

    View it with `dsview --from FILE`; `--at TIME` shows any moment. A recording of the same cluster is continued. Only
    the owner of FILE can read it.
    """
    from dsview.cli.sessions import open_session
    from dsview.session.recorder import Recorder
    from dsview.sources.recording.file import MIN_SIZE, Limits

    settings = take_settings(ctx, values)
    if settings.from_path is not None:
        raise click.UsageError("record does not accept --from, because files do not change.")
    if max_size < MIN_SIZE:
        raise click.UsageError(f"--max-size must be at least {MIN_SIZE:,} bytes.")
    settings = msgspec.structs.replace(settings, redact=bool(redact) or settings.redact)
    set_up_logs(settings)
    stop_signal = _StopSignal(duration)
    session = open_session(settings)
    recorder = Recorder(session, file, Limits(size=max_size, age=keep), redacted=settings.redact)
    try:
        session.start()
        _record_until(session, recorder, stop_signal, settings)
    finally:
        session.stop()
        recorder.stop()
    _raise_failure(recorder)
    say(
        f"Recorded into {file.name}."
        if recorder.is_recording
        else "Nothing was recorded, because the cluster was not read yet."
    )
    return 0


class _StopSignal:
    """True after a signal, or after the given duration in seconds."""

    def __init__(self, duration: float | None) -> None:
        self._event = threading.Event()
        self._timer = threading.Timer(duration, self._event.set) if duration else None
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, self._stop)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._event.set()

    def __bool__(self) -> bool:
        return self._event.is_set()


def _record_until(session: Session, recorder: Recorder, stop_signal: _StopSignal, settings: Settings) -> None:
    has_announced = False
    while not stop_signal:
        session.drain(0.05)
        _raise_failure(recorder)
        if recorder.is_recording and not has_announced:
            has_announced = True
            say(f"Recording {session.source.name} into {recorder.path.name}; Ctrl-C ends it.")
        session.wait(0.5)


def _raise_failure(recorder: Recorder) -> None:
    """Raise `UserError` if recording has stopped."""
    from dsview.core.errors import UserError

    if recorder.failure:
        raise UserError(recorder.failure)
