"""The configuration file: TOML, strictly validated, every complaint with its place and a suggestion."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from dsview.checks.engine.policy import Exemption, Policy, matches
from dsview.checks.engine.registry import all_checks
from dsview.config.toml_file import ConfigFile
from dsview.core.errors import UserError
from dsview.core.finding import Severity
from dsview.core.text import safe

FIELDS: dict[str, str] = {
    "select": "Only these checks: a list of codes or globs.",
    "ignore": "Not these checks: a list of codes or globs.",
    "severity": "A table of codes and the severity to give them: error, warning or note.",
    "exempt": "A list of tables: checks, and optionally namespace, name, labels and reason.",
    "theme": "The theme of the screen.",
    "ascii": "true for signs of plain ASCII.",
    "keys": "A table of actions, by name, and the key or list of keys of each.",
    "columns": "A table of panes and the list of columns that each shows, in order.",
}
"""Every key of the file and what it means; `dsview help config` is made from this."""

EXEMPT_FIELDS: dict[str, str] = {
    "checks": "A list of codes or globs.",
    "namespace": "A glob over namespaces.",
    "name": "A glob over names.",
    "labels": "A table of labels that the object must have.",
    "reason": "Why; for people.",
}


class _Reader:
    """Turns a parsed file into a policy; complains with the line of what it complains about."""

    def __init__(self, file: ConfigFile) -> None:
        self._file = file

    def codes(self, key: str, value: Any, table: str = "", number: int = 0) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._file.fail(key, f"{key} must be a list of texts.", table, number)
        return check_codes(value, lambda word, message: self._file.fail(word, message, table, number))

    def policy(self) -> Policy:
        data = self._file.data
        for key in data:
            self._file.known(key, FIELDS, "key of this file")
        rows = data.get("exempt", [])
        if not isinstance(rows, list):
            raise self._file.fail("exempt", "exempt must be written as [[exempt]] tables.")
        return Policy(
            select=self.codes("select", data.get("select", [])),
            ignore=self.codes("ignore", data.get("ignore", [])),
            severities=self.severities(),
            exemptions=tuple(self.exemption(row, number) for number, row in enumerate(rows)),
        )

    def severities(self) -> dict[str, Severity]:
        """By code. What names a check itself counts more than a glob, whichever stands first: TOML knows no order."""
        wanted: list[tuple[bool, str, Severity]] = []
        for pattern, value in self._file.table("severity").items():
            self.codes("severity", [pattern], "severity")
            self._file.known(str(value), [s.value for s in Severity], "severity", "severity")
            wanted.append((not _is_glob(pattern), pattern, Severity(value)))
        wanted.sort(key=lambda entry: entry[0])
        checks = all_checks()
        return {c.code: severity for _, pattern, severity in wanted for c in checks if matches(c.code, pattern)}

    def exemption(self, row: Any, number: int) -> Exemption:
        def fail(key: str, message: str) -> UserError:
            return self._file.fail(key, message, "exempt", number)

        if not isinstance(row, dict) or not row.get("checks"):
            raise fail("exempt", "each [[exempt]] needs a list of checks.")
        for key in row:
            self._file.known(key, EXEMPT_FIELDS, "key of [[exempt]]", "exempt", number)
        texts = {key: row[key] for key in ("namespace", "name", "reason") if key in row}
        for key, value in texts.items():
            if not isinstance(value, str):
                raise fail(key, f"{key} must be a text.")
            if key != "reason" and "[" in value and "]" not in value.partition("[")[2]:
                raise fail(key, f"{key} has a [ that no ] closes: {value}")
        labels = row.get("labels", {})
        if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
            raise fail("labels", "labels must be a table of texts.")
        codes = self.codes("checks", row["checks"], "exempt", number)
        return Exemption(checks=codes, labels=tuple(sorted(labels.items())), **texts)


def _is_glob(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")


def check_codes(
    patterns: Iterable[str], fail: Callable[[str, str], UserError] = lambda _, text: UserError(safe(text))
) -> tuple[str, ...]:
    """The patterns, if each names a check. Raises `UserError` with a suggestion otherwise."""
    codes = [check.code for check in all_checks()]
    for pattern in patterns:
        if not any(matches(code, pattern) for code in codes):
            close = _group(pattern, codes) or difflib.get_close_matches(pattern.upper(), codes, n=1)
            hint = f"Did you mean {close[0]}?" if close else "See `dsview explain`."
            raise fail(pattern, f"{pattern if pattern.strip() else 'An empty text'} names no check. {hint}")
    return tuple(patterns)


def _group(pattern: str, codes: Iterable[str]) -> list[str]:
    """The glob that is meant by `DS-NGX` or `ngx`."""
    wanted = pattern.strip().upper().rstrip("-")
    starts = [start for start in (wanted, f"DS-{wanted}") if any(code.startswith(f"{start}-") for code in codes)]
    return [f"{start}-*" for start in starts] if wanted else []


def policy_of(file: ConfigFile, *, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> Policy:
    """The policy of a file and of options on top of it; options replace `select` and add to `ignore`.

    Raises `UserError` with a sentence.
    """
    options = Policy(select=check_codes(_split(select)), ignore=check_codes(_split(ignore)))
    policy = _Reader(file).policy()
    return msgspec.structs.replace(
        policy, select=options.select or policy.select, ignore=(*policy.ignore, *options.ignore)
    )


def _split(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())
