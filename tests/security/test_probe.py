"""Packets leave for nothing but API servers, unless `dsview probe` was asked to and said to which addresses before."""

from __future__ import annotations

import ast
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from click.testing import CliRunner, Result

import dsview
import dsview.cli.probe as command
from dsview.analysis.probe_results import Outcome
from dsview.cli import cli
from dsview.core.address import V4, V6, Family
from dsview.session import prober
from tests.support.clusters import DATA
from tests.support.ports import refusing_port, reserve_port

REAL_SOCKET = socket.socket
PACKAGE = Path(dsview.__file__).parent
SCHEMA: dict[str, Any] = json.loads((PACKAGE / "export" / "probe.schema.json").read_text())
SCENARIO = str(DATA / "scenarios" / "02-prefer-before-conversion" / "objects.json")


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture
def no_packets(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whatever would be connected to or looked up; nothing is."""
    tried: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        tried.append(arguments)
        raise AssertionError("a packet would leave")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    return tried


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--demo"),
        ("check", "--from", SCENARIO, "-o", "json"),
        ("trace", "service/shop/web", "--demo"),
        ("trace", "host/shop.example.com", "--demo"),
        ("plan", "--demo"),
        ("show", "services", "--demo"),
        ("probe", "--all", "--demo", "--dry-run"),
        ("probe", "--all", "--from", SCENARIO, "--dry-run", "-o", "json"),
        ("probe", "--all", "--from", SCENARIO),
        ("probe", "--all", "--demo", "--yes"),
    ],
    ids=" ".join,
)
def test_no_packet_leaves_without_probe(arguments: tuple[str, ...], no_packets: list[object]) -> None:
    CliRunner().invoke(cli, arguments)
    assert no_packets == []


def used(path: Path) -> Iterator[str]:
    """The modules that a module imports, and what it takes of `socket`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "socket":
            yield f"socket.{node.attr}"


def test_only_the_probe_and_the_sources_of_clusters_can_connect() -> None:
    connecting = {
        *("http.client", "kubernetes", "requests", "urllib.request", "urllib3", "websocket"),
        *("socket.socket", "socket.create_connection", "socket.getaddrinfo", "socket.gethostbyname"),
    }
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(name in connecting or name.startswith(("kubernetes.", "urllib3.")) for name in used(path))
    }
    assert {name for name in found if not name.startswith("sources/kube/")} == {"session/prober.py"}


# What it sends once it is asked


@pytest.fixture
def listener() -> Iterator[dict[Family, int]]:
    """A port that is open on 127.0.0.1 and, where there is IPv6, another on ::1."""
    opened: list[socket.socket] = []
    ports: dict[Family, int] = {}
    places: tuple[tuple[Family, socket.AddressFamily, str], ...] = (
        (V4, socket.AF_INET, "127.0.0.1"),
        (V6, socket.AF_INET6, "::1"),
    )
    for family, kind, address in places:
        if family == V6 and not has_ipv6():
            continue
        server = socket.socket(kind, socket.SOCK_STREAM)
        if family == V6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.bind((address, 0))
        server.listen()
        opened.append(server)
        ports[family] = server.getsockname()[1]
        if has_ipv6():
            # The same port of the other family refuses.
            opened.append(reserve_port("::1" if family == V4 else "127.0.0.1", ports[family]))
    yield ports
    for server in opened:
        server.close()


def test_an_open_port_is_open_and_nothing_is_sent_to_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome, seconds, _ = prober.connect("127.0.0.1", server.getsockname()[1], V4)
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(1) == b""
    assert outcome is Outcome.OPEN
    assert seconds < prober.CONNECT_TIMEOUT


def test_a_closed_port_is_refused() -> None:
    with refusing_port() as port:
        assert prober.connect("127.0.0.1", port, V4)[0] is Outcome.REFUSED


@needs_ipv6
def test_one_family_only_is_open_in_that_family_only(listener: dict[Family, int]) -> None:
    assert prober.connect("::1", listener[V6], V6)[0] is Outcome.OPEN
    assert prober.connect("127.0.0.1", listener[V6], V4)[0] is Outcome.REFUSED


def test_a_port_that_drops_packets_times_out() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        # Linux drops what comes while the queue of connections is full.
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        outcome, seconds, _ = prober.connect("127.0.0.1", port, V4, timeout=0.3)
        for one in waiting:
            one.close()
    assert outcome is Outcome.TIMED_OUT
    assert seconds > 0.25


def test_a_machine_without_the_family_says_so_and_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoIPv6(REAL_SOCKET):
        def __init__(self, family: int = -1, kind: int = -1, *rest: Any, **named: Any) -> None:
            if family == socket.AF_INET6:
                raise OSError(97, "Address family not supported by protocol")
            super().__init__(family, kind, *rest, **named)

    monkeypatch.setattr(socket, "socket", NoIPv6)
    outcome, seconds, detail = prober.connect("2001:db8::1", 443, V6)
    assert (outcome, seconds) == (Outcome.NO_ROUTE, 0.0)
    assert "not supported" in detail


