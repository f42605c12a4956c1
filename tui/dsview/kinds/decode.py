"""Decodes the JSON of one object into the Struct that dsview keeps.

Objects are decoded one at a time, so that a broken one affects only itself: `decode` raises `BadObject` with a
sentence, and the calling source counts and reports it. Values that repeat across objects are decoded once and shared.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object, ObjectMeta
from dsview.kinds.registry import RESOURCES
from dsview.kinds.wire import Wire

T = TypeVar("T")


class BadObject(ValueError):  # noqa: N818  (it is the object that is bad)
    """An object that cannot be read. The message is a sentence that is safe to print.

    `identity` is `namespace/name`, as far as it can be read.
    """

    def __init__(self, message: str, identity: str = "") -> None:
        super().__init__(message)
        self.identity = identity


# Each decoder is created when its kind is first read: creating all of them takes a tenth of the time to the first rows.
@functools.cache
def _decoder(kind: Kind) -> Callable[[bytes | msgspec.Raw], Object]:
    resource = RESOURCES[kind]
    convert = resource.decode
    read = msgspec.json.Decoder(resource.wire)
    return lambda data: convert(read.decode(data))


@functools.cache
def _line_decoder(kind: Kind) -> Callable[[bytes], tuple[str, Object]]:
    resource = RESOURCES[kind]
    convert = resource.decode
    # Created at run time, one Struct for each kind, so type checkers cannot know its fields.
    line_struct: Any = msgspec.defstruct("WatchLine", [("type", str), ("object", resource.wire)])
    read: msgspec.json.Decoder[Any] = msgspec.json.Decoder(line_struct)

    def decode_line(line: bytes) -> tuple[str, Object]:
        event = read.decode(line)
        return event.type, convert(event.object)

    return decode_line


class _NameOnly(Wire):
    metadata: ObjectMeta | None = None


_name_decoder = msgspec.json.Decoder(_NameOnly)
_NAME_PATTERN = re.compile(rb'"metadata"\s*:\s*\{[^{}]*?"name"\s*:\s*"([^"\\]{1,253})"')


def _name_of(data: bytes | msgspec.Raw) -> str:
    """The part of a broken object's name that can be read."""
    try:
        meta = _name_decoder.decode(data).metadata
        if meta is not None and meta.name:
            return f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
    except (msgspec.MsgspecError, ValueError, RecursionError):
        found = _NAME_PATTERN.search(bytes(data)[:4096])
        if found:
            return found.group(1).decode("utf-8", "replace")
    return "(no name)"


def decode_line(kind: Kind, line: bytes) -> tuple[str, Object] | None:
    """The type and the object of one line of a watch, parsed in one pass; None if this is not possible.

    It is not possible for bookmarks and errors, nor for objects for which `decode` would raise `BadObject`.
    """
    try:
        return _line_decoder(kind)(line)
    except (msgspec.MsgspecError, UnicodeError, ValueError, OverflowError, RecursionError):
        return None


def decode(kind: Kind, data: bytes | msgspec.Raw) -> Object:
    """The object in a JSON text.

    Raises `BadObject`, whose sentence names the object and the field, if it cannot be read.
    """
    try:
        return _decoder(kind)(data)
    except (msgspec.MsgspecError, UnicodeError, ValueError, OverflowError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        name = _name_of(data)[:300]
        raise BadObject(safe(f"{kind} {name} cannot be read: {reason[:300]}"), name) from None
