"""The health of each kind in a snapshot, which shows how completely it was read."""

from __future__ import annotations

import msgspec

from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.sources.events import Health, StatusChanged
from dsview.sources.snapshot import SnapshotStatus


def status_in_snapshot(kind: Kind, status: SnapshotStatus) -> StatusChanged:
    """The health of a kind that was read from a snapshot: complete becomes `GIVEN`, loading becomes `NOT_GIVEN`."""
    try:
        health = Health(status.health)
    except ValueError:
        health = Health.NOT_GIVEN
    reason = status.reason
    if health is Health.LOADING:
        health, reason = Health.NOT_GIVEN, "it was still being read when the snapshot was taken"
    elif health.is_complete:
        health = Health.GIVEN
    return StatusChanged(
        kind=kind,
        health=health,
        reason=safe(reason),
        namespaces=status.namespaces,
        cut_off=safe(status.cut_off),
        listed=frozenset(status.listed) if status.listed is not None else None,
    )


def narrowed(status: StatusChanged, requested: tuple[str, ...] | None) -> StatusChanged:
    """The health of a kind for the requested namespaces only; a snapshot may contain some of them or none."""
    if requested is None or not status.health.is_complete:
        return status
    contained = requested if status.namespaces is None else tuple(n for n in requested if n in status.namespaces)
    if not contained:
        reason = "the snapshot contains other namespaces"
        return StatusChanged(kind=status.kind, health=Health.NOT_GIVEN, reason=reason)
    return msgspec.structs.replace(status, namespaces=contained)
