"""Whether all objects of a kind were read, so that conclusions can be drawn from a missing one."""

from __future__ import annotations

from enum import StrEnum

from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind
from dsview.sources.events import Health


class Completeness(StrEnum):
    """How much of a kind was read."""

    COMPLETE = "complete"
    CUT_OFF = "cut off"
    IN_PART = "given in part"
    REFUSED = "refused"
    ABSENT = "absent"
    UNREAD = "unread"


_UNKNOWN = {Health.REFUSED: Completeness.REFUSED, Health.ABSENT: Completeness.ABSENT}


def completeness(state: ClusterState, kind: Kind) -> Completeness:
    """How much of a kind was read, over all namespaces."""
    status = state.status(kind)
    if not status.health.is_complete:
        return _UNKNOWN.get(status.health, Completeness.UNREAD)
    if status.cut_off:
        return Completeness.CUT_OFF
    is_in_part = status.namespaces is not None or status.listed is not None or bool(unreadable(state, kind))
    return Completeness.IN_PART if is_in_part else Completeness.COMPLETE


def unreadable(state: ClusterState, kind: Kind, namespace: str | None = None) -> list[str]:
    """The objects of a kind that could not be decoded, in a namespace or, with None, anywhere.

    An object whose namespace could not be read may be in any namespace.
    """
    if not state.quarantined:
        return []
    return [
        identity
        for quarantined_kind, identity in state.quarantined
        if quarantined_kind is kind
        and (not namespace or "/" not in identity or identity.partition("/")[0] == namespace)
    ]


def may_rely_on_absence(state: ClusterState, kind: Kind, namespace: str | None = None) -> bool:
    """Whether an object of the kind that was not read can be assumed not to exist.

    With a namespace, this is about an object in it; otherwise about an object anywhere, provided that at least one list
    of the kind was read. An object that could not be decoded may be the missing one. A kind that the cluster does not
    serve has no objects.
    """
    status = state.status(kind)
    if status.health is Health.ABSENT:
        return True
    if not status.health.is_complete or status.cut_off or unreadable(state, kind, namespace):
        return False
    if status.listed is None:
        return True
    return namespace in status.listed if namespace else bool(status.listed)


_SYSTEM_NAMESPACE = "kube-system"


def is_whole(state: ClusterState, kind: Kind) -> bool:
    """Whether all objects of a kind were read, so that statements about all of them are possible.

    Tools that collect each namespace separately list all of them: kube-system, and each in which anything was seen.
    """
    status = state.status(kind)
    if not status.health.is_complete or status.cut_off or status.namespaces is not None or unreadable(state, kind):
        return False
    return status.listed is None or status.listed.issuperset((_SYSTEM_NAMESPACE, *state.namespaces()))


def why_absence_is_unreliable(state: ClusterState, kind: Kind) -> str:
    """The reason in a few words, such as `cut off (pods.json was not read to its end)`."""
    status = state.status(kind)
    if status.health.is_complete and status.cut_off:
        return f"cut off ({status.cut_off})"
    bad = unreadable(state, kind)
    if bad and status.listed is None:
        which = f"{len(bad)} objects" if len(bad) > 1 else bad[0] if "/" in bad[0] else "an object"
        return f"{which} could not be read"
    if status.namespaces is not None and status.listed is None:
        return "read in some namespaces only"
    return "given as single objects only" if not status.listed else "listed for some namespaces only"
