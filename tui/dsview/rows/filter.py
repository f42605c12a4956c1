"""The filter line: words and patterns over a row's text, `!` to negate, `|` for or, spaces for and."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

Match = Callable[[str], bool]
"""Whether a row's text, in lower case, is wanted."""


class FilterError(ValueError):
    """A filter that cannot be understood: a sentence, and the position of what it is about."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class _Term(msgspec.Struct, frozen=True):
    text: str
    position: int
    is_negated: bool
    is_pattern: bool


_TERM = re.compile(r'(!*)(?:"([^"]*)"|/((?:[^/\\]|\\.)*)/(?=\s|\||$)|([^\s|"!][^\s|"]*))')


def _terms(text: str) -> Iterator[_Term | None]:
    """The terms in order; None stands for `|`."""
    position = 0
    while position < len(text):
        character = text[position]
        if character.isspace():
            position += 1
        elif character == "|":
            yield None
            position += 1
        else:
            match = _TERM.match(text, position)
            if match is None:
                is_quote = text[position:].lstrip("!").startswith('"')
                what = "This quote is not closed." if is_quote else "A word is missing behind the `!`."
                raise FilterError(what, position)
            marks, quoted, pattern, word = match.groups()
            content = next(part for part in (quoted, pattern, word) if part is not None)
            yield _Term(content, match.start() + len(marks), len(marks) % 2 == 1, pattern is not None)
            position = match.end()


def _matcher(term: _Term) -> Match:
    if term.is_pattern:
        try:
            search = re.compile(term.text, re.IGNORECASE).search
        except (re.error, RecursionError, OverflowError) as error:
            raise FilterError(f"This pattern is not valid: {error}.", term.position) from None
        return (lambda row: search(row) is None) if term.is_negated else (lambda row: search(row) is not None)
    word = term.text.lower()
    return (lambda row: word not in row) if term.is_negated else (lambda row: word in row)


def compile_filter(text: str) -> Match | None:
    """The filter as a function; None where it lets everything through. Raises `FilterError`."""
    groups: list[list[Match]] = [[]]
    for term in _terms(text):
        if term is None:
            groups.append([])
        else:
            groups[-1].append(_matcher(term))
    wanted = [group for group in groups if group]
    if not wanted:
        return None
    if len(wanted) == 1 and len(wanted[0]) == 1:
        return wanted[0][0]
    return lambda row: any(all(match(row) for match in group) for group in wanted)


def narrows(before: str, after: str) -> bool:
    """Whether everything that the longer filter finds is found by the shorter one too: plain words typed further."""
    plain = not any(mark in after for mark in '!|/"')
    return plain and after.startswith(before)
