"""From the bytes of a file to the raw JSON of each object: JSON, JSON lines or YAML; complete or truncated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw

from dsview.core.yaml_text import YamlError
from dsview.sources.files.yaml_documents import NoMapping, YamlDocument, yaml_documents


class Unreadable(ValueError):  # noqa: N818  (what the content is)
    """The content is in none of the formats, or is invalid; the text is a clause with the reason."""


class NoObjects(Unreadable):
    """The content is valid, but contains no Kubernetes objects."""

    def __init__(self) -> None:
        super().__init__("it contains something that is not a Kubernetes object")


BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""The exceptions of msgspec for bytes that are not JSON, not UTF-8, or nested too deeply."""


class Document(msgspec.Struct, frozen=True):
    """A document: its kind, apiVersion, the items of a list, and the whole document.

    `left` is the number of objects that follow if the list is one page of several; `UNKNOWN_MANY` if it is not
    specified.
    """

    kind: str
    api_version: str
    items: list[Raw] | None
    raw: Raw
    left: int = 0


UNKNOWN_MANY: Final = 1 << 62


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


SAID = re.compile(
    rb"^(?:\[?[\w.-]+@[\w.-]+[: ][^\n]{0,200}?[#$%>](?: [^\n]*)?"
    rb"|\$ [^\n]*|# (?:kubectl|oc) [^\n]*|PS [A-Z]:\\[^\n]*"
    rb"|[IWEF]\d{4} \d\d:\d\d:\d\d\.[^\n]*|Warning: [^\n]*"
    rb"|error: [^\n]*|Error from server[^\n]*|No resources found[^\n]*)(?:\n|\Z)",
    re.MULTILINE,
)
"""What a terminal shows between objects: prompts with their commands, what kubectl says. No object has such a line."""


_KEYS = rb"(?:apiVersion|kind|metadata|spec|status|items|data|subsets|endpoints|addressType)"
_BEGIN = re.compile(rb"[ \t]*(?:\{|\[\s*(?:[{\[\]]|\Z)|---|%YAML|- |" + _KEYS + rb":)")
"""The start of the first line of objects, in JSON or YAML."""
_BEGIN_BELOW = re.compile(rb"^(?:\{|\[\s*[{\[\]]|---|%YAML|- |" + _KEYS + rb":)", re.MULTILINE)
_MAX_SAID_BEFORE = 65_536


def _without_preamble(data: bytes) -> bytes:
    """The content from its first object.

    A command line, comments and warnings of kubectl may precede it, if all output went to one file.
    """
    text = data.lstrip(b"\r\n")
    if _BEGIN.match(text):
        return text
    begin = _BEGIN_BELOW.search(text, 0, _MAX_SAID_BEFORE)
    return text[begin.start() :] if begin is not None else text


_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""Byte-order marks, as written by shells on Windows; the longer one first."""


def _as_utf8(data: bytes) -> bytes:
    for mark, encoding in _MARKS:
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
        raise Unreadable("it begins as UTF-16 and is not") from None
    if not text.strip():
        raise Unreadable("it is empty")
    if text.lstrip().startswith(b"<"):
        raise Unreadable("it contains HTML or XML, such as the response of a proxy or a login page")
    if _JSON.match(text.lstrip()) and b"\n---" not in text:
        yield from _json_documents(text.lstrip())
    else:
        # Not stripped: the text before the first word is indentation.
        yield from _yaml_documents(text)


def _json_documents(text: bytes) -> Iterator[Document]:
    try:
        if text.startswith(b"["):
            # `jq` writes this for the items of a list, or for several lists.
            yield from map(document, _array_decoder.decode(text))
        else:
            yield document(Raw(text))
    except BROKEN as error:
        if _is_json(text):
            raise NoObjects from None
        # Not one value: JSON lines, values behind each other, with other lines between them, or a broken file.
        values = list(_split_values(SAID.sub(b"", _LOGS.sub(b"", text))))
        if len(values) == 1 and _is_json(values[0]):
            yield document(Raw(values[0]))
            return
        if len(values) < 2:
            items = list(_salvage(text))
            if items:
                yield Document("List", "v1", items, Raw(b"{}"))
            raise Unreadable(f"it is not whole JSON ({error}); {len(items)} objects were read from it") from None
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
"""JSON strings contain no line feed."""


def _split_values(text: bytes) -> Iterator[bytes]:
    """JSON values that follow each other, usually each at the start of a line."""
    start = 0
    for match in _BOUNDARY.finditer(text):
        yield from _split_line(text[start : match.start()])
        start = match.end()
    rest = text[start:].strip()
    if rest:
        yield from _split_line(rest)


def _split_line(text: bytes) -> Iterator[bytes]:
    """JSON values that follow each other without a line feed between them; an invalid one is unchanged."""
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
    left = _left(head.metadata) if items is not None else 0
    return Document(head.kind or "", head.api_version or "", items, raw, left)


def _left(metadata: Raw) -> int:
    """The number of objects that follow a page."""
    if b'"continue"' not in bytes(metadata):
        return 0
    try:
        meta = _list_meta_decoder.decode(metadata)
    except BROKEN:
        return 0
    return (meta.remaining_item_count or UNKNOWN_MANY) if meta.continue_ else 0


def _yaml_documents(text: bytes) -> Iterator[Document]:
    try:
        for found in yaml_documents(SAID.sub(b"", text.replace(b"\r\n", b"\n"))):
            yield from _yaml_document(found)
    except Unreadable:
        raise
    except NoMapping:
        raise NoObjects from None
    except YamlError as error:
        raise Unreadable(f"it is neither JSON nor YAML ({error})") from None
    except (*BROKEN, TypeError, ValueError) as error:
        raise Unreadable(f"it contains a value that JSON does not allow ({error})") from None


def _yaml_document(found: YamlDocument) -> Iterator[Document]:
    value, items = found.value, found.items
    if items is None and isinstance(listed := value.get("items"), list):
        items = [Raw(msgspec.json.encode(item)) for item in listed]
    if items is None:
        yield document(Raw(msgspec.json.encode(value)))
        return
    # Any prefix of a YAML file is YAML. kubectl sorts keys, so the kind of a list follows its items.
    is_cut_off = "kind" not in value
    if is_cut_off and not found.lost:
        del items[-1:]
    head = document(Raw(msgspec.json.encode({"kind": "List", **value, "items": []})))
    yield msgspec.structs.replace(head, items=items)
    if is_cut_off:
        raise Unreadable(f"it seems to be cut off: a list without its kind; {len(items)} objects were read from it")
    if found.lost:
        raise Unreadable(f"{found.lost} of {len(items) + found.lost} objects in it are not YAML ({found.reason})")
