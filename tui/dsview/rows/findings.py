"""All findings as a list for people: root causes, worst first, with what each explains below it."""

from __future__ import annotations

import msgspec

from dsview.model.finding import Finding, ObjectRef, Severity
from dsview.model.objects import Key
from dsview.model.text import Safe, safe, safe_lines
from dsview.rows.places import KINDS, PLACES
from dsview.session.session import Session
from dsview.state.controllers import config_map_key, live_controllers

_PANES = ("Service", "Pod", "Node")


class FindingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. `pane_id` and `key` say where its object has a row; `pane_id` is empty where it has none."""

    finding: Finding
    severity: Severity
    check: str
    object: Safe
    message: Safe
    fix: Safe
    pane_id: str
    key: Key


class FindingGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that stands for itself, and the ones that it explains."""

    root: FindingRow
    explains: tuple[FindingRow, ...] = ()


def pane_of(session: Session, ref: ObjectRef) -> tuple[str, Key]:
    """The place and key of an object's detail.

    A ReplicaSet's, and that of a ConfigMap that was not read, is that of one of its controller pods.
    """
    key = (ref.namespace or "", ref.name)
    place = PLACES.get(ref.kind)
    if place is not None and (ref.kind in _PANES or session.state.store(KINDS[place]).get(key) is not None):
        return place, key
    for pod in live_controllers(session.state):
        owner = pod.owner
        is_owner = owner is not None and (owner.kind, pod.namespace, owner.name) == (ref.kind, *key)
        if is_owner or (ref.kind == "ConfigMap" and config_map_key(pod) == key):
            return "pods", pod.key
    return "", key


def _row(session: Session, finding: Finding) -> FindingRow:
    pane_id, key = pane_of(session, finding.object)
    return FindingRow(
        finding=finding,
        severity=finding.severity,
        check=finding.check,
        object=safe(str(finding.object)),
        message=safe_lines(finding.message),
        fix=safe_lines(finding.fix or ""),
        pane_id=pane_id,
        key=key,
    )


def finding_groups(session: Session) -> tuple[FindingGroup, ...]:
    """Every shown finding once, grouped by root cause, in the order of reports."""
    roots: list[Finding] = []
    explained: dict[object, list[FindingRow]] = {}
    for finding in session.book.sorted():
        root = session.root_of(finding)
        if root is None:
            roots.append(finding)
        else:
            explained.setdefault(root.identity, []).append(_row(session, finding))
    return tuple(
        FindingGroup(root=_row(session, root), explains=tuple(explained.get(root.identity, ()))) for root in roots
    )
