"""Comparison of a session with an `expect.json`, as defined in tests/data/scenarios/README.md."""

from __future__ import annotations

from typing import Any

from dsview.core.finding import Finding, Severity
from dsview.session.session import Session

Json = dict[str, Any]


def matches(finding: Finding, entry: Json) -> bool:
    """Whether an entry of `fire`, `mayFire` or `mustNotFire` describes the finding."""
    ref = finding.object
    return (
        finding.check == entry["check"]
        and entry.get("severity") in (None, finding.severity.value)
        and ref.kind == entry["kind"]
        and ref.name == entry["name"]
        and ("namespace" not in entry or ref.namespace == entry["namespace"])
        and entry.get("family") in (None, finding.family)
    )


def differences(session: Session, expect: Json) -> list[str]:
    """A line for each difference between a session and its expectation."""
    return [
        *_profile(session, expect),
        *_missing(session, expect),
        *_forbidden(session, expect),
        *_unexpected(session, expect),
        *(f"failed: {entry.reason}" for entry in session.not_evaluated() if "failed on" in entry.reason),
    ]


def _profile(session: Session, expect: Json) -> list[str]:
    profile = session.profile
    actual = {
        "mode": profile.mode,
        "confidence": profile.confidence.value,
        "serviceFamilies": list(profile.service_families),
    }
    return [
        f"{name} is {value!r}, not {expect[name]!r}"
        for name, value in actual.items()
        if name in expect and expect[name] != value
    ]


def _missing(session: Session, expect: Json) -> list[str]:
    lines: list[str] = []
    for entry in expect["fire"]:
        matching = [finding for finding in session.findings if matches(finding, entry)]
        folded = [session.root_of(finding) is not None for finding in matching]
        if not matching:
            lines.append(f"missing: {_entry(entry)}")
        elif entry.get("folded") and not any(folded):
            lines.append(f"not folded: {_entry(entry)}")
        elif entry.get("unfolded") and any(folded):
            lines.append(f"folded: {_entry(entry)}")
    return lines


def _forbidden(session: Session, expect: Json) -> list[str]:
    lines: list[str] = []
    for entry in expect.get("mustNotFire", ()):
        if isinstance(entry, dict):
            found = [finding for finding in session.findings if matches(finding, entry)]
        else:
            found = [finding for finding in session.findings if finding.check == entry]
        lines.extend(f"must not fire: {_line(finding)}" for finding in found)
    return lines


def _unexpected(session: Session, expect: Json) -> list[str]:
    if not expect.get("nothingElse"):
        return []
    return [
        f"not expected: {_line(finding)}"
        for finding in session.findings
        if finding.severity is not Severity.NOTE
        and not any(matches(finding, entry) for entry in expect["fire"])
        and not any(_is_allowed(session, finding, entry) for entry in expect.get("mayFire", ()))
    ]


def _is_allowed(session: Session, finding: Finding, entry: Json) -> bool:
    return matches(finding, entry) and (not entry.get("folded") or session.root_of(finding) is not None)


def _line(finding: Finding) -> str:
    return f"{finding.check} {finding.severity.value} {finding.object} {finding.family or ''}".rstrip()


def _entry(entry: Json) -> str:
    place = "/".join(filter(None, (entry.get("namespace"), entry["name"])))
    return f"{entry['check']} {entry.get('severity', '')} {entry['kind']} {place} {entry.get('family') or ''}".rstrip()
