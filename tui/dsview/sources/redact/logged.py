"""`--redact` in logs and crash reports: they show what happened to which kind of object, but no names."""

from __future__ import annotations

import copy
import logging
import re
import traceback
from enum import Enum

from dsview.kinds.registry import RESOURCES
from dsview.sources.redact.snapshot import REDACTED

_VERBS = frozenset({"get", "list", "watch", "exec"})
_WORDS = frozenset({"api", "apis", "version", "namespaces", "exec", "log", "status", "openid", "v1"})
_PLURALS = frozenset(resource.plural for resource in RESOURCES.values())
_GROUPS = frozenset(resource.group for resource in RESOURCES.values()) - {""}
_VERSION = re.compile(r"v[0-9]+(?:(?:alpha|beta)[0-9]+)?")


def redacted_record(record: logging.LogRecord) -> logging.LogRecord:
    """The record to write: without the messages of libraries and exceptions."""
    shown = copy.copy(record)
    if not record.name.startswith("dsview"):
        shown.msg, shown.args = REDACTED, ()
    else:
        arguments = record.args if isinstance(record.args, tuple) else ()
        shown.args = tuple(map(_argument, arguments))
        if record.args and not arguments:
            shown.msg = REDACTED
    shown.exc_info = None
    if record.exc_info and record.exc_info[1] is not None:
        shown.exc_text = where_it_failed(record.exc_info[1])
    return shown


def _argument(value: object) -> object:
    if isinstance(value, int | float | Enum) or value == "" or value in _VERBS:
        return value
    text = str(value)
    return redacted_path(text) if text.startswith("/") else REDACTED


def redacted_path(path: str) -> str:
    """A path of the API with the words that the API defines, without names and without its query."""
    parts = path.partition("?")[0].split("/")
    known = _WORDS | _PLURALS | _GROUPS
    is_name = False
    shown: list[str] = []
    for part in parts:
        # The part after `namespaces` or a plural is a name, even if it is a known word.
        keep = not part or (not is_name and (part in known or _VERSION.fullmatch(part) is not None))
        shown.append(part if keep else REDACTED)
        is_name = keep and part in _PLURALS | {"namespaces"}
    return "/".join(shown)


def where_it_failed(error: BaseException) -> str:
    """A traceback with the places and types of the exceptions, without their messages."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts += [*traceback.format_tb(current.__traceback__), f"{type(current).__qualname__}: {REDACTED}\n"]
        current = current.__cause__ or current.__context__
    return "".join(parts)
