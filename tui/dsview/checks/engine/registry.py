"""All checks, discovered by their modules: `dsview/checks/<folder>/<slug>.py`.

The engine, the screen, `dsview explain`, the documentation and the reports use only these entries.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from types import ModuleType

import msgspec

import dsview.checks
from dsview.checks.engine.check import Check

_SECTIONS = {
    "Condition": "condition",
    "Why it matters": "why",
    "Fix": "fix",
    "When it is a false alarm": "not_when",
    "Source": "source",
}
"""The sections of a check's docstring, as they follow each other, and the field for each."""

_HEADING = re.compile(r"^## (?P<title>.+)$", re.MULTILINE)


@cache
def registry() -> Mapping[str, Check]:
    """Every check by its code, sorted by code. Imports the modules of the checks on first use.

    Raises:
        ValueError: two modules have a check with the same code, or a docstring has an unknown section.
    """
    checks: dict[str, Check] = {}
    for package in pkgutil.iter_modules(dsview.checks.__path__, f"{dsview.checks.__name__}."):
        folder = importlib.import_module(package.name)
        for entry in pkgutil.iter_modules(getattr(folder, "__path__", ()), f"{package.name}."):
            module = importlib.import_module(entry.name)
            check = getattr(module, "check", None)
            if isinstance(check, Check):
                if check.code in checks:
                    raise ValueError(f"{check.code} is registered twice")
                checks[check.code] = _complete(check, module)
    return {code: checks[code] for code in sorted(checks)}


def all_checks() -> tuple[Check, ...]:
    """Every check, sorted by code."""
    return tuple(registry().values())


def _complete(check: Check, module: ModuleType) -> Check:
    # With -OO, Python omits docstrings. The checks work without their text.
    return msgspec.structs.replace(check, decide=module.decide, **_sections(module.__doc__ or check.slug))


def _sections(text: str) -> dict[str, str]:
    title, *parts = _HEADING.split(text)
    sections = {"title": " ".join(title.split()).removesuffix(".")}
    for heading, body in zip(parts[::2], parts[1::2], strict=True):
        if heading not in _SECTIONS:
            raise ValueError(f"the docstring of a check has an unknown section {heading!r}")
        sections[_SECTIONS[heading]] = " ".join(body.split())
    return sections
