"""Since when a finding exists: the time when dsview saw it, that of a condition, or the last write of its field.

None of these is necessarily when the problem began, so the text names the origin of each time. It says "at the
earliest" for the creation of an object and "or earlier" for the last write of a field.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.detail_target import DETAILED
from dsview.core.finding import Finding
from dsview.core.text import Safe, safe
from dsview.core.yaml_text import YamlError, load_yaml
from dsview.kinds.metadata import Object
from dsview.kinds.pod import Pod
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.tables.facts import moment_text


def first_seen_text(view: ClusterView, finding: Finding) -> Safe:
    """When the finding began, in a few words; empty if unknown."""
    seen = view.timeline.opened_at(finding)
    if seen is not None:
        return safe(f"{moment_text(seen)}, seen by dsview")
    item = _object(view, finding)
    ready = _condition(item, finding)
    if ready:
        return safe(f"{moment_text(ready)}, when its condition Ready changed")
    # Findings that only the detail shows are not tracked, so their start is unknown.
    is_followed = view.findings.get(finding.identity) is not None
    is_older = is_followed and view.source.is_live and view.was_settled
    start = _start(item, finding.object.kind) if item is not None else ""
    if start:
        return safe(f"{start}{'; it is older than this session' if is_older else ''}")
    return safe("before this session" if is_older else "")


def _object(view: ClusterView, finding: Finding) -> Object | None:
    ref = finding.object
    if ref.kind == "ServiceCIDR":
        return view.state.service_cidrs.get(("", ref.name))
    kind = DETAILED.get(ref.kind)
    return view.state.store(kind).get((ref.namespace or "", ref.name)) if kind is not None else None


def _condition(item: Object | None, finding: Finding) -> int:
    """The time of the condition that the finding is about; 0 if it is not about one."""
    if isinstance(item, ServiceCIDR) and finding.field == "status.conditions":
        return next((condition.since for condition in item.conditions if condition.type == "Ready"), 0)
    return 0


def _start(item: Object, kind: str) -> str:
    """The earliest time at which this state can have begun. A Pod keeps its addresses from its start."""
    if isinstance(item, Pod) and item.start_time:
        return f"{moment_text(item.start_time)} at the earliest, when the Pod started"
    if item.created:
        return f"{moment_text(item.created)} at the earliest, when the {kind} was created"
    return ""


class LastWrite(msgspec.Struct, frozen=True):
    """The last manager of a field, and the time of its last write to any field, which is an upper bound."""

    at: str
    manager: str


def last_write(manifest: str, field: str) -> LastWrite | None:
    """The last write to a field such as `spec.ipFamilies[1]`, from the managedFields of a manifest.

    None if the manifest does not have it. In structured-merge-diff's fieldsV1, `f:name` is a field
    (K:staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go, ManagedFieldsEntry).
    """
    path = _path(field)
    writes = [LastWrite(at, manager) for at, manager, fields in _entries(manifest) if path and _owns(fields, path)]
    return max(writes, key=lambda entry: entry.at, default=None)


def last_write_text(manifest: str, field: str) -> Safe:
    """The last write to a field as text; empty if the manifest does not have it."""
    write = last_write(manifest, field)
    if write is None:
        return Safe("")
    name = field.partition("[")[0]
    return safe(
        f"{name} was last written at {_moment(write.at)} or earlier, by {write.manager or 'an unnamed manager'}"
    )


def _moment(text: str) -> str:
    try:
        return moment_text(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        return text


def _path(field: str) -> tuple[str, ...]:
    """The path of a field, without indexes of lists."""
    root, _, rest = field.partition(".")
    if root == "data":
        # Keys of a ConfigMap contain dots.
        return (root, rest)
    return tuple(step.partition("[")[0] for step in field.split(".")) if root in ("spec", "status") else ()


def _entries(manifest: str) -> Iterator[tuple[str, str, object]]:
    """Time, manager and fields of each entry that has all of them."""
    try:
        value = next(iter(load_yaml(manifest)), None)
    except YamlError:
        return
    metadata = value.get("metadata") if isinstance(value, dict) else None
    entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("time"), str):
            yield entry["time"], str(entry.get("manager") or ""), entry.get("fieldsV1")


def _owns(fields: object, path: tuple[str, ...]) -> bool:
    """Whether a set of fields contains the path or a field that contains it."""
    for step in path:
        if not isinstance(fields, dict) or f"f:{step}" not in fields:
            return False
        fields = fields[f"f:{step}"]
        if not fields:
            return True
    return True
