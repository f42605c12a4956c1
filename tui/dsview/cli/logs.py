"""`--log-file` and `-v`. Nothing is ever logged to the terminal: a screen may be drawn on it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

_log = logging.getLogger("dsview")


def set_up(path: str | None, verbosity: int) -> None:
    """Log to a file that only its owner can read; without one, nowhere."""
    logging.lastResort = None
    root = logging.getLogger()
    root.handlers.clear()
    if path is None:
        root.addHandler(logging.NullHandler())
        return
    os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    handler = logging.FileHandler(Path(path), encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    _log.setLevel(logging.DEBUG if verbosity else logging.INFO)
    # These log request headers and bodies, which may hold tokens, when asked for everything.
    for name in ("kubernetes", "urllib3", "websocket"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log_failure(error: BaseException) -> None:
    """What a sentence on the terminal leaves out."""
    _log.error("unexpected failure", exc_info=error)
