"""From the bytes of a file to the raw JSON of each object in it: JSON, JSON lines, YAML, gzip; whole or cut off."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

import msgspec
from msgspec import Raw

from dsview.model.yamltext import YamlError, load_yaml

MAX_BYTES = 2_000_000_000
MAX_YAML_BYTES = 200_000_000
"""YAML is read a hundred times slower than JSON, and held as Python objects meanwhile."""


class Unreadable(ValueError):  # noqa: N818  (what the content is)
    """The content is none of the formats, or broken; the text is a sentence."""


BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not JSON, not UTF-8, or nested too deep."""


class Document(msgspec.Struct, frozen=True):
    """One document: its kind, apiVersion, the items of a list, and the whole of it."""

    kind: str
    api_version: str
    items: list[Raw] | None
    raw: Raw


class _Head(msgspec.Struct, rename="camel"):
    kind: str | None = None
    api_version: str | None = None
    items: Raw = Raw(b"")


_head_decoder = msgspec.json.Decoder(_Head)
_items_decoder = msgspec.json.Decoder(list[Raw] | None)
_NULL_ITEMS = (b"", b"null")


def unpack(data: bytes) -> bytes:
    """The content, decompressed where it is gzip. Raises `Unreadable` where it is too large or not whole."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    unzip = zlib.decompressobj(wbits=31)
    try:
        content = unzip.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise Unreadable(f"it is not readable as gzip ({error})") from None
    if unzip.unconsumed_tail:
        raise Unreadable("it unpacks to more than 2 GB")
    if not unzip.eof:
        raise Unreadable("it is a gzip file that was cut off")
    return content


_JSON = re.compile(rb"\{\s*[\"}]|\{\s*\Z")
"""The beginning of a JSON object; YAML's may look like it, but then has bare words or document marks."""


def documents(data: bytes) -> Iterator[Document]:
    """The documents of a file, in order.

    Raises `Unreadable` at the first one that is broken; those before it were given out by then.
    """
    text = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if _JSON.match(text) and b"\n---" not in text:
        yield from _json_documents(text)
    else:
        # Not stripped: what stands before its first word is its indentation.
        yield from _yaml_documents(data)


def _json_documents(text: bytes) -> Iterator[Document]:
    try:
        yield document(Raw(text))
    except BROKEN as error:
        # Not one value: JSON lines or concatenated values, or a broken file.
        values = list(_split_values(text))
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
                broken.append(str(inner))
        if broken:
            raise Unreadable(f"{len(broken)} of {len(values)} documents in it are not JSON ({broken[0]})") from None


_BOUNDARY = re.compile(rb"(?<=\})[ \t\r]*\n(?=\{)")


def _split_values(text: bytes) -> Iterator[bytes]:
    """JSON values that follow each other, each beginning at the start of a line."""
    start = 0
    for match in _BOUNDARY.finditer(text):
        yield text[start : match.start()]
        start = match.end()
    rest = text[start:].strip()
    if rest:
        yield rest


_ITEMS = re.compile(rb'"items"\s*:\s*\[')
_STRUCTURE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}]', re.DOTALL)


def _salvage(text: bytes) -> Iterator[Raw]:
    """The objects of a list that was cut off, or is broken somewhere: each will be decoded by itself."""
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
    """One JSON value as a document. Raises one of `BROKEN` where it is not a JSON object."""
    head = _head_decoder.decode(raw)
    items = _items_decoder.decode(head.items) or [] if bytes(head.items) not in _NULL_ITEMS else None
    is_list = (head.kind or "").endswith("List")
    return Document(head.kind or "", head.api_version or "", [] if is_list and items is None else items, raw)


def _yaml_documents(text: bytes) -> Iterator[Document]:
    if len(text) > MAX_YAML_BYTES:
        raise Unreadable(f"it is YAML of more than {MAX_YAML_BYTES // 1_000_000} MB; give it as JSON")
    try:
        for value in load_yaml(text):
            if isinstance(value, dict):
                yield document(Raw(msgspec.json.encode(value)))
            elif value is not None:
                raise Unreadable("it holds no Kubernetes objects")
    except Unreadable:
        raise
    except YamlError as error:
        raise Unreadable(f"it is neither JSON nor YAML ({error})") from None
    except (*BROKEN, TypeError, ValueError) as error:
        raise Unreadable(f"it holds what no JSON can hold ({error})") from None
