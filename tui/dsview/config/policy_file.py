"""Reads the policy from a configuration file. Every error names the line and suggests a correction."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

import msgspec

from dsview.checks.engine.policy import Exemption, Policy, matches
from dsview.checks.engine.registry import all_checks
from dsview.config.configuration import Exempt, configuration_of
from dsview.config.toml_file import ConfigFile
from dsview.core.errors import UserError
from dsview.core.finding import Severity
from dsview.core.text import safe


class _Reader:
    """Turns a configuration into a policy. Errors name the line."""

    def __init__(self, file: ConfigFile) -> None:
        self._file = file
        self._configuration = configuration_of(file)

    def codes(self, patterns: Iterable[str], table: str = "", number: int = 0) -> tuple[str, ...]:
        return check_codes(patterns, lambda word, message: self._file.fail(word, message, table, number))

    def policy(self) -> Policy:
        return Policy(
            select=self.codes(self._configuration.select),
            ignore=self.codes(self._configuration.ignore),
            severities=self.severities(),
            exemptions=tuple(self.exemption(row, number) for number, row in enumerate(self._configuration.exempt)),
        )

    def severities(self) -> dict[str, Severity]:
        """The severities by code. A code takes precedence over a glob, because a TOML table has no order."""
        wanted = sorted(self._configuration.severity.items(), key=lambda entry: not _is_glob(entry[0]))
        self.codes(self._configuration.severity, "severity")
        checks = all_checks()
        return {c.code: Severity(name) for pattern, name in wanted for c in checks if matches(c.code, pattern)}

    def exemption(self, row: Exempt, number: int) -> Exemption:
        for key, glob in (("namespace", row.namespace), ("name", row.name)):
            if "[" in glob and "]" not in glob.partition("[")[2]:
                raise self._file.fail(key, f"{key} has a [ that no ] closes: {glob}", "exempt", number)
        return Exemption(
            checks=self.codes(row.checks, "exempt", number),
            namespace=row.namespace,
            name=row.name,
            labels=tuple(sorted(row.labels.items())),
            reason=row.reason,
        )


def _is_glob(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")


def check_codes(
    patterns: Iterable[str], fail: Callable[[str, str], UserError] = lambda _, text: UserError(safe(text))
) -> tuple[str, ...]:
    """The patterns, if each matches a check. Raises `UserError` with a suggestion otherwise."""
    codes = [check.code for check in all_checks()]
    for pattern in patterns:
        if not any(matches(code, pattern) for code in codes):
            close = _group(pattern, codes) or difflib.get_close_matches(pattern.upper(), codes, n=1)
            hint = f"Did you mean {close[0]}?" if close else "See `dsview explain`."
            raise fail(pattern, f"{pattern if pattern.strip() else 'An empty string'} matches no check. {hint}")
    return tuple(patterns)


def _group(pattern: str, codes: Iterable[str]) -> list[str]:
    """The glob for a group of checks, such as `DS-NGX` or `ngx`."""
    wanted = pattern.strip().upper().rstrip("-")
    starts = [start for start in (wanted, f"DS-{wanted}") if any(code.startswith(f"{start}-") for code in codes)]
    return [f"{start}-*" for start in starts] if wanted else []


def policy_of(file: ConfigFile, *, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> Policy:
    """The policy of a file with the command-line options applied. Options replace `select` and add to `ignore`.

    Raises `UserError` if a pattern matches no check or the file is invalid.
    """
    options = Policy(select=check_codes(_split(select)), ignore=check_codes(_split(ignore)))
    policy = _Reader(file).policy()
    return msgspec.structs.replace(
        policy, select=options.select or policy.select, ignore=(*policy.ignore, *options.ignore)
    )


def _split(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())