def test_without_a_route_no_connection_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []

    class NoRoute(REAL_SOCKET):
        def connect(self, address: Any) -> None:
            begun.append(self.type)
            raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "socket", NoRoute)
    assert prober.connect("192.0.2.1", 443, V4)[0] is Outcome.NO_ROUTE
    assert begun == [socket.SOCK_DGRAM]


def test_at_most_eight_are_under_way_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import threading

    lock, under_way, most = threading.Lock(), 0, 0
    gate = threading.Semaphore(0)

    def slow(*_: object) -> tuple[Outcome, float, str]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
            if under_way == prober.PARALLEL:
                gate.release(100)
        gate.acquire(timeout=5)
        with lock:
            under_way -= 1
        return Outcome.OPEN, 0.0, ""

    monkeypatch.setattr(prober, "connect", slow)
    ports = [{"port": number} for number in range(1, 41)]
    result = probed(tmp_path, {"ip": "192.0.2.1"}, ports=ports)
    assert code(result) == 0
    assert most == prober.PARALLEL


def probed(
    folder: Path, *entries: dict[str, str], ports: list[dict[str, int]], options: tuple[str, ...] = ()
) -> Result:
    item = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u"},
        "spec": {"type": "LoadBalancer", "ports": ports, "clusterIPs": ["10.96.0.9"]},
        "status": {"loadBalancer": {"ingress": list(entries)}},
    }
    path = folder / "objects.json"
    path.write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": [item]}))
    words = ("probe", "service/shop/web", "--from", str(path), *(options or ("--yes", "-o", "json")))
    return CliRunner().invoke(cli, words, standalone_mode=False)


def code(result: Result) -> int:
    return result.return_value if isinstance(result.return_value, int) else result.exit_code


@needs_ipv6
def test_each_family_is_reported_for_itself(tmp_path: Path, listener: dict[Family, int]) -> None:
    result = probed(tmp_path, {"ip": "127.0.0.1"}, {"ip": "::1"}, ports=[{"port": listener[V4]}])
    document = json.loads(result.stdout)
    assert {row["family"]: row["result"] for row in document["connections"]} == {"IPv4": "open", "IPv6": "refused"}
    jsonschema.validate(document, SCHEMA)
    assert document["machine"] == socket.gethostname()
    assert code(result) == 1


def test_a_family_that_cannot_be_tried_here_is_not_the_clusters_fault(
    tmp_path: Path, listener: dict[Family, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = prober.connect

    def no_ipv6(address: str, port: int, family: Family) -> tuple[Outcome, float, str]:
        return (Outcome.NO_ROUTE, 0.0, "") if family == V6 else honest(address, port, family)

    monkeypatch.setattr(prober, "connect", no_ipv6)
    entries = ({"ip": "127.0.0.1"}, {"ip": "2001:db8::1"})
    result = probed(tmp_path, *entries, ports=[{"port": listener[V4]}], options=("--yes",))
    assert "not tested: no IPv6 route from this machine" in result.stdout
    assert "1 IPv6 connection could not be tested" in result.stdout
    assert code(result) == 3


def test_a_name_is_looked_up_per_family_and_its_addresses_are_connected_to(
    tmp_path: Path, listener: dict[Family, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolver(name: str, port: None, family: int, *_: object) -> list[tuple[object, ...]]:
        assert name == "lb.example.net"
        if family == socket.AF_INET6:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(family, socket.SOCK_STREAM, 6, "real.example.net", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    result = probed(tmp_path, {"hostname": "lb.example.net"}, ports=[{"port": listener[V4]}])
    rows = json.loads(result.stdout)["connections"]
    assert [(r["family"], r["name"], r["address"], r["result"]) for r in rows] == [
        ("IPv4", "lb.example.net", "127.0.0.1", "open"),
        ("IPv6", "lb.example.net", "", "no record"),
    ]
    assert code(result) == 0


def test_addresses_that_a_network_makes_up_for_ipv6_only_clients_are_no_records(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolver(_name: str, _port: None, family: int, *_: object) -> list[tuple[object, ...]]:
        return [(family, socket.SOCK_STREAM, 6, "", ("64:ff9b::c000:201", 0, 0, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    assert prober.look_up("a.example.com", V6)[0].addresses == ()


def test_it_asks_on_a_terminal_and_sends_nothing_after_a_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_packets: list[object]
) -> None:
    monkeypatch.setattr(command, "_can_ask", lambda: True)
    result = probed(tmp_path, {"ip": "192.0.2.1"}, ports=[{"port": 443}], options=("-o", "text"))
    assert "IPv4  load balancer  192.0.2.1:443" in result.stderr
    assert "Connect to these addresses from this machine?" in result.stderr
    assert isinstance(result.exception, click.Abort)
    assert no_packets == []


def test_where_nobody_can_be_asked_it_wants_to_be_told(tmp_path: Path) -> None:
    result = probed(tmp_path, {"ip": "192.0.2.1"}, ports=[{"port": 443}], options=("-o", "text"))
    assert isinstance(result.exception, click.UsageError)
    assert "use --yes or --dry-run" in str(result.exception)
