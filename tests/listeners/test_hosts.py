"""The hosts that a route publishes through a Gateway."""

from __future__ import annotations

import json

import pytest

from dsview.kinds.decode import decode
from dsview.kinds.encode import encode
from dsview.kinds.gateway import Gateway, GatewayListener, HTTPRoute
from dsview.kinds.kind import Kind
from dsview.listeners.gateway_api import hosts_of


@pytest.mark.parametrize(
    ("of_listeners", "of_route", "wanted"),
    [
        (("",), ("shop.example.com",), ("shop.example.com",)),
        (("shop.example.com",), (), ("shop.example.com",)),
        (("", "shop.example.com"), ("*.example.com",), ("*.example.com",)),
        (("*.example.com",), ("shop.example.com",), ("shop.example.com",)),
        (("shop.example.com",), ("*.example.com",), ("shop.example.com",)),
        (("*.shop.example.com",), ("*.example.com",), ("*.shop.example.com",)),
        (("*.example.com",), ("shop.example.com", "shop.example.org"), ("shop.example.com",)),
        (("a.example.com", "b.example.com"), ("*.example.com",), ("a.example.com", "b.example.com")),
        ((), ("shop.example.com",), ("shop.example.com",)),
    ],
)
def test_a_route_publishes_what_it_and_a_listener_have_in_common(
    of_listeners: tuple[str, ...], of_route: tuple[str, ...], wanted: tuple[str, ...]
) -> None:
    listeners = tuple(GatewayListener(f"l{i}", 80, "HTTP", host) for i, host in enumerate(of_listeners))
    gateway = Gateway(name="edge", namespace="default", listeners=listeners)
    assert hosts_of(gateway, HTTPRoute(name="shop", namespace="default", hostnames=of_route)) == wanted


LISTENERS = (
    GatewayListener("http", 80, "HTTP", "a.example.com"),
    GatewayListener("https", 443, "HTTPS", "b.example.com"),
    GatewayListener("tls", 8443, "TLS", "c.example.com"),
)
ACCEPTED = [{"parentRef": {"name": "edge"}, "conditions": [{"type": "Accepted", "status": "True"}]}]


def read_route(parents: list[dict[str, str]]) -> HTTPRoute:
    """A route with these parentRefs, which Gateway default/edge has accepted."""
    metadata = {"name": "shop", "namespace": "default"}
    body = {"metadata": metadata, "spec": {"parentRefs": parents}, "status": {"parents": ACCEPTED}}
    route = decode(Kind.HTTP_ROUTE, json.dumps(body).encode())
    assert isinstance(route, HTTPRoute)
    return route


@pytest.mark.parametrize(
    ("parents", "wanted"),
    [
        ([{}], ("a.example.com", "b.example.com")),
        ([{"sectionName": "https"}], ("b.example.com",)),
        ([{"sectionName": "https"}, {"sectionName": "http"}], ("a.example.com", "b.example.com")),
        ([{"sectionName": "https"}, {}], ("a.example.com", "b.example.com")),
        ([{"sectionName": "https", "name": "other"}, {}], ("a.example.com", "b.example.com")),
    ],
)
def test_a_route_publishes_the_hosts_of_the_listeners_that_it_names(
    parents: list[dict[str, str]], wanted: tuple[str, ...]
) -> None:
    gateway = Gateway(name="edge", namespace="default", listeners=LISTENERS)
    route = read_route([{"name": "edge", **ref} for ref in parents])
    assert hosts_of(gateway, route) == wanted
    assert decode(Kind.HTTP_ROUTE, json.dumps(encode(Kind.HTTP_ROUTE, route)).encode()) == route


def test_a_gateway_that_a_route_no_longer_names_has_not_accepted_it() -> None:
    assert read_route([{"name": "edge"}]).accepted == (("default", "edge"),)
    assert read_route([{"name": "other"}]).accepted == ()
