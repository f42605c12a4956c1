"""Hostile text, and the rules for each place where it is printed: it controls no terminal, spreadsheet or parser."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import random
import re
import unicodedata
from collections.abc import Iterator
from xml.etree import ElementTree

_PIECES = (
    "\x1b]0;owned\x07",
    "\x1b]52;c;cm0=\x07",
    "\x1b]8;;http://e\x1b\\",
    "\x1b[2J",
    "\x1b[31m",
    "\x1b[?1049l",
    "\x1bP+q\x1b\\",
    "\x1b_G\x1b\\",
    "\x1bc",
    "\x1b",
    "\x9b31m",
    "\x9d0;x\x9c",
    "\x90q\x9c",
    "\x85",
    "\x00",
    "\x07",
    "\x08\x08",
    "\x0b\x0c",
    "\x0e\x0f",
    "\x7f",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u202d\u202c",
    "\u2066\u2069",
    "\u200f",
    "\u061c",
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\U000e0041",
    "\ufe0f",
    "\ud800",
    "\udfff",
    "\udc80",
    "\ufffe",
    "e\u0301\u0301",
    "\u0300",
    "名前",
    "🎉",
    "👩\u200d💻",
    "\u1100\u1161",
    "[bold]",
    "[/]",
    "[@click=app.quit]x[/]",
    "[link=http://e]",
    "$ink",
    "{{x}}",
    "<script>",
    "</td>",
    "]]>",
    "&lt;",
    "<!--",
    '"',
    "'",
    "`",
    "|",
    "**",
    "](x)",
    "\\",
    "%s",
    "=1+1",
    "+1",
    "-1",
    "@x",
    "＝1",  # noqa: RUF001  (spreadsheets read the full-width one too)
    "$(reboot)",
    "; rm",
    "http://e",
    "::1",
    "10.0.0.1",
    "/",
    " ",
    "",
)


def strings(seed: int, count: int) -> list[str]:
    """This many strings of one to four pieces, some with a letter between; the same for the same seed."""
    source = random.Random(seed)
    found = []
    for _ in range(count):
        pieces = [source.choice(_PIECES) for _ in range(source.randint(1, 4))]
        if source.random() < 0.2:
            pieces.append(chr(source.randrange(0x110000)))
        found.append(source.choice(("", "", "a", "-")).join(pieces))
    return found


def decodable(texts: list[str]) -> list[str]:
    """The texts without lone surrogates: no object contains one, since the JSON and YAML readers refuse them."""
    return [re.sub("[\ud800-\udfff]", "?", text) for text in texts]


_INVISIBLE = {"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u061c", "\u200e", "\u200f"}
_DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def _is_harmful(character: str) -> bool:
    """By the Unicode database and not by the door's own list: controls, separators, surrogates, unseen direction."""
    return (
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(character) in _DIRECTIONS
        or character in _INVISIBLE
        or 0xE0000 <= ord(character) <= 0xE0FFF
    )


def _ranges() -> Iterator[str]:
    """The harmful characters as ranges: a character class of single ones takes a thousand times as long."""
    codes = [code for code in range(0x110000) if _is_harmful(chr(code))]
    for first, *_, last in ([*run] for run in _runs(codes)):
        yield f"\\U{first:08x}-\\U{last:08x}"


def _runs(codes: list[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for code in codes:
        if run and code != run[-1] + 1:
            yield [run[0], run[-1]]
            run = []
        run.append(code)
    yield [run[0], run[-1]]


_HARMFUL = re.compile(f"[{''.join(_ranges())}]")

_TEXTUAL = re.compile(r"\x1b\[(?:[0-9;]*m|[0-9]+;[0-9]+H)")
"""What a frame may hold: colours, and where a line begins."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  (as above)
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


class HarmError(AssertionError):
    """Something was printed that must not be."""


def _refuse(text: str, what: str) -> None:
    found = _HARMFUL.search(text)
    if found is not None:
        around = text[max(0, found.start() - 40) : found.end() + 40]
        raise HarmError(f"{what}: {found.group()!r} in {around!r}")


def hold_frame(frame: str) -> None:
    """The bytes that are written to the terminal for one frame."""
    _refuse(_TEXTUAL.sub("", frame).replace("\n", ""), "frame")


def hold_lines(text: str) -> None:
    """Text of several lines, for a terminal or the clipboard."""
    _refuse(text.replace("\n", ""), "lines")
    text.encode()


def hold_line(text: str) -> None:
    """Text of one line."""
    _refuse(text, "line")
    text.encode()


def hold_json(text: str) -> None:
    """JSON that is also safe to print."""
    json.loads(text)
    hold_lines(text)


def hold_xml(text: str) -> None:
    """XML that is also safe to print."""
    ElementTree.fromstring(text.encode())
    hold_lines(text)


def hold_csv(text: str) -> None:
    """CSV without a cell that begins a formula."""
    rows = list(csv.reader(io.StringIO(text)))
    if len({len(row) for row in rows}) != 1:
        raise HarmError("the rows of the CSV differ in length")
    for cell in (cell for row in rows for cell in row):
        if cell.startswith(_FORMULA) and not _PLAIN_NUMBER.fullmatch(cell):
            raise HarmError(f"a formula: {cell!r}")
    hold_lines(text)


class _Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.attributes |= {name for name, _ in attrs}
        links = [value or "" for name, value in attrs if name in ("href", "src")]
        if any("://e" in link or link.lower().startswith("javascript:") for link in links):
            raise HarmError(f"a link that the cluster gave: {links}")


def hold_html(text: str) -> None:
    """HTML in which no cluster text is markup: no script, no handler, no link."""
    tags = _Tags()
    tags.feed(text)
    tags.close()
    if tags.scripts:
        raise HarmError("a script")
    if any(name.startswith("on") for name in tags.attributes):
        raise HarmError(f"a handler: {tags.attributes}")
    hold_lines(text)


_QUOTED = re.compile(r"'[^']*'|\"'\"")
_BARE = re.compile(r"[\w@%+=:,./ -]*(?:\| jq )?[\w@%+=:,./ -]*(?:\| kubectl [\w@%+=:,./ -]*)?")


def hold_script(text: str) -> None:
    """Shell lines in which cluster text is quoted, a plain word, or a comment."""
    hold_lines(text)
    commands = "\n".join(line for line in text.split("\n") if not line.startswith("#"))
    for bare in _QUOTED.sub("", commands).split("\n"):
        if not _BARE.fullmatch(bare):
            raise HarmError(f"a shell would act on {bare!r}")


_SENTENCE = re.compile(r"[A-Z][a-z]+ .*\.")


def hold_fixes(text: str) -> None:
    """Fixes: commands for a shell, comments and sentences; no line begins with cluster text."""
    for line in text.split("\n"):
        if line and not _SENTENCE.fullmatch(line):
            hold_script(line)


def chunks(texts: list[str], size: int) -> Iterator[list[str]]:
    """The texts in batches."""
    for start in range(0, len(texts), size):
        yield texts[start : start + size]
