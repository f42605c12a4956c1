"""From an object to its relatives: each one that is named has a detail, and leads back."""

from __future__ import annotations

import pytest

from dsview.analysis.detail_target import DETAILED, Target
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.tables.detail import FACTS, Detail, detail
from tests.support.clusters import settle

NOW = 1_800_000_000.0
CONTROLLER = ("ingress-nginx", "ingress-nginx-controller")


@pytest.fixture(scope="module")
def session() -> Session:
    """The troubled demo at its beginning."""
    return settle(Session(DemoSource("troubled", clock=lambda: NOW), clock=lambda: NOW))


def found(session: Session, target: Target) -> Detail:
    """A detail that exists."""
    item = detail(session, target)
    assert item is not None
    return item


def kinds(item: Detail) -> set[str]:
    """The kinds of the relatives that have a detail."""
    return {relative.kind for relative in item.relatives if relative.target is not None}


def walk(session: Session, start: Target, *path: str) -> Detail:
    """Go from an object to the first relative of each kind in turn."""
    item = found(session, start)
    for kind in path:
        target = next(r for r in item.relatives if r.kind == kind).target
        assert target is not None
        item = found(session, target)
        assert item.kind == kind
    return item


@pytest.mark.parametrize(
    ("start", "path"),
    [
        ((Kind.SERVICE, ("shop", "web")), ("EndpointSlice", "Pod", "Node", "Pod")),
        ((Kind.SERVICE, ("shop", "web")), ("Ingress", "Service", "Pod", "Service")),
        ((Kind.SERVICE, CONTROLLER), ("Pod", "ConfigMap", "Pod", "Node")),
        ((Kind.SERVICE, CONTROLLER), ("EndpointSlice", "Service")),
        ((Kind.SERVICE, CONTROLLER), ("EndpointSlice", "Node")),
    ],
)
def test_one_can_walk_from_relative_to_relative(session: Session, start: Target, path: tuple[str, ...]) -> None:
    walk(session, start, *path)


def test_every_relative_of_every_object_that_leads_somewhere_is_there(session: Session) -> None:
    for kind in DETAILED.values():
        for item in session.state.store(kind):
            for relative in found(session, (kind, item.key)).relatives:
                if relative.target is not None:
                    assert relative.target[0].value == relative.kind
                    assert detail(session, relative.target) is not None, (item.key, relative)


def test_a_slice_tells_how_many_of_its_endpoints_are_ready(session: Session) -> None:
    item = walk(session, (Kind.SERVICE, ("shop", "checkout")), "EndpointSlice")
    facts = {str(fact.label): fact for fact in item.facts}
    assert facts["Endpoints"].text == "3, 3 of them ready"
    assert len(facts["Ready addresses"].v4) == 3


def test_an_ingress_tells_its_backends(session: Session) -> None:
    item = walk(session, (Kind.SERVICE, ("shop", "web")), "Ingress")
    assert any(fact.label == "Backend" and "→ web:" in fact.text for fact in item.facts)


def test_every_kind_with_a_detail_has_facts() -> None:
    assert set(FACTS) == {*DETAILED.values(), Kind.PROXY_LISTENERS}
