"""Counts the directives that a parser of nginx.conf must find, independently of that parser.

crossplane can lose servers silently: Lua long brackets, an unterminated Lua block and unknown `*_by_lua_block`
directives hide what follows. Therefore this module scans the text a second time, only for counting, by the rules of
`ngx_conf_read_token` (nginx, src/core/ngx_conf_file.c) and of lua-nginx-module's block lexer. If the numbers differ,
the file counts as unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

MAX_DEPTH: Final = 100
"""The maximum depth of nested blocks; ingress-nginx writes five."""
MAX_DIRECTIVES: Final = 1_000_000
"""A file of 10 MB with 3,000 servers has 250,000; each takes about 400 bytes of the parser's memory."""


class UnreadConf(ValueError):  # noqa: N818  (named for `ListenSource.UNREAD`, because it is no fault of dsview)
    """The listeners of an nginx.conf are unknown. The message says why and is safe to print."""


class FamilyCounts(msgspec.Struct, frozen=True):
    """The number of `listen …;`, `server { … }` and `server_name …;` in the text, in any block."""

    listen: int
    server: int
    server_name: int


# A `#` only starts a comment where a token can start. Every repeat is possessive, so that hostile text takes linear
# time: nothing is tried twice.
_GAP: Final = rb"(?:[ \t\r\n]++|#[^\n]*+)*+"
_WORD: Final = rb"(?:[^ \t\r\n;{}#\"'\\$]|\\.|\$\{?+)(?:[^ \t\r\n;{\\$]++|\\.|\$\{?+)*+"
_QUOTED: Final = rb"\"(?:[^\"\\]++|\\.)*+\"|'(?:[^'\\]++|\\.)*+'"
_TOKEN: Final = rb"(?:" + _QUOTED + rb"|" + _WORD + rb")"
_STATEMENT: Final = re.compile(
    _GAP
    + rb"(?:(?P<close>\})|(?P<eof>\Z)|"
    + rb"(?P<name>" + _TOKEN + rb")(?P<args>(?:" + _GAP + _TOKEN + rb")*+)" + _GAP + rb"(?P<end>[;{]))",
    re.DOTALL,
)  # fmt: skip

_TOKENS: Final = re.compile(_GAP + rb"(" + _TOKEN + rb")", re.DOTALL)

# Lua syntax that can contain a brace: comments, strings and long brackets of any level (Lua 5.1 manual, §2.1).
_LUA: Final = re.compile(
    rb"(?:--)?+\[(?P<level>=*+)\[|--[^\n]*+|"
    rb"\"(?:[^\"\\\n]++|\\.)*+\"|'(?:[^'\\\n]++|\\.)*+'|(?P<stray>[\"'])|(?P<brace>[{}])",
    re.DOTALL,
)
_LUA_BLOCK: Final = b"_by_lua_block"


def count(text: bytes) -> FamilyCounts:
    """Count the directives that determine listeners.

    Raises:
        UnreadConf: The text is not valid for nginx either, or it exceeds limits that no controller reaches.
    """
    found = {b"listen": 0, b"server": 0, b"server_name": 0}
    directives = depth = position = 0
    while True:
        match = _STATEMENT.match(text, position)
        if match is None:
            raise UnreadConf(f"the directive at line {_line(text, position)} does not end")
        position = match.end()
        if match["eof"] is not None:
            break
        if match["close"]:
            depth -= 1
            if depth < 0:
                raise UnreadConf(f'line {_line(text, position)} has a "}}" too many')
            continue
        directives += 1
        if directives > MAX_DIRECTIVES:
            raise UnreadConf(f"it has more than {MAX_DIRECTIVES:,} directives")
        name = match["name"].strip(b"\"'")
        opens = match["end"] == b"{"
        if opens and name.endswith(_LUA_BLOCK):
            position = _end_of_lua(text, position)
        elif opens:
            depth += 1
            if depth > MAX_DEPTH:
                raise UnreadConf(f"its blocks are nested more than {MAX_DEPTH} deep")
        if name in found and opens == (name == b"server"):
            found[name] += 1
    if depth:
        raise UnreadConf(f'it ends before its blocks do: {depth} "}}" missing')
    return FamilyCounts(listen=found[b"listen"], server=found[b"server"], server_name=found[b"server_name"])


def includes(text: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each `include` of one path, wherever it is: where it starts and ends, and the path.

    Stops at what is not valid for nginx, which `count` refuses.
    """
    position = 0
    while (match := _STATEMENT.match(text, position)) is not None and match["eof"] is None:
        position = match.end()
        if match["close"]:
            continue
        name = match["name"].strip(b"\"'")
        if match["end"] == b"{" and name.endswith(_LUA_BLOCK):
            position = _end_of_lua(text, position)
        elif match["end"] == b";" and name == b"include":
            paths = _TOKENS.findall(match["args"])
            if len(paths) == 1:
                yield match.start("name"), position, paths[0].strip(b"\"'")


def _end_of_lua(text: bytes, start: int) -> int:
    """The position after the `}` that closes the Lua block whose `{` is right before `start`."""
    depth = 1
    position = start
    while match := _LUA.search(text, position):
        position = match.end()
        if match["level"] is not None:
            position = text.find(b"]" + match["level"] + b"]", position) + len(match["level"]) + 2
            if position < match.end():
                break
        elif match["stray"]:
            break
        elif match["brace"]:
            depth += 1 if match["brace"] == b"{" else -1
            if not depth:
                return position
    raise UnreadConf(f"the Lua block at line {_line(text, start)} does not end")


def _line(text: bytes, position: int) -> int:
    return text.count(b"\n", 0, position) + 1
