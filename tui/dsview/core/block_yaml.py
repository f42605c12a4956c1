"""A parser for the YAML that kubectl and most programs write, ten times as fast as PyYAML's C loader.

It supports block mappings and sequences, scalars on one line, and literal block scalars. For everything else (comments,
anchors, tags, folded scalars, flow style, numbers that are not plain decimals) it raises `NotBlockYaml` instead of
guessing. A property test verifies that its results equal those of PyYAML. Libraries of the same speed were tried:
yaml-rs crashes the process on nested sequences, and rapidyaml reads `True` as text.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import msgspec
import yaml

MAX_DEPTH: Final = 100
"""The maximum depth of mappings and sequences; Kubernetes objects have about twenty."""

_ASCII: Final = bytes(range(0x20, 0x7F)) + b"\n"
_UNUSUAL: Final = re.compile("[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Tabs, line endings other than LF, and characters that YAML defines as non-printable."""

_LINE: Final = re.compile(
    r"(?P<indent> *)(?P<dashes>(?:- )*)"
    r"(?:(?P<key>[A-Za-z0-9_./$(](?:[^\s:#]|:(?=\S))*|\"[^\"\\]+\"|'[^']+'):(?: (?=\S)|\Z))?"
    r"(?P<value>\S.*)?"
)
_PLAIN: Final = re.compile(r"(?:[^\s,\[\]{}#&*!|>'\"%@`?:-]|[:-](?=\S))(?:[^:#]|:(?! |\Z)|(?<! )#)*(?<! )")
_SINGLE: Final = re.compile(r"'(?:[^']|'')*'")
_DOUBLE: Final = re.compile(r'"(?:[^"\\]|\\(?:["\\/bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}))*"')
_DECIMAL: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
_WORDS: Final = {"true": True, "false": False, "null": None}
_RESOLVERS: Final = yaml.SafeLoader.yaml_implicit_resolvers
_TIMESTAMP_TAG: Final = "tag:yaml.org,2002:timestamp"
_MAX_CACHED_LINES: Final = 10_000
_MAX_CACHED_LENGTH: Final = 200
"""The maximum length of a cached line; longer lines rarely recur."""


class NotBlockYaml(ValueError):  # noqa: N818  (what the text is)
    """The text needs a full YAML parser, or is broken."""


class _Placeholder(NamedTuple):
    """A placeholder for a value that is not on its key's line: an empty collection, a literal scalar, or none yet."""

    indicator: str


_NOTHING: Final = _Placeholder("")
_INDICATORS: Final = {indicator: _Placeholder(indicator) for indicator in ("{}", "[]", "|", "|-")}


class _Line(NamedTuple):
    indent: int
    dashes: int
    key: str | None
    value: object


_line_cache: dict[str, _Line] = {}
"""Parsed lines by text: most lines of a list are the same as in the previous object."""


def load_block(text: bytes) -> Any:
    """The value of one document. Timestamps stay text.

    Raises:
        NotBlockYaml: it needs a full parser.
    """
    if not text.endswith(b"\n"):
        # The text may be truncated, perhaps inside a literal scalar.
        raise NotBlockYaml
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError:
        raise NotBlockYaml from None
    unusual = text.translate(None, _ASCII)
    if unusual and (unusual.isascii() or any(map(_UNUSUAL.search, lines))):
        raise NotBlockYaml
    while lines and not lines[-1]:
        lines.pop()
    return _Reader(lines).read()


