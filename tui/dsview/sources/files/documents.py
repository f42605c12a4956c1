"""Splits a file into the raw JSON of each object. The file may be JSON, JSON lines or YAML, complete or truncated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw

from dsview.core.yaml_text import YamlError
from dsview.sources.files.yaml_documents import NoMapping, YamlDocument, yaml_documents


class Unreadable(ValueError):  # noqa: N818  (what the content is)
    """The content is in none of the formats, or is invalid. The message is a clause with the reason."""


class NoObjects(Unreadable):
    """The content is valid, but contains no Kubernetes objects."""

    def __init__(self) -> None:
        super().__init__("it contains something that is not a Kubernetes object")


BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""The exceptions of msgspec for bytes that are not JSON, not UTF-8, or nested too deeply."""


class Document(msgspec.Struct, frozen=True):
    """A document: its kind, apiVersion, the items of a list, and the whole document.

    `remaining` is the number of objects that follow if the list is one page of several; `UNKNOWN_COUNT` if it is not
    specified.
    """

    kind: str
    api_version: str
    items: list[Raw] | None
    raw: Raw
    remaining: int = 0


UNKNOWN_COUNT: Final = 1 << 62


class _Head(msgspec.Struct, rename="camel"):
    kind: str | None = None
    api_version: str | None = None
    items: Raw = Raw(b"")
    metadata: Raw = Raw(b"")


class _ListMeta(msgspec.Struct, rename="camel"):
    """The metadata of a list that was requested page by page."""

    continue_: str | None = msgspec.field(name="continue", default=None)
    remaining_item_count: int | None = None


_list_meta_decoder = msgspec.json.Decoder(_ListMeta)


_head_decoder = msgspec.json.Decoder(_Head)
_items_decoder = msgspec.json.Decoder(list[Raw] | None)
_array_decoder = msgspec.json.Decoder(list[Raw])
_NULL_ITEMS = (b"", b"null")


_JSON = re.compile(rb"\{\s*[\"}]|\{\s*\Z|\[\s*[\[{\]]")
"""The start of JSON objects. YAML may look the same, but then has bare words or document markers."""

_LOGS = re.compile(
    rb"^==== START logs for container .*?(?:^==== END logs for container [^\n]*(?:\n|\Z)|\Z)", re.DOTALL | re.MULTILINE
)
"""The logs that `kubectl cluster-info dump` writes between its lists."""


TERMINAL_LINES = re.compile(
    rb"^(?:\[?[\w.-]+@[\w.-]+[: ][^\n]{0,200}?[#$%>](?: [^\n]*)?"
    rb"|\$ [^\n]*|# (?:kubectl|oc) [^\n]*|PS [A-Z]:\\[^\n]*"
    rb"|[IWEF]\d{4} \d\d:\d\d:\d\d\.[^\n]*|Warning: [^\n]*"
    rb"|error: [^\n]*|Error from server[^\n]*|No resources found[^\n]*)(?:\n|\Z)",
    re.MULTILINE,
)
"""Lines of a terminal between objects: prompts with commands, and messages of kubectl. No object has such a line."""


_KEYS = rb"(?:apiVersion|kind|metadata|spec|status|items|data|subsets|endpoints|addressType)"
_OBJECT_START = re.compile(rb"[ \t]*(?:\{|\[\s*(?:[{\[\]]|\Z)|---|%YAML|- |" + _KEYS + rb":)")
"""The start of the first line of objects, in JSON or YAML."""
_OBJECT_START_ON_LATER_LINE = re.compile(rb"^(?:\{|\[\s*[{\[\]]|---|%YAML|- |" + _KEYS + rb":)", re.MULTILINE)
_MAX_PREAMBLE = 65_536


def _without_preamble(data: bytes) -> bytes:
    """The content from its first object.

    A command line, comments and warnings of kubectl may precede it, if all output went to one file.
    """
    text = data.lstrip(b"\r\n")
    if _OBJECT_START.match(text):
        return text
    begin = _OBJECT_START_ON_LATER_LINE.search(text, 0, _MAX_PREAMBLE)
    return text[begin.start() :] if begin is not None else text


