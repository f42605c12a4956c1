"""The expectations of an `expect.json`, as tests/data/scenarios/README.md defines it."""

from __future__ import annotations

from typing import Any

from dsview.core.finding import Finding, Severity
from dsview.session.session import Session

Json = dict[str, Any]


def is_meant(finding: Finding, wanted: Json) -> bool:
    """Whether it is the finding that an entry of `fire`, `mayFire` or `mustNotFire` describes."""
    ref = finding.object
    return (
        finding.check == wanted["check"]
        and wanted.get("severity") in (None, finding.severity.value)
        and ref.kind == wanted["kind"]
        and ref.name == wanted["name"]
        and ("namespace" not in wanted or ref.namespace == wanted["namespace"])
        and wanted.get("family") in (None, finding.family)
    )


def differences(session: Session, expect: Json) -> list[str]:
    """A line for each difference between a session and the expectations; none if it is exact."""
    return [
        *_profile(session, expect),
        *_missing(session, expect),
        *_forbidden(session, expect),
        *_others(session, expect),
        *(f"failed: {entry.reason}" for entry in session.not_evaluated() if "failed on" in entry.reason),
    ]


def _profile(session: Session, expect: Json) -> list[str]:
    profile = session.profile
    found = {
        "mode": profile.mode,
        "confidence": profile.confidence.value,
        "serviceFamilies": list(profile.service_families),
    }
    return [
        f"{name} is {value!r}, not {expect[name]!r}"
        for name, value in found.items()
        if name in expect and expect[name] != value
    ]


def _missing(session: Session, expect: Json) -> list[str]:
    lines: list[str] = []
    for wanted in expect["fire"]:
        meant = [finding for finding in session.book if is_meant(finding, wanted)]
        folds = [session.root_of(finding) is not None for finding in meant]
        if not meant:
            lines.append(f"missing: {_entry(wanted)}")
        elif wanted.get("folded") and not any(folds):
            lines.append(f"not folded: {_entry(wanted)}")
        elif wanted.get("unfolded") and any(folds):
            lines.append(f"folded: {_entry(wanted)}")
    return lines


def _forbidden(session: Session, expect: Json) -> list[str]:
    lines: list[str] = []
    for wanted in expect.get("mustNotFire", ()):
        if isinstance(wanted, dict):
            found = [finding for finding in session.book if is_meant(finding, wanted)]
        else:
            found = [finding for finding in session.book if finding.check == wanted]
        lines.extend(f"must not fire: {_line(finding)}" for finding in found)
    return lines


def _others(session: Session, expect: Json) -> list[str]:
    if not expect.get("nothingElse"):
        return []
    return [
        f"not expected: {_line(finding)}"
        for finding in session.book
        if finding.severity is not Severity.NOTE
        and not any(is_meant(finding, wanted) for wanted in expect["fire"])
        and not any(_is_allowed(session, finding, wanted) for wanted in expect.get("mayFire", ()))
    ]


def _is_allowed(session: Session, finding: Finding, wanted: Json) -> bool:
    return is_meant(finding, wanted) and (not wanted.get("folded") or session.root_of(finding) is not None)


def _line(finding: Finding) -> str:
    return f"{finding.check} {finding.severity.value} {finding.object} {finding.family or ''}".rstrip()


def _entry(wanted: Json) -> str:
    place = "/".join(filter(None, (wanted.get("namespace"), wanted["name"])))
    return (
        f"{wanted['check']} {wanted.get('severity', '')} {wanted['kind']} {place} {wanted.get('family') or ''}".rstrip()
    )