class _Reader:
    """Walks the lines with a stack of the open mappings and sequences and their columns."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._columns: list[int] = []
        self._open: list[Any] = []

    def read(self) -> Any:
        columns, open_ = self._columns, self._open
        pending: str | None = None
        """The key of the innermost mapping if its value begins on the next line."""
        has_root = False
        number, lines, cache = 0, self._lines, _line_cache
        while number < len(lines):
            text = lines[number]
            line = cache.get(text) or _line(text)
            column, dashes, key, value = line
            number += 1
            if type(value) is _Placeholder:
                if value.indicator[:1] == "|":
                    parent = column + 2 * dashes - (2 if key is None else 0)
                    value, number = self._literal(number, parent, value.indicator)
                elif value is not _NOTHING:
                    value = {} if value.indicator == "{}" else []
            while columns and columns[-1] > column:
                columns.pop()
                open_.pop()
                pending = None
            if dashes:
                # A sequence continues, or begins as the value of the preceding key.
                if columns and columns[-1] == column and type(open_[-1]) is list:
                    pass
                elif not has_root or pending is not None:
                    self._enter(column, [], pending)
                else:
                    raise NotBlockYaml
                has_root, pending = True, None
                for _ in range(dashes - 1):
                    column += 2
                    self._enter(column, [], None)
                if key is None:
                    open_[-1].append(value)
                    continue
                column += 2
                self._enter(column, {}, None)
            elif columns and columns[-1] == column:
                if type(open_[-1]) is list:
                    # kubectl does not indent a sequence that is the value of a key.
                    columns.pop()
                    open_.pop()
                    if not columns or columns[-1] != column:
                        raise NotBlockYaml
            elif not has_root or (pending is not None and columns[-1] < column):
                self._enter(column, {}, pending)
            else:
                raise NotBlockYaml
            if key is None:
                raise NotBlockYaml
            has_root = True
            open_[-1][key] = None if value is _NOTHING else value
            pending = key if value is _NOTHING else None
        if not open_:
            raise NotBlockYaml
        return open_[0]

    def _enter(self, column: int, value: Any, pending: str | None) -> None:
        """Begin a mapping or sequence, as the value of a key or an item of the enclosing sequence."""
        if self._open:
            parent = self._open[-1]
            if pending is not None:
                parent[pending] = value
            else:
                parent.append(value)
        if len(self._open) >= MAX_DEPTH:
            raise NotBlockYaml
        self._open.append(value)
        self._columns.append(column)

    def _literal(self, start: int, parent: int, indicator: str) -> tuple[str, int]:
        """The lines from `start` that are indented more than `parent`, and the number of the next line."""
        lines, end = self._lines, start
        indent = 0
        while end < len(lines):
            line = lines[end]
            spaces = len(line) - len(line.lstrip(" "))
            if spaces == len(line):
                # How many spaces of a blank line belong to the text depends on the other lines.
                if spaces:
                    raise NotBlockYaml
            elif spaces <= parent:
                break
            elif not indent:
                indent = spaces
            elif spaces < indent:
                raise NotBlockYaml
            end += 1
        text = "\n".join(line[indent:] for line in lines[start:end]).rstrip("\n")
        return (f"{text}\n" if text and indicator == "|" else text), end


def _line(text: str) -> _Line:
    match = _LINE.fullmatch(text)
    if match is None:
        raise NotBlockYaml
    indent, dashes, key, value = match.groups()
    if key is not None:
        key = _scalar(key)
        if not isinstance(key, str):
            raise NotBlockYaml
    elif value is None:
        raise NotBlockYaml
    line = _Line(len(indent), len(dashes) // 2, key, _NOTHING if value is None else _scalar(value))
    if len(text) <= _MAX_CACHED_LENGTH:
        if len(_line_cache) >= _MAX_CACHED_LINES:
            _line_cache.clear()
        _line_cache[text] = line
    return line


def _scalar(text: str) -> object:
    first = text[0]
    if first == '"':
        if _DOUBLE.fullmatch(text) is None:
            raise NotBlockYaml
        return msgspec.json.decode(text) if "\\" in text else text[1:-1]
    if first == "'":
        if _SINGLE.fullmatch(text) is None:
            raise NotBlockYaml
        return text[1:-1].replace("''", "'")
    if text in _INDICATORS:
        return _INDICATORS[text]
    if _PLAIN.fullmatch(text) is None:
        raise NotBlockYaml
    for tag, pattern in _RESOLVERS.get(first, ()):
        if tag != _TIMESTAMP_TAG and pattern.match(text):
            if text in _WORDS:
                return _WORDS[text]
            if _DECIMAL.fullmatch(text):
                return int(text)
            raise NotBlockYaml
    return text
