"""Checks, traces, the overview and the plan agree about any cluster."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.events import Changed, Health, Item, StatusChanged
from tests.engine.objects import START, some_objects
from tests.support.agreement import assert_agreement
from tests.support.scripted import ScriptedSource

CORE = (Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.POD, Kind.NODE)


def session_of(objects: list[tuple[Kind, Item]], unknown: frozenset[Kind] = frozenset()) -> Session:
    """A session that has read and evaluated these objects; some kinds could not be read."""
    source = ScriptedSource(is_live=False)
    session = Session(source, clock=lambda: float(START))
    session.start()
    for kind in Kind:
        items = [item for of, item in objects if of is kind and kind not in unknown]
        source.send(Changed(kind, items))
        source.send(StatusChanged(kind=kind, health=Health.REFUSED if kind in unknown else Health.GIVEN))
    while session.has_work:
        session.drain(1.0)
    # A check that raised has no result, so nothing can contradict it.
    assert not [entry for entry in session.not_evaluated() if "failed on" in entry.reason]
    return session


@given(some_objects(largest=9), st.frozensets(st.sampled_from(CORE[1:]), max_size=1))
def test_trace_findings_overview_and_plan_agree(objects: list[tuple[Kind, Item]], unknown: frozenset[Kind]) -> None:
    assert_agreement(session_of(objects, unknown))
