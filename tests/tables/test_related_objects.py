"""From an object to its relatives: each one that is named leads to a detail, and back again."""

from __future__ import annotations

import pytest

from dsview.analysis.home_pane import KINDS, PLACES
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.tables.detail import Detail, detail
from tests.support.clusters import settle

NOW = 1_800_000_000.0
CONTROLLER = ("ingress-nginx", "ingress-nginx-controller")


@pytest.fixture(scope="module")
def session() -> Session:
    """The troubled demo at its beginning."""
    return settle(Session(DemoSource("troubled", clock=lambda: NOW), clock=lambda: NOW))


def found(session: Session, place: str, key: tuple[str, str]) -> Detail:
    """A detail that is there."""
    item = detail(session, place, key)
    assert item is not None
    return item


def kinds(item: Detail) -> set[str]:
    """The kinds that one can go to."""
    return {relative.kind for relative in item.relatives if relative.pane_id}


def walk(session: Session, start: tuple[str, tuple[str, str]], *path: str) -> Detail:
    """From an object on to the first relative of each kind in turn."""
    item = found(session, *start)
    for kind in path:
        relative = next(r for r in item.relatives if r.kind == kind)
        item = found(session, relative.pane_id, relative.key)
        assert item.kind == kind
    return item


@pytest.mark.parametrize(
    ("start", "path"),
    [
        (("services", ("shop", "web")), ("EndpointSlice", "Pod", "Node", "Pod")),
        (("services", ("shop", "web")), ("Ingress", "Service", "Pod", "Service")),
        (("services", CONTROLLER), ("Pod", "ConfigMap", "Pod", "Node")),
        (("services", CONTROLLER), ("EndpointSlice", "Service")),
        (("services", CONTROLLER), ("EndpointSlice", "Node")),
    ],
)
def test_one_can_walk_from_relative_to_relative(
    session: Session, start: tuple[str, tuple[str, str]], path: tuple[str, ...]
) -> None:
    walk(session, start, *path)


def test_every_relative_of_every_object_that_leads_somewhere_is_there(session: Session) -> None:
    for place, kind in KINDS.items():
        for item in session.state.store(kind):
            for relative in found(session, place, item.key).relatives:
                if relative.pane_id:
                    assert KINDS[relative.pane_id].value == relative.kind
                    assert detail(session, relative.pane_id, relative.key) is not None, (item.key, relative)


def test_a_slice_tells_how_many_of_its_endpoints_are_ready(session: Session) -> None:
    item = walk(session, ("services", ("shop", "checkout")), "EndpointSlice")
    facts = {str(fact.label): fact for fact in item.facts}
    assert facts["Endpoints"].text == "3, 3 of them ready"
    assert len(facts["Ready addresses"].v4) == 3


def test_an_ingress_tells_its_backends(session: Session) -> None:
    item = walk(session, ("services", ("shop", "web")), "Ingress")
    assert any(fact.label == "Backend" and "→ web:" in fact.text for fact in item.facts)


def test_places_and_kinds_are_each_others_inverse() -> None:
    assert {PLACES[kind.value]: kind for kind in KINDS.values()} == KINDS
    assert KINDS["services"] is Kind.SERVICE
