"""The families that objects gained and lost, addresses that changed, and objects that appeared or disappeared."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.diff.facts import NOTHING, Aspect, Facts, Share, Shares, Subject, is_covered
from dsview.analysis.diff.names import StableNames
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import CLUSTER, ObjectRef
from dsview.kinds.kind import Kind


class FamilyChangeType(StrEnum):
    """The type of a change. `MORE` and `FEWER`: some of several objects had the family before and some have it now."""

    GAINED = "gained"
    LOST = "lost"
    MORE = "more"
    FEWER = "fewer"
    READDRESSED = "other address"

    @property
    def is_loss(self) -> bool:
        """Whether something that existed before is missing now."""
        return self in {FamilyChangeType.LOST, FamilyChangeType.FEWER}


class FamilyChange(msgspec.Struct, frozen=True):
    """A family of an object that was gained, was lost, or has other addresses."""

    subject: Subject
    family: Family
    type: FamilyChangeType
    before: Share
    after: Share

    @property
    def order(self) -> tuple[Subject, Family]:
        """The sort key."""
        return (self.subject, self.family)


class ObjectChangeType(StrEnum):
    """The change of an object as a whole: it appeared or disappeared, or a Node became Ready or not ready."""

    NEW = "new"
    GONE = "gone"
    READY = "ready"
    NOT_READY = "not ready"


class ObjectChange(msgspec.Struct, frozen=True, order=True):
    """An object that appeared or disappeared, or a Node whose readiness changed, and its families."""

    object: ObjectRef
    type: ObjectChangeType
    families: tuple[Family, ...]


class Side(msgspec.Struct):
    """One of the two clusters."""

    view: ClusterView
    names: StableNames
    facts: Facts

    def covers(self, kind: Kind, namespace: str | None) -> bool:
        """Whether all objects of a kind in a namespace were read on this side. The name is that of the comparison."""
        return is_covered(self.view, kind, self.names.original(namespace))


_DEPENDS_ON: dict[Aspect, tuple[Kind, ...]] = {
    Aspect.ENDPOINTS: (Kind.ENDPOINT_SLICE,),
    Aspect.PODS: (Kind.POD,),
    Aspect.LISTENER: (Kind.POD,),
}
"""For the aspects that depend on other objects, the kinds of these objects. They must have been read completely."""


def family_changes(before: Side, after: Side, *, with_addresses: bool) -> Iterator[FamilyChange]:
    """The families that differ between the sides. `with_addresses`: also compare the addresses of a family."""
    for subject in sorted(before.facts.shares.keys() | after.facts.shares.keys()):
        if not _is_comparable(subject, before, after):
            continue
        was, now = (side.facts.shares.get(subject, {}) for side in (before, after))
        yield from _changes_of(subject, was, now, with_addresses=with_addresses)


def _is_comparable(subject: Subject, before: Side, after: Side) -> bool:
    ref = subject.object
    if subject.aspect is Aspect.LISTENER and before.facts.certainty.get(ref) != after.facts.certainty.get(ref):
        return False
    for side in (before, after):
        if not all(side.covers(kind, ref.namespace) for kind in _DEPENDS_ON.get(subject.aspect, ())):
            return False
        exists = (
            subject in side.facts.shares
            or ref in side.facts.objects
            or (subject.aspect is Aspect.LISTENER and ref in side.facts.certainty)
        )
        if not exists:
            return False
    if ref == CLUSTER:
        return all(side.view.profile.service_families for side in (before, after))
    # If one side lacks an aspect, it may not have been read there.
    return subject.aspect is not Aspect.FAMILIES or all(subject in side.facts.shares for side in (before, after))


def _changes_of(subject: Subject, was: Shares, now: Shares, *, with_addresses: bool) -> Iterator[FamilyChange]:
    for family in FAMILIES:
        old, new = was.get(family, NOTHING), now.get(family, NOTHING)
        change_type = _change_type(old, new, with_addresses=with_addresses)
        if change_type is not None:
            yield FamilyChange(subject, family, change_type, old, new)


def _change_type(old: Share, new: Share, *, with_addresses: bool) -> FamilyChangeType | None:
    if not old.having or not new.having:
        if bool(old.having) is bool(new.having):
            return None
        return FamilyChangeType.GAINED if new.having else FamilyChangeType.LOST
    missing_before, missing_now = old.of - old.having, new.of - new.having
    if old.is_whole is not new.is_whole or (missing_before and missing_now and missing_before != missing_now):
        return FamilyChangeType.MORE if missing_now < missing_before else FamilyChangeType.FEWER
    if with_addresses and sorted(old.values) != sorted(new.values):
        return FamilyChangeType.READDRESSED
    return None


def object_changes(before: Side, after: Side) -> Iterator[ObjectChange]:
    """The objects that exist on one side only, if the other was read completely, and Nodes whose readiness changed."""
    for ref in sorted(before.facts.objects.keys() | after.facts.objects.keys()):
        is_new, is_gone = ref not in before.facts.objects, ref not in after.facts.objects
        if is_new or is_gone:
            present, absent = (after, before) if is_new else (before, after)
            if absent.covers(Kind(ref.kind), ref.namespace):
                yield ObjectChange(
                    ref, ObjectChangeType.NEW if is_new else ObjectChangeType.GONE, present.facts.objects[ref]
                )
        elif before.facts.ready.get(ref) is not after.facts.ready.get(ref):
            change_type = ObjectChangeType.READY if after.facts.ready[ref] else ObjectChangeType.NOT_READY
            yield ObjectChange(ref, change_type, after.facts.objects[ref])
