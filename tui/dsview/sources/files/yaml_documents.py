"""Converts YAML to JSON, document by document, and item by item for a list.

PyYAML needs a second and 100 MB for each megabyte. A list, such as the output of `kubectl get pods -A -o yaml`, is
therefore first split into its items, which all have the same indentation. `core.block_yaml` reads an item if it can.
An invalid item does not affect the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import msgspec
from msgspec import Raw

from dsview.core.block_yaml import NotBlockYaml, load_block
from dsview.core.yaml_text import YamlError, load_yaml

MAX_BYTES: Final = 200_000_000
"""About 30,000 pods, which take half a minute with the fast reader."""

MAX_WHOLE: Final = 5_000_000
"""The maximum size in bytes of a value that PyYAML reads: five seconds and 500 MB. PyYAML is for hand-written files."""

MAX_SLOW: Final = 40_000_000
"""The maximum number of bytes of one file that PyYAML reads in total: forty seconds."""

_DOCUMENT_MARKER: Final = re.compile(rb"^---(?=\s|\Z)", re.MULTILINE)
_TOP_LEVEL: Final = re.compile(rb"^(?:(---)(?=\s|\Z)|([A-Za-z]\w*):(?=\s|\Z))", re.MULTILINE)
_ITEMS: Final = re.compile(rb"^items:\n(?=( *)- )", re.MULTILINE)


class NoMapping(YamlError):  # noqa: N818  (what the document is)
    """A document is YAML, but not a mapping like every object."""


class YamlDocument(msgspec.Struct, frozen=True):
    """A document as JSON. The items of a list are separate; `unreadable` is the number of invalid items.

    `reason` is the error of the first of them.
    """

    value: dict[Any, Any]
    items: list[Raw] | None = None
    unreadable: int = 0
    reason: str = ""


def yaml_documents(text: bytes) -> Iterator[YamlDocument]:
    """The documents that are mappings, in the order of the file.

    Raises `YamlError` at the first document that cannot be read, and `NoMapping` at the first one that is not a
    mapping. The documents before it are yielded first.
    """
    if len(text) > MAX_BYTES:
        raise YamlError(f"it is YAML of more than {MAX_BYTES // 1_000_000} MB; give it as JSON")
    # YAML treats both line endings the same.
    text = _with_markers(text.replace(b"\r\n", b"\n") if b"\r\n" in text else text)
    reader = _Reader()
    for part in _split_documents(text):
        yield from reader.documents(part)


def _with_markers(text: bytes) -> bytes:
    """The text with a marker before each document that was appended without one, where a top-level key is repeated."""
    seen: set[bytes] = set()
    parts: list[bytes] = []
    start = 0
    for match in _TOP_LEVEL.finditer(text):
        mark, key = match.groups()
        if mark:
            seen.clear()
        elif key in seen:
            parts.append(text[start : match.start()])
            start = match.start()
            seen = {key}
        else:
            seen.add(key)
    return b"---\n".join([*parts, text[start:]]) if parts else text


def _split_documents(text: bytes) -> Iterator[bytes]:
    """The documents as they are in the text; the whole text if directives apply to some of them."""
    if text.startswith(b"%") or b"\n%" in text:
        yield text
        return
    starts = [0, *(match.start() for match in _DOCUMENT_MARKER.finditer(text)), len(text)]
    for start, end in pairwise(starts):
        part = text[start:end]
        if part and not part.isspace():
            yield part


class _Reader:
    """Reads values, with the fast reader if possible, within the limits for one file."""

    def __init__(self) -> None:
        self._slow_bytes_left = MAX_SLOW

    def documents(self, part: bytes) -> Iterator[YamlDocument]:
        text = part.removeprefix(b"---\n")
        found = self._list(text)
        if found is not None:
            yield found
            return
        for value in self._values(text if len(text) < len(part) else part):
            if isinstance(value, dict):
                yield YamlDocument(value)
            elif value is not None:
                raise NoMapping

    def _values(self, text: bytes) -> Iterator[Any]:
        try:
            yield load_block(text)
        except NotBlockYaml:
            self._slow_bytes_left -= len(text)
            if len(text) > MAX_WHOLE or self._slow_bytes_left < 0:
                raise YamlError(
                    f"more than {MAX_WHOLE // 1_000_000} MB of one value, or {MAX_SLOW // 1_000_000} MB in total, "
                    "differ from the YAML that kubectl writes; give it as JSON"
                ) from None
            yield from load_yaml(text)

    def _list(self, text: bytes) -> YamlDocument | None:
        """A list, read item by item; None if the text is not a list, or must be read as a whole."""
        begin = _ITEMS.search(text)
        if begin is None:
            return None
        indent = begin.group(1)
        end = re.compile(rb"^(?! |\n|\Z)" if indent else rb"^(?! |\n|- |\Z)", re.MULTILINE).search(text, begin.end())
        stop = end.start() if end is not None else len(text)
        try:
            (value,) = self._values(text[: begin.start()] + b"items: []\n" + text[stop:])
        except (YamlError, ValueError):
            return None
        if not isinstance(value, dict):
            return None
        starts = [m.start() for m in re.compile(rb"^%b- " % indent, re.MULTILINE).finditer(text, begin.end(), stop)]
        items: list[Raw] = []
        unreadable = 0
        reason = ""
        for start, after in pairwise([*starts, stop]):
            try:
                ((item,),) = self._values(text[start:after])
                items.append(Raw(msgspec.json.encode(item)))
            except (YamlError, TypeError, ValueError, RecursionError) as error:
                unreadable += 1
                reason = reason or str(error)
        if unreadable and len(text) <= MAX_WHOLE:
            # A quoted string may contain a line that looks like an item, and an alias may refer to another item.
            try:
                list(load_yaml(text))
            except YamlError:
                pass
            else:
                return None
        return YamlDocument({**value, "items": []}, items, unreadable, reason)
