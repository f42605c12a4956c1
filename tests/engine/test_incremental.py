"""Incremental evaluation gives the result of a fresh evaluation of the same objects, in any order of changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dsview.checks.engine.engine import Engine
from dsview.checks.engine.finding_index import FindingIndex
from dsview.cluster.state import ClusterState
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.sources.events import Changed, Health, Item, Listed, ServerInfo, SourceEvent, StatusChanged
from tests.engine.objects import COMMON, START, some_objects

LONGEST_GRACE = 1_000.0
KINDS = tuple(Kind)


def judge(finding: Finding) -> tuple[Finding, bool]:
    """A policy that exempts the findings of one pod and one Service."""
    return finding, finding.object.name not in {"p2", "pub"}


def contents(engine: Engine, now: float) -> dict[str, list[Any]]:
    """All results of an engine, sorted."""

    def rows(book: FindingIndex) -> list[Any]:
        counts = Counter(finding.severity for finding in book)
        assert book.counts == {severity: counts[severity] for severity in Severity}
        return sorted(((f.order, f, book.root(f)) for f in book), key=lambda row: row[0])

    return {
        "shown": rows(engine.findings),
        "exempted": rows(engine.exempted),
        "details": [
            engine.details_of(ObjectRef("Service", *service.key), now)
            for service in sorted(engine.state.services, key=lambda service: service.key)
        ],
        "failures": sorted(engine.failures.items()),
        "profile": [engine.tracker.profile],
        "nodes": sorted(engine.tracker.nodes.items()),
    }


def copy_of(state: ClusterState, *, backwards: bool) -> ClusterState:
    """A new state with the same objects and statuses, added in the order of their keys or in reverse."""
    fresh = ClusterState()
    for kind in reversed(KINDS) if backwards else KINDS:
        items = sorted(state.store(kind), key=lambda item: item.key, reverse=backwards)
        fresh.apply(Changed(kind, items))
        if kind in state.statuses:
            fresh.apply(state.statuses[kind])
    fresh.apply(state.server)
    return fresh


def fresh_evaluation(state: ClusterState, now: float, *, backwards: bool) -> dict[str, list[Any]]:
    """The result of a one-shot run with these objects."""
    engine = Engine(copy_of(state, backwards=backwards), live=False, judge=judge)
    engine.evaluate_all(now)
    return contents(engine, now)


class Story(RuleBasedStateMachine):
    """A cluster that changes, and an engine that follows it like a session."""

    def __init__(self) -> None:
        super().__init__()
        self.state = ClusterState()
        self.now = float(START)
        self.engine = Engine(self.state, live=False, judge=judge)

    @initialize(live=st.booleans(), known=st.sampled_from([(), KINDS[:4], KINDS]))
    def begin(self, live: bool, known: Iterable[Kind]) -> None:
        self.engine = Engine(self.state, live=live, judge=judge)
        health = Health.LIVE if live else Health.GIVEN
        self.take([StatusChanged(kind=kind, health=health) for kind in known])

    def take(self, events: Iterable[SourceEvent]) -> None:
        """Apply events and report the changes in the order in which a session does it."""
        changes = []
        statuses = False
        for event in events:
            changes += self.state.apply(event)
            statuses = statuses or not isinstance(event, Changed)
        if changes:
            self.engine.note(changes)
        if statuses:
            self.engine.note_statuses()
            self.engine.refresh_profile()

    @rule(items=some_objects())
    def objects_come(self, items: list[tuple[Kind, Item]]) -> None:
        self.take(Changed(kind, (item,)) for kind, item in items)

    @precondition(lambda self: any(len(self.state.store(kind)) for kind in KINDS))
    @rule(data=st.data())
    def object_changes(self, data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from([kind for kind in KINDS if len(self.state.store(kind))]))
        old = data.draw(st.sampled_from(sorted(self.state.store(kind), key=lambda item: item.key)))
        other = data.draw(st.sampled_from([item for k, item in data.draw(some_objects()) if k is kind] or [old]))
        # Only one field changes: a check that reads just this field must notice it.
        field = data.draw(st.sampled_from([f for f in old.__struct_fields__ if f not in {"name", "namespace", "kind"}]))
        self.take([Changed(kind, (msgspec.structs.replace(old, **{field: getattr(other, field)}),))])

    @precondition(lambda self: any(len(self.state.store(kind)) for kind in KINDS))
    @rule(data=st.data())
    def objects_go(self, data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from([kind for kind in KINDS if len(self.state.store(kind))]))
        keys = sorted(self.state.store(kind).keys())
        self.take([Changed(kind, (), data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3)))])

    @rule(data=st.data(), kind=st.sampled_from((*COMMON, *KINDS)), scope=st.sampled_from([None, ("default",)]))
    def relist(self, data: st.DataObject, kind: Kind, scope: tuple[str, ...] | None) -> None:
        keys = sorted(self.state.store(kind).keys())
        kept = data.draw(st.frozensets(st.sampled_from(keys))) if keys else frozenset()
        self.take([Listed(kind, kept, scope)])

    @rule(
        kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4),
        health=st.sampled_from([Health.LIVE, Health.LIVE, Health.GIVEN, Health.STALE, Health.REFUSED, Health.LOADING]),
        namespaces=st.sampled_from([None, None, ("default",)]),
    )
    def health_changes(self, kinds: list[Kind], health: Health, namespaces: tuple[str, ...] | None) -> None:
        self.take(StatusChanged(kind=kind, health=health, namespaces=namespaces) for kind in kinds)

    @rule()
    def everything_becomes_known(self) -> None:
        self.take(StatusChanged(kind=kind, health=Health.LIVE) for kind in KINDS)

    @rule(version=st.sampled_from([None, "v1.19.3", "v1.36.1"]))
    def server_is_another(self, version: str | None) -> None:
        self.take([ServerInfo(version=version)])

    @rule(seconds=st.sampled_from([1.0, 20.0, 61.0, 130.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(subjects=st.integers(0, 12))
    def engine_works_for_a_while(self, subjects: int) -> None:
        left = iter(range(subjects))
        self.engine.step(self.now, lambda: next(left, None) is not None)

    @rule()
    def engine_catches_up(self) -> None:
        self.engine.step(self.now)
        assert self.engine.is_idle

    @rule(backwards=st.booleans())
    def agrees_with_a_fresh_evaluation(self, backwards: bool) -> None:
        self.compare(backwards=backwards)

    @invariant()
    def no_check_fails(self) -> None:
        assert not self.engine.failures

    def compare(self, *, backwards: bool) -> None:
        # A new finding has its grace period still to come; after that, nothing waits.
        for _ in range(3):
            self.engine.step(self.now)
            self.now += LONGEST_GRACE
        self.engine.step(self.now)
        expected = fresh_evaluation(self.state, self.now, backwards=backwards)
        found = contents(self.engine, self.now)
        for part, rows in expected.items():
            missing = [row for row in rows if row not in found[part]]
            surplus = [row for row in found[part] if row not in rows]
            assert (missing, surplus) == ([], []), part

    def teardown(self) -> None:
        self.compare(backwards=True)


TestStory = Story.TestCase
