"""The families that objects gained and lost, addresses that changed, and objects that appeared or disappeared."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.diff.facts import NOTHING, Aspect, Facts, Share, Shares, Subject, is_covered
from dsview.analysis.diff.names import LastingNames
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import CLUSTER, ObjectRef
from dsview.kinds.kind import Kind


class Turn(StrEnum):
    """The direction of a change. `MORE` and `FEWER`: some of several had the family before, and some have it now."""

    GAINED = "gained"
    LOST = "lost"
    MORE = "more"
    FEWER = "fewer"
    READDRESSED = "other address"

    @property
    def is_loss(self) -> bool:
        """Whether something that was there is missing now."""
        return self in {Turn.LOST, Turn.FEWER}


class FamilyChange(msgspec.Struct, frozen=True):
    """A family of an object that was gained, was lost, or has other addresses."""

    subject: Subject
    family: Family
    turn: Turn
    before: Share
    after: Share

    @property
    def order(self) -> tuple[Subject, Family]:
        """The sort key."""
        return (self.subject, self.family)


class ObjectTurn(StrEnum):
    """The change of an object as a whole: it appeared or disappeared, or a Node became Ready or not ready."""

    NEW = "new"
    GONE = "gone"
    READY = "ready"
    NOT_READY = "not ready"


class ObjectChange(msgspec.Struct, frozen=True, order=True):
    """An object that appeared or disappeared, or a Node whose readiness changed, and its families."""

    object: ObjectRef
    turn: ObjectTurn
    families: tuple[Family, ...]


class Side(msgspec.Struct):
    """One of the two clusters: as it was read, and what it has."""

    view: ClusterView
    names: LastingNames
    facts: Facts

    def covers(self, kind: Kind, namespace: str | None) -> bool:
        """Whether all objects of a kind in a namespace, as it is called in the comparison, were read here."""
        return is_covered(self.view, kind, self.names.original(namespace))


_READ_TOGETHER: dict[Aspect, tuple[Kind, ...]] = {
    Aspect.ENDPOINTS: (Kind.ENDPOINT_SLICE,),
    Aspect.PODS: (Kind.POD,),
    Aspect.LISTENER: (Kind.POD,),
}
"""Aspects that depend on other objects: the kinds of these, which must have been read completely."""


def family_changes(before: Side, after: Side, *, with_addresses: bool) -> Iterator[FamilyChange]:
    """The families of objects on both sides. `with_addresses`: also different addresses of the same family."""
    for subject in sorted(before.facts.shares.keys() | after.facts.shares.keys()):
        if not _is_comparable(subject, before, after):
            continue
        was, now = (side.facts.shares.get(subject, {}) for side in (before, after))
        yield from _turns(subject, was, now, with_addresses=with_addresses)


def _is_comparable(subject: Subject, before: Side, after: Side) -> bool:
    ref = subject.object
    if subject.aspect is Aspect.LISTENER and before.facts.trusted.get(ref) != after.facts.trusted.get(ref):
        return False
    for side in (before, after):
        if not all(side.covers(kind, ref.namespace) for kind in _READ_TOGETHER.get(subject.aspect, ())):
            return False
        is_there = (
            subject in side.facts.shares
            or ref in side.facts.objects
            or (subject.aspect is Aspect.LISTENER and ref in side.facts.trusted)
        )
        if not is_there:
            return False
    if ref == CLUSTER:
        return all(side.view.profile.service_families for side in (before, after))
    # An aspect that one side lacks may not have been read there.
    return subject.aspect is not Aspect.FAMILIES or all(subject in side.facts.shares for side in (before, after))


def _turns(subject: Subject, was: Shares, now: Shares, *, with_addresses: bool) -> Iterator[FamilyChange]:
    for family in FAMILIES:
        old, new = was.get(family, NOTHING), now.get(family, NOTHING)
        turn = _turn(old, new, with_addresses=with_addresses)
        if turn is not None:
            yield FamilyChange(subject, family, turn, old, new)


def _turn(old: Share, new: Share, *, with_addresses: bool) -> Turn | None:
    if not old.having or not new.having:
        if bool(old.having) is bool(new.having):
            return None
        return Turn.GAINED if new.having else Turn.LOST
    lacking, lacks = old.of - old.having, new.of - new.having
    if old.is_whole is not new.is_whole or (lacking and lacks and lacking != lacks):
        return Turn.MORE if lacks < lacking else Turn.FEWER
    if with_addresses and sorted(old.values) != sorted(new.values):
        return Turn.READDRESSED
    return None


def object_changes(before: Side, after: Side) -> Iterator[ObjectChange]:
    """The objects on one side only, if the other side was read completely, and Nodes whose readiness changed."""
    for ref in sorted(before.facts.objects.keys() | after.facts.objects.keys()):
        is_new, is_gone = ref not in before.facts.objects, ref not in after.facts.objects
        if is_new or is_gone:
            there, absent = (after, before) if is_new else (before, after)
            if absent.covers(Kind(ref.kind), ref.namespace):
                yield ObjectChange(ref, ObjectTurn.NEW if is_new else ObjectTurn.GONE, there.facts.objects[ref])
        elif before.facts.ready.get(ref) is not after.facts.ready.get(ref):
            turn = ObjectTurn.READY if after.facts.ready[ref] else ObjectTurn.NOT_READY
            yield ObjectChange(ref, turn, after.facts.objects[ref])
