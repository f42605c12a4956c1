"""The filter language: words, /patterns/ and `key:value` terms; `!` negates, a space is AND, `|` is OR.

The keys are defined in `filter_fields`. A filter is compiled for one pane of one session, because the meaning of a key
depends on the rows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.kinds.metadata import Key
from dsview.tables.filter_fields import FILTER_KEYS, KeyTest
from dsview.tables.pane import Pane

PATTERN_SECONDS = 0.02
"""The time limit of a pattern for one row. Rows are short, so a pattern that takes longer would take forever."""

MAX_UNTIMED_LENGTH = 1000
"""The number of characters that a simple pattern processes in a millisecond in the worst case."""

TextsOf = Callable[[Sequence[Key]], Sequence[str]]
"""The texts of rows in lower case, in the order of their keys."""

Selection = Callable[[list[Key], TextsOf], list[Key]]
"""The rows that match, in their given order. A pattern that takes too long raises `TimeoutError`."""


class FilterError(ValueError):
    """An invalid filter: what is wrong, as a sentence, and the position of the error."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Term(msgspec.Struct, frozen=True):
    """One term, from `start` to `end`; its text starts at `at`. `key` is empty for words and patterns."""

    text: str
    start: int
    end: int
    at: int
    is_negated: bool
    is_pattern: bool
    key: str = ""


class Filter(msgspec.Struct, frozen=True):
    """A compiled filter.

    `select` takes hundreds of rows at once, because 150,000 calls would delay a key press. `inapplicable` are the keys
    that the pane's rows do not have; their terms match nothing.
    """

    select: Selection
    inapplicable: tuple[str, ...] = ()


_TERM = re.compile(
    r"""(?P<marks>!*)
    (?: (?P<key>[A-Za-z]+) : (?= [^\s|:] | $ | [\s|] ) (?: "(?P<quoted_value>[^"]*)" | (?P<value>[^\s|"]*) )
      | "(?P<quoted>[^"]*)"
      | /(?P<pattern>(?:[^/\\]|\\.)*)/ (?=\s|\||$)
      | (?P<word>[^\s|"!][^\s|"]*)
    )""",
    re.VERBOSE,
)
_HEXADECIMAL = re.compile(r"[A-Fa-f]+")


def terms(text: str) -> Iterator[Term | None]:
    """The terms in order; None stands for `|`. Raises `FilterError` if something is incomplete."""
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
                what = "This quote is not closed." if is_quote else "A word is missing after the `!`."
                raise FilterError(what, position)
            yield _term(match)
            position = match.end()


def _term(match: re.Match[str]) -> Term:
    found = match.groupdict()
    marks = len(found["marks"])
    key = (found["key"] or "").lower()
    if key and key not in FILTER_KEYS and _HEXADECIMAL.fullmatch(key):
        # `fe:` starts an address, not a key.
        key = ""
        found["word"] = match.group()[marks:]
        found["value"] = found["quoted_value"] = None
    text = next(
        (found[name] for name in ("quoted_value", "value", "quoted", "pattern", "word") if found[name] is not None), ""
    )
    return Term(
        text=text,
        start=match.start(),
        end=match.end(),
        at=match.start() + marks,
        is_negated=marks % 2 == 1,
        is_pattern=found["pattern"] is not None,
        key=key,
    )


def compile_filter(text: str, pane: Pane, view: ClusterView) -> Filter | None:
    """The filter for the rows of a pane; None if it matches everything. Raises `FilterError`."""
    groups: list[list[_Test]] = [[]]
    inapplicable: list[str] = []
    for term in terms(text):
        if term is None:
            groups.append([])
        else:
            groups[-1].append(_test(term, pane, view))
            if term.key and not FILTER_KEYS[term.key].applies_to(pane):
                inapplicable.append(term.key)
    wanted = [group for group in groups if group]
    if not wanted:
        return None
    return Filter(select=_any_of(wanted), inapplicable=tuple(dict.fromkeys(inapplicable)))


class _Test(msgspec.Struct, frozen=True):
    select: Selection
    needs_text: bool


