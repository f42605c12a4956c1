"""The configuration of F5's nginx is printed by one fixed command, and predicted if that command is not permitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dsview.core.address import V4, V6
from dsview.core.listen import ListenSource
from dsview.listeners.proxies import listeners_of, live_proxies
from tests.support import doors
from tests.support.apiserver import ApiServer
from tests.support.live import Live

POD = (doors.NAMESPACE, "nic-1")
PRINTED = b"""\
# configuration file /etc/nginx/nginx.conf:
events {}
http { include /etc/nginx/conf.d/*.conf; }
# configuration file /etc/nginx/conf.d/edge-shop.conf:
server { listen 80; listen 443 ssl; listen [::]:443 ssl; server_name shop.example.com; }
"""


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """A server with F5's controller, whose arguments enable both families."""
    server = ApiServer()
    server.load([*doors.base(), *doors.nginx_ingress_controller(), *doors.backend()])
    server.files[POD] = {"nginx -T": PRINTED}
    with server:
        yield server


def sockets(live_session: Live) -> tuple[ListenSource, set[tuple[int | None, str]]]:
    state = live_session.session.state
    (pod,) = live_proxies(state)
    conf = listeners_of(state, pod)
    return conf.source, {(x.port, family) for x in conf.listeners for family in x.families}


def test_what_nginx_prints_is_read_and_contradicts_the_arguments(api: ApiServer, live: Callable[..., Live]) -> None:
    live_session = live().settle()

    assert sockets(live_session) == (ListenSource.READ, {(80, V4), (443, V4), (443, V6)})
    assert {request.command for request in api.log if request.verb == "exec"} == {("nginx", "-T")}
    assert {(f.check, f.severity.value) for f in live_session.session.findings if f.object.kind == "Service"} == {
        ("DS-LSN-001", "error")
    }


def test_without_exec_the_arguments_are_believed(api: ApiServer, live: Callable[..., Live]) -> None:
    live_session = live(use_exec=False).settle()

    assert sockets(live_session)[0] is ListenSource.DECLARED
    assert not [request for request in api.log if request.verb == "exec"]


def test_if_the_command_fails_the_arguments_are_used(api: ApiServer, live: Callable[..., Live]) -> None:
    api.files.clear()

    assert sockets(live().settle())[0] is ListenSource.DECLARED
