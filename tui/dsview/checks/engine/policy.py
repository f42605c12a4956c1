"""The configured policy: which checks run, their severities, and the exemptions with their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import msgspec

from dsview.core.finding import Finding, Severity
from dsview.core.text import safe


class Exemption(msgspec.Struct, frozen=True, kw_only=True):
    """Accepted findings. All given fields must match. `checks` are codes or globs."""

    checks: tuple[str, ...]
    namespace: str = "*"
    name: str = "*"
    labels: tuple[tuple[str, str], ...] = ()
    reason: str = ""

    def covers(self, finding: Finding, labels: Mapping[str, str]) -> bool:
        """Whether the exemption applies to the finding."""
        return (
            any(matches(finding.check, pattern) for pattern in self.checks)
            and fnmatchcase(finding.object.namespace or "", self.namespace)
            and fnmatchcase(finding.object.name, self.name)
            and all(labels.get(key) == value for key, value in self.labels)
        )


def matches(code: str, pattern: str) -> bool:
    """Whether a code or glob such as `DS-NGX-*` or `ngx-001` names the check."""
    wanted = pattern.strip().upper()
    return fnmatchcase(code, wanted) or fnmatchcase(code, f"DS-{wanted}")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Which checks run and how their findings are judged.

    Attributes:
        select: Codes or globs of the checks to run; empty for all.
        ignore: Codes or globs of checks to skip.
        severities: Severities by code that replace those of the checks.
        exemptions: Findings to accept.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = {}
    exemptions: tuple[Exemption, ...] = ()

    def skips(self, code: str) -> bool:
        """Whether the check is excluded."""
        if self.select and not any(matches(code, pattern) for pattern in self.select):
            return True
        return any(matches(code, pattern) for pattern in self.ignore)

    def judge(self, finding: Finding, labels: Mapping[str, str], ignore: str) -> tuple[Finding, bool]:
        """The finding with the configured severity, and whether it is shown.

        `ignore` is the object's annotation `dsview.io/ignore`: codes or globs, separated by commas. Each may be
        followed by a space and the reason.
        """
        severity = self.severities.get(finding.check)
        if severity is not None:
            finding = msgspec.structs.replace(finding, severity=severity)
        for part in ignore.split(","):
            pattern, _, reason = part.strip().partition(" ")
            if pattern and matches(finding.check, pattern):
                return msgspec.structs.replace(finding, exempted_for=safe(reason.strip())), False
        for exemption in self.exemptions:
            if exemption.covers(finding, labels):
                return msgspec.structs.replace(finding, exempted_for=safe(exemption.reason)), False
        return finding, True
