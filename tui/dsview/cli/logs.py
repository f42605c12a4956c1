"""`--log-file` and `-v`. Nothing is ever logged to the terminal, because it may show a screen."""

from __future__ import annotations

import logging
from pathlib import Path

_log = logging.getLogger("dsview")
# Without a handler, Python would write errors to standard error before `set_up`.
_log.addHandler(logging.NullHandler())


_redacts = False
"""Whether names and addresses must not appear in any output."""


class LogFormatter(logging.Formatter):
    """Formats lines without credentials, and without control characters that would affect a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        from dsview.core.secrets import without_secrets  # noqa: PLC0415  (as above)
        from dsview.core.text import safe_lines  # noqa: PLC0415  (as for `--version`: only where there is a log)

        return safe_lines(without_secrets(super().format(record)))


class RedactedLogFormatter(LogFormatter):
    """Also removes names and addresses. Paths keep only the parts that the API defines."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        from dsview.sources.redact.logged import redacted_record  # noqa: PLC0415  (as above)

        return super().format(redacted_record(record))


def is_redacting() -> bool:
    """Whether names and addresses must not appear in any output."""
    return _redacts


def set_up(path: str | None, verbosity: int, *, redact: bool = False) -> None:
    """Log to a file that only its owner can read, or nowhere. With `verbosity`, every request is logged.

    `redact`: omit names and addresses, also from crash reports.

    Raises:
        OSError: The file cannot be written.
    """
    global _redacts  # noqa: PLW0603  (global like the logging configuration)
    _redacts = redact
    logging.lastResort = None
    # Libraries print warnings to standard error, such as urllib3 for each unverified request.
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
    # At debug level these log request headers and bodies.
    for name in ("kubernetes", "urllib3", "websocket"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log_failure(error: BaseException) -> None:
    """Log an exception that must not be shown on the terminal."""
    _log.error("unexpected failure", exc_info=error)
