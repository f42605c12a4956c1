"""What all modules of kinds share: the base of wire structs, interning of what repeats, and small helpers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Json = dict[str, Any]
"""An object in Kubernetes' JSON shape."""

NULL = Raw(b"null")

NULLS = frozenset({b"null", b"{}", b"[]"})
"""How a map or a list that holds nothing is written."""


class Wire(msgspec.Struct, rename="camel", gc=False):
    """Base of what the API server sends as JSON: camelCase names, only fields that are used, all others skipped.

    Go writes empty slices and maps as `null` or leaves them out, so all but the name may be absent or null. What is of
    the wrong type fails the one object it is in (`decode.BadObject`). What repeats across objects (labels, owners, host
    addresses, containers) comes as `Raw` and is decoded once for each distinct text.
    """


_LONGEST = 16_384
"""Bytes that are kept to be known again: labels have up to 1 kB, containers up to 10 kB."""


class Interner:
    """Decoded values by the bytes or words they came from. Emptied when it has grown to `limit` entries.

    What is larger than anything that repeats is decoded each time: it could hold gigabytes.
    """

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._values: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value made for an equal key before, or a new one."""
        value: T | None = self._values.get(key)
        if value is None:
            value = make()
            if isinstance(key, bytes) and len(key) > _LONGEST:
                return value
            if len(self._values) >= self._limit:
                self._values.clear()
            self._values[key] = value
        return value


class Memo(dict[K, T]):
    """An `Interner` of values that are made of their keys alone: as quick as a dict where the value is there."""

    def __init__(self, make: Callable[[K], T], limit: int = 20_000) -> None:
        super().__init__()
        self._make = make
        self._limit = limit

    def __missing__(self, key: K) -> T:
        """The value for a key that is not kept."""
        value = self._make(key)
        if not isinstance(key, bytes) or len(key) <= _LONGEST:
            if len(self) >= self._limit:
                self.clear()
            self[key] = value
        return value


def seconds(moment: datetime | None) -> int:
    """A moment as whole epoch seconds; 0 where there is none."""
    return int(moment.timestamp()) if moment is not None else 0


def texts(values: Iterable[str] | None) -> tuple[str, ...]:
    """A list that may be missing."""
    return tuple(values) if values else ()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999."""

_OFFSET = 86_340
"""23:59, the largest offset that is written: with it RFC 3339 reaches almost a day further."""

PLAUSIBLE = range(1, 7_258_118_400)
"""Moments that clocks tell, until 2200. Others are kept and shown, and nothing is concluded from them."""


def utc(seconds: int) -> datetime:
    """A moment in UTC; the nearest one that there is where a year has more than four digits or is before the first."""
    return _EPOCH + timedelta(seconds=min(max(seconds, _FIRST), _LAST))


def iso_time(seconds: int) -> str | None:
    """Epoch seconds as Kubernetes writes a time; None for 0, which is "not given".

    What any such text says is written as one that says the same. Only protobuf can say more: that is written as the
    nearest one.
    """
    if not seconds:
        return None
    if seconds < _FIRST:
        shift, offset = _OFFSET, "+23:59"
    elif seconds > _LAST:
        shift, offset = -_OFFSET, "-23:59"
    else:
        shift, offset = 0, "Z"
    # Not strftime, which writes the year 1 as 1.
    return utc(seconds + shift).replace(tzinfo=None).isoformat() + offset


def without_empty(**fields: Any) -> Json:
    """The fields that say something, a zero too, in Kubernetes' spelling (a trailing underscore is dropped)."""
    return {
        key.rstrip("_"): value
        for key, value in fields.items()
        if value or (isinstance(value, int) and not isinstance(value, bool))
    }
