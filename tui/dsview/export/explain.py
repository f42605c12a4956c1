"""`dsview explain`: the page of a check, as text and as Markdown, and the index of all checks."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from dsview.checks.engine.check import Check
from dsview.checks.engine.policy import matches
from dsview.checks.engine.registry import all_checks
from dsview.core.errors import UserError
from dsview.core.text import safe

_WIDTH = 96
_LABEL = 14
"""The width of the labels before facts."""

_SPECIAL = re.compile(r"([\\*<|])")
"""Characters that Markdown would interpret."""


def _facts(check: Check) -> Iterator[tuple[str, str]]:
    """The metadata of a check as pairs of label and value."""
    yield "Checks", _named(check.subjects) or "the cluster as a whole"
    yield "Needs", _named(check.needs)
    yield "Or partly", _named(check.substitutes)
    yield "Also reads", _named(kind for kind in check.uses if kind not in check.subjects)
    yield "Overview", check.layer.value if check.layer else ""
    yield "Trace", f"at the hop {check.hop.value}" if check.hop else ""
    if check.opt_in:
        yield "Selected", "only with --select, because it reads a kind that no other check needs"
    if check.detail_only:
        yield "Shown", "only in the detail view of its object, not in reports"


def _sections(check: Check) -> Iterator[tuple[str, str]]:
    yield "Condition", check.condition
    yield "Why it matters", check.why
    yield "Fix", check.fix
    yield "When it is a false alarm", check.not_when
    yield "Source", check.source


def _named(kinds: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(map(str, kinds)))


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _as_text(check: Check) -> str:
    lines = [f"{check.code}  {check.slug}  ({check.severity.value})", "", f"{check.title}.", ""]
    lines += [f"{label + ':':<{_LABEL}}{value}" for label, value in _facts(check) if value]
    for title, text in _sections(check):
        if text:
            lines += ["", title, *_wrapped(text, _WIDTH, "  ")]
    return "\n".join(lines) + "\n"


def _as_markdown(check: Check) -> str:
    lines = [f"# {check.code} {check.slug}", "", f"{_plain(check.title)}.", "", "| | |", "|---|---|"]
    lines.append(f"| Severity | {check.severity.value} |")
    lines += [f"| {label} | {_plain(value)} |" for label, value in _facts(check) if value]
    for title, text in _sections(check):
        if text:
            lines += ["", f"## {title}", "", *_wrapped(_plain(text), 120)]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


_PAGES = {"text": _as_text, "markdown": _as_markdown}
_SEPARATOR = {"text": "\n" + "-" * _WIDTH + "\n\n", "markdown": "\n"}


def explain_one(text: str, output: str = "text") -> str:
    """The page of the check with a code or slug. Raises `UserError` if there is none."""
    checks = [c for c in all_checks() if matches(c.code, text) or c.slug == text.strip().lower()]
    if not checks:
        raise UserError(f"There is no check {safe(text)[:80]!r}. `dsview explain` lists all of them.")
    return _SEPARATOR[output].join(map(_PAGES[output], checks))


def list_checks() -> str:
    """A line for each check."""
    return "".join(f"{c.code:<12} {c.severity.value:<8} {c.slug:<32} {c.title}\n" for c in all_checks())


def all_pages(output: str = "text") -> str:
    """The pages of all checks, one after the other."""
    return _SEPARATOR[output].join(map(_PAGES[output], all_checks()))


def write_pages(folder: Path) -> int:
    """Write a Markdown page for each check, and an index. Returns the number of pages.

    Deletes nothing, so pages of removed checks remain. Raises `UserError` if a file cannot be written.
    """
    pages = {f"{check.code}.md": _as_markdown(check) for check in all_checks()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in {"README.md": _index(), **pages}.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"The pages cannot be written: {error.strerror or error}.") from None
    return len(pages)


def _index() -> str:
    lines = [
        "# The checks",
        "",
        "Written by `dsview explain --all -o markdown --folder docs/checks`.",
        "",
        "| code | slug | severity | what it finds |",
        "|---|---|---|---|",
    ]
    lines += [f"| [{c.code}]({c.code}.md) | {c.slug} | {c.severity.value} | {_plain(c.title)} |" for c in all_checks()]
    return "\n".join(lines) + "\n"
