"""Parses times of a recording on the command line: `14:03`, `2026-12-01T14:03:22Z`, `-5m`, or epoch seconds."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

from dsview.core.errors import UserError
from dsview.core.text import safe

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_RELATIVE = re.compile(r"([+-])(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_EPOCH = re.compile(r"\d{9,11}(\.\d+)?")


def parse_moment(text: str, first: float, last: float) -> float:
    """The time in epoch seconds, for a recording that lasts from `first` to `last`.

    A clock time is in UTC, on the last recorded day that has it. `-5m` is before the end, `+5m` after the start.
    Raises `UserError` if the text is not a time or not within the recording.
    """
    when = _parsed(text.strip(), first, last)
    if when is None:
        raise UserError(f"{safe(text)!r} is not a time; write it as 14:03:22, 2026-12-01T14:03:22Z or -5m.")
    # A time in whole seconds includes the whole second.
    if not math.floor(first) <= when <= math.ceil(last):
        raise UserError(
            f"{safe(text)} was not recorded: the recording is from {_formatted(first)} to {_formatted(last)}."
        )
    return min(max(when, first), last)


def _parsed(text: str, first: float, last: float) -> float | None:
    relative = _RELATIVE.fullmatch(text)
    if relative is not None and len(text) > 1:
        hours, minutes, seconds = (int(part or 0) for part in relative.groups()[1:])
        span = hours * 3600 + minutes * 60 + seconds
        return last - span if relative[1] == "-" else first + span
    if _EPOCH.fullmatch(text):
        return float(text)
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        return _on_the_last_day(int(clock[1]), int(clock[2]), int(clock[3] or 0), last)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def _on_the_last_day(hour: int, minute: int, second: int, last: float) -> float | None:
    try:
        moment = datetime.fromtimestamp(last, UTC).replace(hour=hour, minute=minute, second=second, microsecond=0)
    except ValueError:
        return None
    return (moment if moment.timestamp() <= last else moment - timedelta(days=1)).timestamp()


def _formatted(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