def _any_of(groups: list[list[_Test]]) -> Selection:
    # Terms that need no text come first, so that fewer texts must be computed.
    selections = [
        _all_of([test.select for test in sorted(group, key=lambda test: test.needs_text)]) for group in groups
    ]
    if len(selections) == 1:
        return selections[0]

    def select(keys: list[Key], texts_of: TextsOf) -> list[Key]:
        matching: set[Key] = set()
        rest = keys
        for selection in selections:
            matching.update(selection(rest, texts_of))
            rest = [key for key in rest if key not in matching]
        return [key for key in keys if key in matching]

    return select


def _all_of(selections: list[Selection]) -> Selection:
    if len(selections) == 1:
        return selections[0]

    def select(keys: list[Key], texts_of: TextsOf) -> list[Key]:
        for selection in selections:
            keys = selection(keys, texts_of)
        return keys

    return select


def _test(term: Term, pane: Pane, view: ClusterView) -> _Test:
    if term.key:
        return _Test(_by_key(_key_test(term, pane, view), is_negated=term.is_negated), needs_text=False)
    if term.is_pattern:
        return _Test(_by_text(_pattern(term), is_negated=term.is_negated), needs_text=True)
    return _Test(_by_word(term.text.lower(), is_negated=term.is_negated), needs_text=True)


def _by_key(wanted: KeyTest, *, is_negated: bool) -> Selection:
    return lambda keys, _texts_of: [
        key for key, is_wanted in zip(keys, wanted(keys), strict=True) if is_wanted is not is_negated
    ]


def _by_word(word: str, *, is_negated: bool) -> Selection:
    if is_negated:
        return lambda keys, texts_of: [key for key, text in zip(keys, texts_of(keys), strict=True) if word not in text]
    return lambda keys, texts_of: [key for key, text in zip(keys, texts_of(keys), strict=True) if word in text]


def _by_text(matches_text: Callable[[str], bool], *, is_negated: bool) -> Selection:
    return lambda keys, texts_of: [
        key for key, text in zip(keys, texts_of(keys), strict=True) if matches_text(text) is not is_negated
    ]


def _key_test(term: Term, pane: Pane, view: ClusterView) -> KeyTest:
    entry = FILTER_KEYS.get(term.key)
    if entry is None:
        close = difflib.get_close_matches(term.key, FILTER_KEYS, n=1)
        hint = f"Did you mean {close[0]}:?" if close else f"Keys: {', '.join(f'{name}:' for name in FILTER_KEYS)}."
        raise FilterError(
            f"{term.key}: is not a filter key. {hint} To search for it as text, put it in quotes.", term.at
        )
    if not entry.applies_to(pane):
        return lambda keys: [False] * len(keys)
    if not term.text:
        # Its value has not been typed yet.
        return lambda keys: [True] * len(keys)
    try:
        return entry.make(term.text, pane, view)
    except ValueError as error:
        raise FilterError(str(error), term.at + len(term.key) + 1) from None


_SIMPLE = re.compile(r"[^()*+?{]*(?:[*+?][^()*+?{]*)?")
"""Matches patterns with at most one repetition, of one character. Their time is at most quadratic in the length."""


def _pattern(term: Term) -> Callable[[str], bool]:
    # Imported here, because few filters have a pattern. Unlike `re`, it has a timeout.
    import regex  # noqa: PLC0415

    try:
        search = regex.compile(term.text, regex.IGNORECASE).search
    except (regex.error, RecursionError, OverflowError) as error:
        raise FilterError(f"This pattern is not valid: {error}.", term.at) from None
    # Checking the time costs five times as much as matching a row.
    untimed_length = MAX_UNTIMED_LENGTH if _SIMPLE.fullmatch(term.text) else -1
    return lambda text: (
        search(text) is not None if len(text) <= untimed_length else search(text, timeout=PATTERN_SECONDS) is not None
    )


def narrows(before: str, after: str) -> bool:
    """Whether every row that matches `after` also matches `before`: more of a plain word was typed."""
    plain = not any(mark in after for mark in '!|/":')
    return plain and after.startswith(before)
