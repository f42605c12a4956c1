"""The configuration file: TOML, strictly validated, every complaint with its place and a suggestion."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from dsview.checks.registry import all_checks
from dsview.model.finding import Severity
from dsview.model.text import safe
from dsview.session.config_file import ConfigFile, read_config
from dsview.session.policy import Exemption, Policy, matches
from dsview.sources.events import SourceError

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
        self.fail, self.known, self.strings = file.fail, file.known, file.strings

    def codes(self, key: str, value: Any) -> tuple[str, ...]:
        return check_codes(self.strings(key, value), self.fail)

    def policy(self) -> Policy:
        data = self._file.data
        for key in data:
            self.known(key, FIELDS, "key of this file")
        severities: dict[str, Severity] = {}
        for code, value in self._file.table("severity").items():
            self.codes("severity", [code])
            self.known(str(value), [s.value for s in Severity], "severity")
            severities.update({check.code: Severity(value) for check in all_checks() if matches(check.code, code)})
        rows = data.get("exempt", [])
        if not isinstance(rows, list):
            raise self.fail("exempt", "exempt must be written as [[exempt]] tables.")
        return Policy(
            select=self.codes("select", data.get("select", [])),
            ignore=self.codes("ignore", data.get("ignore", [])),
            severities=severities,
            exemptions=tuple(self.exemption(row) for row in rows),
        )

    def exemption(self, row: Any) -> Exemption:
        if not isinstance(row, dict) or "checks" not in row:
            raise self.fail("exempt", "each [[exempt]] needs a list of checks.")
        for key in row:
            self.known(key, EXEMPT_FIELDS, "key of [[exempt]]")
        labels = row.get("labels", {})
        texts = {key: row.get(key, default) for key, default in (("namespace", "*"), ("name", "*"), ("reason", ""))}
        if not isinstance(labels, dict) or not all(isinstance(v, str) for v in (*labels.values(), *texts.values())):
            raise self.fail("exempt", "namespace, name, reason and every label must be texts.")
        return Exemption(checks=self.codes("checks", row["checks"]), labels=tuple(sorted(labels.items())), **texts)


def check_codes(
    patterns: Iterable[str], fail: Callable[[str, str], SourceError] = lambda _, text: SourceError(safe(text))
) -> tuple[str, ...]:
    """The patterns, if each names a check. Raises `SourceError` with a suggestion otherwise."""
    codes = [check.code for check in all_checks()]
    for pattern in patterns:
        if not any(matches(code, pattern) for code in codes):
            close = difflib.get_close_matches(pattern.upper(), codes, n=1)
            text = f"{pattern} names no check." + (f" Did you mean {close[0]}?" if close else " See `dsview explain`.")
            raise fail(pattern, text)
    return tuple(patterns)


def load_policy(path: str | None, *, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> Policy:
    """The policy of a file and of options on top of it; options replace `select` and add to `ignore`.

    Without a path the default file is read if there is one. Raises `SourceError` with a sentence.
    """
    options = Policy(select=check_codes(_split(select)), ignore=check_codes(_split(ignore)))
    file = read_config(path)
    policy = _Reader(file).policy()
    return msgspec.structs.replace(
        policy, select=options.select or policy.select, ignore=(*policy.ignore, *options.ignore)
    )


def _split(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())
