"""`dsview explain` and the page of all checks, made from the registry."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from dsview.checks.engine.check import Check
from dsview.checks.engine.policy import matches
from dsview.checks.engine.registry import all_checks
from dsview.core.errors import UserError
from dsview.core.text import safe

_WIDTH = 96


def _paragraph(label: str, text: str) -> Iterator[str]:
    if text:
        indent = " " * 14
        yield from textwrap.wrap(
            text, _WIDTH, initial_indent=f"{label + ':':<14}", subsequent_indent=indent, break_on_hyphens=False
        )


def explain(check: Check) -> str:
    """One check at length."""
    needs = [kind.value for kind in dict.fromkeys((*check.subjects, *check.needs))]
    lines = [
        f"{check.code}  {check.slug}  ({check.severity.value})",
        "",
        check.title,
        "",
        *_paragraph("Condition", check.condition),
        *_paragraph("Why", check.why),
        *_paragraph("Fix", check.fix),
        *_paragraph("False alarm", check.not_when),
        *_paragraph("Needs", ", ".join(needs)),
        *_paragraph("Or in part", ", ".join(kind.value for kind in check.substitutes)),
        *_paragraph("Shown", "in the detail of its object only, in no report" if check.detail_only else ""),
        *_paragraph("Source", check.source),
    ]
    return "\n".join(lines) + "\n"


def explain_one(text: str) -> str:
    """The check of a code or slug. Raises `UserError` where there is none."""
    found = [c for c in all_checks() if matches(c.code, text) or c.slug == text.strip().lower()]
    if not found:
        raise UserError(f"There is no check {safe(text)[:80]!r}. `dsview explain` lists all of them.")
    return "\n".join(explain(check) for check in found)


def explain_all() -> str:
    """Every check in a line."""
    return "".join(f"{c.code:<12} {c.severity.value:<8} {c.slug:<32} {c.title}\n" for c in all_checks())


def checks_page() -> str:
    """Every check at length: `dsview help checks`."""
    return ("\n" + "-" * _WIDTH + "\n\n").join(explain(check) for check in all_checks())
