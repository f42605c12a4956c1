"""The HTTPRoutes of a backend and of a Gateway, while routes are added, changed and deleted."""

from __future__ import annotations

from dsview.cluster.relations import RouteIndex
from dsview.kinds.gateway import HTTPRoute, RouteBackend

EDGE, INNER = ("edge", "web"), ("edge", "inner")


def route(name: str, *accepted: tuple[str, str], backend: str = "shop") -> HTTPRoute:
    return HTTPRoute(name=name, namespace="shop", accepted=accepted, backends=(RouteBackend("shop", backend, 80),))


def test_routes_are_found_by_backend_and_by_gateway_in_order() -> None:
    index = RouteIndex()
    for made in (route("b", EDGE), route("a", EDGE, INNER), route("c", INNER, backend="other")):
        index.replace(None, made)

    assert index.naming(("shop", "shop")) == [("shop", "a"), ("shop", "b")]
    assert index.accepted_by(EDGE) == [("shop", "a"), ("shop", "b")]
    assert index.accepted_by(INNER) == [("shop", "a"), ("shop", "c")]
    assert index.accepted_by(("edge", "nobody")) == []


def test_a_route_that_changes_or_goes_is_found_where_it_is_now_only() -> None:
    index = RouteIndex()
    first, moved = route("a", EDGE), route("a", INNER, backend="other")
    index.replace(None, first)
    index.replace(None, route("b", EDGE))
    index.replace(first, moved)

    assert (index.accepted_by(EDGE), index.accepted_by(INNER)) == ([("shop", "b")], [("shop", "a")])
    assert (index.naming(("shop", "shop")), index.naming(("shop", "other"))) == ([("shop", "b")], [("shop", "a")])
    index.replace(moved, None)
    assert (index.accepted_by(INNER), index.naming(("shop", "other"))) == ([], [])
    index.replace(None, first)
    assert index.accepted_by(EDGE) == [("shop", "a"), ("shop", "b")]
