"""Opens the file of `--timing_log-file`. This is a separate module because `sessions` imports the checks."""

from __future__ import annotations

from pathlib import Path

from dsview.cli.options import Settings
from dsview.session.timing_log import TimingLog


def open_timing_log(settings: Settings) -> TimingLog | None:
    """The trace file, if requested. Raises `UserError`."""
    if settings.trace_file is None:
        return None
    try:
        return TimingLog(Path(settings.trace_file))
    except OSError as error:
        from dsview.core.errors import UserError, write_failure  # noqa: PLC0415  (rarely needed)

        reason = write_failure(Path(settings.trace_file), error)
        raise UserError(f"The trace file cannot be written: {reason}.") from None
