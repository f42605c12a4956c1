"""`--log-file` and `-v`. Nothing is ever logged to the terminal: a screen may be drawn on it."""

from __future__ import annotations

import logging
from pathlib import Path

_log = logging.getLogger("dsview")
# Without any handler Python writes errors to standard error, as before `set_up` or in a command that reads nothing.
_log.addHandler(logging.NullHandler())


_redacts = False
"""Whether names and addresses stay out of everything that is written."""


class LogFormatter(logging.Formatter):
    """Lines without credentials, and without characters that would drive the terminal on which a log is read."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        from dsview.core.secrets import without_secrets  # noqa: PLC0415  (as above)
        from dsview.core.text import safe_lines  # noqa: PLC0415  (as for `--version`: only where there is a log)

        return safe_lines(without_secrets(super().format(record)))


class RedactedLogFormatter(LogFormatter):
    """The same without names and addresses: dsview's words, numbers and kinds, and of paths what the API defines."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        from dsview.sources.redact.logged import redacted_record  # noqa: PLC0415  (as above)

        return super().format(redacted_record(record))


def is_redacting() -> bool:
    """Whether names and addresses stay out of everything that is written."""
    return _redacts


def set_up(path: str | None, verbosity: int, *, redact: bool = False) -> None:
    """Log to a file that only its owner can read; without one, nowhere. With `verbosity` every request is logged.

    `redact`: without names and addresses; crash reports, too.

    Raises:
        OSError: the file cannot be written.
    """
    global _redacts  # noqa: PLW0603  (as the log itself, it is the process's)
    _redacts = redact
    logging.lastResort = None
    # Libraries warn on standard error, as urllib3 does at each request that is not verified.
    logging.captureWarnings(True)
    root = logging.getLogger()
    for old in root.handlers:
        old.close()
    root.handlers.clear()
    if path is None:
        root.addHandler(logging.NullHandler())
        return
    from dsview.sources.private_files import append_private  # noqa: PLC0415  (as above)

    append_private(Path(path)).close()
    handler = logging.FileHandler(Path(path), encoding="utf-8", errors="backslashreplace")
    formatter = RedactedLogFormatter if redact else LogFormatter
    handler.setFormatter(formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    _log.setLevel(logging.DEBUG if verbosity else logging.INFO)
    # These log request headers and bodies when asked for everything.
    for name in ("kubernetes", "urllib3", "websocket"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log_failure(error: BaseException) -> None:
    """What a sentence on the terminal leaves out."""
    _log.error("unexpected failure", exc_info=error)