_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""Byte-order marks, as written by shells on Windows; the longest one first."""


def _as_utf8(data: bytes) -> bytes:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding).encode() if encoding != "utf-8-sig" else data[len(mark) :]
    return data


def documents(data: bytes) -> Iterator[Document]:
    """The documents of a file, in the order of the file.

    Raises `Unreadable` at the first invalid document, after yielding those before it.
    """
    try:
        text = _without_preamble(_as_utf8(data))
    except UnicodeDecodeError:
        raise Unreadable("it starts with the byte-order mark of UTF-16, but is not UTF-16") from None
    if not text.strip():
        raise Unreadable("it is empty")
    if text.lstrip().startswith(b"<"):
        raise Unreadable("it contains HTML or XML, such as the response of a proxy or a login page")
    if _JSON.match(text.lstrip()) and b"\n---" not in text:
        yield from _json_documents(text.lstrip())
    else:
        # The text is not stripped, because leading spaces are indentation.
        yield from _yaml_documents(text)


def _json_documents(text: bytes) -> Iterator[Document]:
    try:
        if text.startswith(b"["):
            # `jq` writes an array for the items of a list, or for several lists.
            yield from map(document, _array_decoder.decode(text))
        else:
            yield document(Raw(text))
    except BROKEN as error:
        if _is_json(text):
            raise NoObjects from None
        # Not a single value: JSON lines, concatenated values, perhaps with other lines between them, or a broken file.
        values = list(_split_values(TERMINAL_LINES.sub(b"", _LOGS.sub(b"", text))))
        if len(values) == 1 and _is_json(values[0]):
            yield document(Raw(values[0]))
            return
        if len(values) < 2:
            items = list(_salvage(text))
            if items:
                yield Document("List", "v1", items, Raw(b"{}"))
            raise Unreadable(f"it is not complete JSON ({error}); {len(items)} objects were read from it") from None
        broken: list[str] = []
        for value in values:
            try:
                yield document(Raw(value))
            except BROKEN as inner:
                items = list(_salvage(value))
                if items:
                    yield Document("List", "v1", items, Raw(b"{}"))
                broken.append(str(inner))
        if broken:
            raise Unreadable(f"{len(broken)} of {len(values)} documents in it are not JSON ({broken[0]})") from None


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=Raw)
    except BROKEN:
        return False
    return True


_BOUNDARY = re.compile(rb"(?<=\})[ \t\r]*\n\s*(?=\{)")
"""The boundary between two JSON values on separate lines: JSON strings contain no line feed."""


def _split_values(text: bytes) -> Iterator[bytes]:
    """Concatenated JSON values, each usually at the start of a line."""
    start = 0
    for match in _BOUNDARY.finditer(text):
        yield from _split_line(text[start : match.start()])
        start = match.end()
    rest = text[start:].strip()
    if rest:
        yield from _split_line(rest)


def _split_line(text: bytes) -> Iterator[bytes]:
    """Concatenated JSON values without a line feed between them; an invalid value is yielded unchanged."""
    try:
        document(Raw(text))
    except BROKEN as error:
        if "trailing characters" in str(error):
            start, depth = 0, 0
            for match in _STRUCTURE.finditer(text):
                depth += {b"{": 1, b"}": -1}.get(match.group(), 0)
                if depth == 0 and match.group() == b"}":
                    yield text[start : match.end()]
                    start = match.end()
            text = text[start:].strip()
    if text:
        yield text


_ITEMS = re.compile(rb'"items"\s*:\s*\[')
_STRUCTURE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}]', re.DOTALL)


def _salvage(text: bytes) -> Iterator[Raw]:
    """The objects of a list that is truncated or partly invalid; each is decoded separately."""
    begin = _ITEMS.search(text)
    if begin is None:
        return
    kind = _list_kind(text[: begin.start()])
    depth, start = 0, 0
    for match in _STRUCTURE.finditer(text, begin.end()):
        mark = match.group()
        if mark == b"{":
            if depth == 0:
                start = match.start()
            depth += 1
        elif mark == b"}":
            depth -= 1
            if depth == 0:
                yield Raw(_with_kind(text[start : match.end()], kind))
            if depth < 0:
                return


_KIND = re.compile(rb'"kind"\s*:\s*"(\w+)List"')


def _list_kind(head: bytes) -> bytes:
    found = _KIND.search(head)
    return found.group(1) if found else b""


def _with_kind(item: bytes, kind: bytes) -> bytes:
    return b'{"kind":"' + kind + b'",' + item[1:] if kind and b'"kind"' not in item[:200] else item


def document(raw: Raw) -> Document:
    """One JSON value as a document. Raises one of `BROKEN` if it is not a JSON object."""
    head = _head_decoder.decode(raw)
    items = _items_decoder.decode(head.items) or [] if bytes(head.items) not in _NULL_ITEMS else None
    is_list = (head.kind or "").endswith("List")
    items = [] if is_list and items is None else items
    remaining = _remaining(head.metadata) if items is not None else 0
    return Document(head.kind or "", head.api_version or "", items, raw, remaining)


def _remaining(metadata: Raw) -> int:
    """The number of objects that follow a page."""
    if b'"continue"' not in bytes(metadata):
        return 0
    try:
        meta = _list_meta_decoder.decode(metadata)
    except BROKEN:
        return 0
    return (meta.remaining_item_count or UNKNOWN_COUNT) if meta.continue_ else 0


def _yaml_documents(text: bytes) -> Iterator[Document]:
    try:
        for found in yaml_documents(TERMINAL_LINES.sub(b"", text.replace(b"\r\n", b"\n"))):
            yield from _yaml_document(found)
    except Unreadable:
        raise
    except NoMapping:
        raise NoObjects from None
    except YamlError as error:
        raise Unreadable(f"it is neither JSON nor YAML ({error})") from None
    except (*BROKEN, TypeError, ValueError) as error:
        raise Unreadable(f"it contains a value that JSON does not allow ({error})") from None


def _yaml_document(part: YamlDocument) -> Iterator[Document]:
    value, items = part.value, part.items
    if items is None and isinstance(listed := value.get("items"), list):
        items = [Raw(msgspec.json.encode(item)) for item in listed]
    if items is None:
        yield document(Raw(msgspec.json.encode(value)))
        return
    # A truncated YAML file is still valid YAML. kubectl sorts keys, so the kind of a list follows its items.
    is_cut_off = "kind" not in value
    if is_cut_off and not part.unreadable:
        del items[-1:]
    head = document(Raw(msgspec.json.encode({"kind": "List", **value, "items": []})))
    yield msgspec.structs.replace(head, items=items)
    if is_cut_off:
        raise Unreadable(f"it seems to be truncated: a list without its kind; {len(items)} objects were read from it")
    if part.unreadable:
        raise Unreadable(
            f"{part.unreadable} of {len(items) + part.unreadable} objects in it are not YAML ({part.reason})"
        )
