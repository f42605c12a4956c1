"""The filter language: words, /patterns/ and `key:value` terms; `!` negates, a space is AND, `|` is OR.

What the keys mean stands in `filter_keys`. A filter is compiled for one pane of one session, since what a key can ask
depends on the rows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator

import msgspec

from dsview.model.objects import Key
from dsview.rows.filter_keys import FILTER_KEYS, KeyTest
from dsview.rows.pane import Pane
from dsview.session.session import Session

PATTERN_SECONDS = 0.02
"""How long a pattern may look at one row. Rows are short: one that takes longer would take for ever."""


class FilterError(ValueError):
    """A filter that cannot be understood: a sentence, and the position of what it is about."""

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

    `test` tells whether a row is wanted, from its key and its text in lower case; it may raise `TimeoutError` where a
    pattern takes too long. `needs_text` is false where no term looks at the text. `inapplicable` names the keys that
    the pane's rows do not have, so that their terms match nothing.
    """

    test: Callable[[Key, str], bool]
    needs_text: bool
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
    """The terms in order; None stands for `|`. Raises `FilterError` where something is not finished."""
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
            yield _term(match)
            position = match.end()


def _term(match: re.Match[str]) -> Term:
    found = match.groupdict()
    marks = len(found["marks"])
    key = (found["key"] or "").lower()
    if key and key not in FILTER_KEYS and _HEXADECIMAL.fullmatch(key):
        # `fe:` begins an address, not a key.
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


def compile_filter(text: str, pane: Pane, session: Session) -> Filter | None:
    """The filter for the rows of a pane; None where it lets everything through. Raises `FilterError`."""
    groups: list[list[_Test]] = [[]]
    inapplicable: list[str] = []
    for term in terms(text):
        if term is None:
            groups.append([])
        else:
            groups[-1].append(_test(term, pane, session))
            if term.key and not FILTER_KEYS[term.key].applies_to(pane):
                inapplicable.append(term.key)
    wanted = [group for group in groups if group]
    if not wanted:
        return None
    return Filter(
        test=_any_of(wanted),
        needs_text=any(test.needs_text for group in wanted for test in group),
        inapplicable=tuple(dict.fromkeys(inapplicable)),
    )


class _Test(msgspec.Struct, frozen=True):
    run: Callable[[Key, str], bool]
    needs_text: bool


def _any_of(groups: list[list[_Test]]) -> Callable[[Key, str], bool]:
    if len(groups) == 1 and len(groups[0]) == 1:
        return groups[0][0].run
    # What needs no text is asked first: it is the quickest to say no.
    runs = [[test.run for test in sorted(group, key=lambda test: test.needs_text)] for group in groups]
    return lambda key, text: any(all(run(key, text) for run in group) for group in runs)


def _test(term: Term, pane: Pane, session: Session) -> _Test:
    if term.key:
        wanted = _key_test(term, pane, session)
        run = (lambda key, _text: not wanted(key)) if term.is_negated else (lambda key, _text: wanted(key))
        return _Test(run, needs_text=False)
    if term.is_pattern:
        return _Test(_pattern(term), needs_text=True)
    word = term.text.lower()
    return _Test(
        (lambda _key, text: word not in text) if term.is_negated else (lambda _key, text: word in text), needs_text=True
    )


def _key_test(term: Term, pane: Pane, session: Session) -> KeyTest:
    entry = FILTER_KEYS.get(term.key)
    if entry is None:
        close = difflib.get_close_matches(term.key, FILTER_KEYS, n=1)
        hint = f"Did you mean {close[0]}:?" if close else f"There are {', '.join(f'{name}:' for name in FILTER_KEYS)}."
        raise FilterError(f"{term.key}: is no key. {hint} In quotes it is text.", term.at)
    if not entry.applies_to(pane):
        return lambda _key: False
    if not term.text:
        # Nothing is typed behind it yet.
        return lambda _key: True
    try:
        return entry.make(term.text, pane, session)
    except ValueError as error:
        raise FilterError(str(error), term.at + len(term.key) + 1) from None


def _pattern(term: Term) -> Callable[[Key, str], bool]:
    # Imported where it is needed: few filters hold a pattern. Unlike `re` it can be stopped.
    import regex  # noqa: PLC0415

    try:
        search = regex.compile(term.text, regex.IGNORECASE).search
    except (regex.error, RecursionError, OverflowError) as error:
        raise FilterError(f"This pattern is not valid: {error}.", term.at) from None
    if term.is_negated:
        return lambda _key, text: search(text, timeout=PATTERN_SECONDS) is None
    return lambda _key, text: search(text, timeout=PATTERN_SECONDS) is not None


def narrows(before: str, after: str) -> bool:
    """Whether everything that the longer filter finds is found by the shorter one too: plain words typed further."""
    plain = not any(mark in after for mark in '!|/":')
    return plain and after.startswith(before)
