"""The hosts that a route publishes through a Gateway."""

from __future__ import annotations

import pytest

from dsview.kinds.gateway import Gateway, GatewayListener, HTTPRoute
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
