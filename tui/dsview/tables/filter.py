"""The filter language: words, /patterns/ and `key:value` terms; `!` negates, a space is AND, `|` is OR.

What the keys mean stands in `filter_keys`. A filter is compiled for one pane of one session, since what a key can ask
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
"""How long a pattern may take for one row. Rows are short: a pattern that takes longer would run forever."""

SHORT = 1000
"""The number of characters that a simple pattern processes in a millisecond in the worst case."""

TextsOf = Callable[[Sequence[Key]], Sequence[str]]
"""The texts of rows in lower case, in the order of their keys."""

Selection = Callable[[list[Key], TextsOf], list[Key]]
"""The rows that match, in their given order. A pattern that takes too long raises `TimeoutError`."""


class FilterError(ValueError):
    """An invalid filter: a sentence, and the position of the error."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Term(msgspec.Struct, frozen=True):
    """One term as it is written. `key` is empty for words and patterns; `start` and `end` hold it, `at` its text."""

    text: str
    start: int
    end: int
    at: int
    is_negated: bool
    is_pattern: bool
    key: str = ""


class Filter(msgspec.Struct, frozen=True):
    """A compiled filter.

    `select` is given hundreds of rows at once: a call for each of 150,000 would take longer than a key may.
    `inapplicable` names the keys that the pane's rows do not have, so that their terms match nothing.
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
    # Terms that need no text come first, because then fewer texts have to be made.
    selections = [
        _all_of([test.select for test in sorted(group, key=lambda test: test.needs_text)]) for group in groups
    ]
    if len(selections) == 1:
        return selections[0]

    def select(keys: list[Key], texts_of: TextsOf) -> list[Key]:
        found: set[Key] = set()
        rest = keys
        for selection in selections:
            found.update(selection(rest, texts_of))
            rest = [key for key in rest if key not in found]
        return [key for key in keys if key in found]

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


def _by_text(fits: Callable[[str], bool], *, is_negated: bool) -> Selection:
    return lambda keys, texts_of: [
        key for key, text in zip(keys, texts_of(keys), strict=True) if fits(text) is not is_negated
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
"""Whether a pattern has at most one repetition, of one character: it takes the square of a row's length at worst."""


def _pattern(term: Term) -> Callable[[str], bool]:
    # Imported here because few filters have a pattern. Unlike `re`, it can be interrupted.
    import regex  # noqa: PLC0415

    try:
        search = regex.compile(term.text, regex.IGNORECASE).search
    except (regex.error, RecursionError, OverflowError) as error:
        raise FilterError(f"This pattern is not valid: {error}.", term.at) from None
    # Checking the time costs five times as much as matching a row.
    unwatched = SHORT if _SIMPLE.fullmatch(term.text) else -1
    return lambda text: (
        search(text) is not None if len(text) <= unwatched else search(text, timeout=PATTERN_SECONDS) is not None
    )


def narrows(before: str, after: str) -> bool:
    """Whether the shorter filter matches everything that the longer one does: plain words with more typed."""
    plain = not any(mark in after for mark in '!|/":')
    return plain and after.startswith(before)
