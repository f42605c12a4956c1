"""Copying through the terminal (OSC 52), and the notice of what was copied."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from dsview.ui.multiplexers import passed_on

_SHOWN = 60
"""The number of characters of copied text that the notice shows."""


def copied_notice(text: str, what: str, ellipsis: str) -> str:
    """The notice that `what`, such as "the row", was copied: its first line, and how many more there are."""
    first, _, rest = text.partition("\n")
    shown = first if len(first) <= _SHOWN else f"{first[:_SHOWN]}{ellipsis}"
    lines = rest.count("\n") + 1
    more = f" and {lines} more line{'s' if lines > 1 else ''}" if rest else ""
    return f"Copied {what}{more}: {shown}"


def through_multiplexer(text: str, environ: Mapping[str, str]) -> str | None:
    """The sequence with which a multiplexer passes the copied text on to its terminal; None without a multiplexer."""
    wrap = passed_on(environ)
    return wrap(f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\a") if wrap is not None else None
