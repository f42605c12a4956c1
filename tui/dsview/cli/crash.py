"""Handles faults of dsview itself: a message for the user and a report in a file, but no traceback on the terminal.

The report contains the place of the fault, but no variables, and messages without credentials. It contains names from
the cluster only if an exception quotes them, and never with `--redact`.
"""

from __future__ import annotations

import errno
import os
import platform
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dsview import __version__
from dsview.cli.logs import is_redacting, log_failure
from dsview.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Iterator

# ruff: noqa: PLC0415 - only imported after a failure, which is rare

_MAX_REPORTS = 10
"""The number of reports to keep; older ones are deleted."""

_DEPENDENCIES = ("textual", "kubernetes", "urllib3", "msgspec")

OnFailure = Callable[[str], None]
"""Receives a message from any thread."""


def folder() -> Path:
    """`$XDG_STATE_HOME/dsview`."""
    import platformdirs

    return Path(platformdirs.user_state_dir("dsview"))


def _versions() -> str:
    from importlib import metadata

    versions = []
    for name in _DEPENDENCIES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{name} missing")
    return ", ".join(versions)


def report_text(error: BaseException) -> str:
    """The report: versions, and the place of the fault."""
    from dsview.core.secrets import without_secrets
    from dsview.core.text import safe_lines
    from dsview.sources.redact.logged import where_it_failed

    lines = (
        f"dsview {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        _versions(),
        f"{time.strftime('%Y-%m-%d %H:%M:%S%z')}, thread {threading.current_thread().name}",
        "",
        where_it_failed(error) if is_redacting() else "".join(traceback.format_exception(error)),
    )
    return safe_lines(without_secrets("\n".join(lines)))


def write_report(error: BaseException) -> Path | None:
    """Write the report, readable by its owner only; None if that is not possible."""
    from dsview.sources.private_files import private_file, private_folder

    log_failure(error)
    try:
        place = private_folder(folder())
        path = place / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
        with private_file(path) as file:
            file.write(report_text(error).encode("utf-8", "backslashreplace"))
        for old in sorted(place.glob("crash-*.txt"))[:-_MAX_REPORTS]:
            old.unlink(missing_ok=True)
    except OSError:
        return None
    return path


def crash_sentence(error: BaseException) -> str:
    """Write the report, and return a message for the user that names its file."""
    path = write_report(error)
    where = (
        f"Please report it with {path}; credentials are left out of that file"
        if path is not None
        else "Run it again with --log-file FILE and report it with that file"
    )
    return f"Something went wrong inside dsview ({type(error).__name__}). {where}."


_on_failure: list[OnFailure] = [say]
"""The functions that receive the failure of a thread; the last one is called. The first writes to standard error."""


@contextmanager
def reporting_to(on_failure: OnFailure) -> Iterator[None]:
    """Pass failures of threads to this function while the context is active."""
    _on_failure.append(on_failure)
    try:
        yield
    finally:
        _on_failure.remove(on_failure)


def _is_lost_terminal(failure: threading.ExceptHookArgs) -> bool:
    """Whether Textual's output thread failed because the terminal is gone. The screen then closes by itself."""
    error = failure.exc_value
    return (
        isinstance(error, OSError)
        and error.errno == errno.EIO
        and getattr(failure.thread, "name", "") == "textual-output"
    )


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    if _is_lost_terminal(failure):
        return
    if failure.exc_value is not None and not isinstance(failure.exc_value, SystemExit):
        _on_failure[-1](crash_sentence(failure.exc_value))


def set_up() -> None:
    """From now on, report failed threads with a message, and never with a traceback on the terminal."""
    threading.excepthook = _thread_failed
    # Exceptions in destructors or interpreter callbacks are not shown either, but logged.
    sys.unraisablehook = lambda failure: log_failure(failure.exc_value) if failure.exc_value is not None else None
