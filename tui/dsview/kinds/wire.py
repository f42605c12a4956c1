"""Shared code for the modules of kinds: the base of wire structs, caches of repeated values, and small helpers."""

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
"""The JSON of an empty map or list."""


class Wire(msgspec.Struct, rename="camel", gc=False):
    """Base of the JSON objects that the API server sends: camelCase names, only the fields in use, all others skipped.

    Go writes empty slices and maps as `null` or omits them, so every field except the name may be missing or null. A
    value of the wrong type makes only its own object fail (`decode.BadObject`). Values that repeat across objects
    (labels, owners, host addresses, containers) are kept as `Raw` and decoded once for each distinct text.
    """


_MAX_KEY_SIZE = 16_384
"""The size limit for cache keys in bytes: labels have up to 1 kB, containers up to 10 kB."""


class Interner:
    """Decoded values by the bytes or strings from which they were decoded. Cleared when it reaches `limit` entries.

    Values of very large keys, which rarely repeat, are not kept; otherwise the cache could grow to gigabytes.
    """

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._values: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value created earlier for an equal key, or a new one."""
        value: T | None = self._values.get(key)
        if value is None:
            value = make()
            if isinstance(key, bytes) and len(key) > _MAX_KEY_SIZE:
                return value
            if len(self._values) >= self._limit:
                self._values.clear()
            self._values[key] = value
        return value


class Memo(dict[K, T]):
    """An `Interner` for values that are computed from their keys alone. A hit is as fast as a dict look-up."""

    def __init__(self, make: Callable[[K], T], limit: int = 20_000) -> None:
        super().__init__()
        self._make = make
        self._limit = limit

    def __missing__(self, key: K) -> T:
        """Compute the value of a key that is not in the cache."""
        value = self._make(key)
        if not isinstance(key, bytes) or len(key) <= _MAX_KEY_SIZE:
            if len(self) >= self._limit:
                self.clear()
            self[key] = value
        return value


shared_seconds: Memo[int, int] = Memo(int)
"""Equal times as one object: a pod has three, of 32 bytes each, and most equal another of its own or its neighbours."""


def seconds(moment: datetime | None) -> int:
    """A time as whole epoch seconds; 0 if there is none."""
    return shared_seconds[int(moment.timestamp())] if moment is not None else 0


def texts(values: Iterable[str] | None) -> tuple[str, ...]:
    """The values as a tuple; empty if the list is missing."""
    return tuple(values) if values else ()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999."""

_OFFSET = 86_340
"""23:59, the largest offset of RFC 3339, which extends its range by almost a day."""

PLAUSIBLE = range(1, 7_258_118_400)
"""Plausible times, until 2200. Other times are kept and shown, but no conclusions are drawn from them."""


def utc(seconds: int) -> datetime:
    """A time in UTC, or the nearest valid one if the year has more than four digits or is before the year 1."""
    return _EPOCH + timedelta(seconds=min(max(seconds, _FIRST), _LAST))


def iso_time(seconds: int) -> str | None:
    """Epoch seconds in the Kubernetes time format; None for 0, which means "not set".

    A time that came from text is written as an equal time. Only protobuf can express others; they are written as the
    nearest time.
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
    """The non-empty fields, including zeros, in Kubernetes' spelling (a trailing underscore is dropped)."""
    return {
        key.rstrip("_"): value
        for key, value in fields.items()
        if value or (isinstance(value, int) and not isinstance(value, bool))
    }
