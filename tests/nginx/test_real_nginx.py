"""The classifier compared with a real nginx: its result for a configuration, and the sockets that the kernel lists."""

import os
import tempfile
from pathlib import Path

import pytest

from dsview.core.address import V4, V6, Family
from dsview.core.listen import Listener
from dsview.listeners.conf_reading import parse_conf
from tests.support.kernel_sockets import KernelSocket, answers, free_ports, has_ipv6_loopback, is_free

from .nginx_process import StartError, binary, build_options, has_stream, nginx

pytestmark = [
    pytest.mark.skipif(binary() is None, reason="no nginx is installed (Debian: apt-get install nginx-light)"),
    pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the sockets are read from Linux's /proc/net"),
    pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no IPv6 loopback (::1)"),
]
needs_stream = pytest.mark.skipif(
    binary() is not None and not has_stream(), reason="nginx has no stream module (Debian: libnginx-mod-stream)"
)

WILDCARDS = frozenset({"*", "0.0.0.0", "[::]"})


def kernel_socket(listener: Listener) -> KernelSocket:
    """The line of /proc/net for a listener with a socket of its own."""
    table = "tcp" if listener.transport == "tcp" else "udp"
    if listener.address.startswith("["):
        return KernelSocket(f"{table}6", listener.address.strip("[]"), listener.port or 0)
    return KernelSocket(table, "0.0.0.0" if listener.address == "*" else listener.address, listener.port or 0)


def said_to_answer(listeners: tuple[Listener, ...], host: str, family: Family, port: int) -> bool:
    """Whether a client can connect to a loopback address, according to the classifier."""
    mine = {host, f"[{host}]", f"[::ffff:{host}]"}
    return any(x.port == port and family in x.families and x.address in {*WILDCARDS, *mine} for x in listeners)


def compare(listeners: tuple[Listener, ...], sockets: set[KernelSocket]) -> None:
    """Both sides have the same sockets, and clients of both families can connect as the classifier says."""
    listening = [x for x in listeners if x.transport != "unix"]
    assert {kernel_socket(x) for x in listening} == sockets
    clients: list[tuple[str, Family]] = [("127.0.0.1", V4), ("::1", V6)]
    for x in listening:
        for host, family in clients:
            expected = said_to_answer(listeners, host, family, x.port or 0)
            assert answers(host, x.port or 0, udp=x.transport == "udp") == expected, (x, host)


SSL = {
    "ssl": "server { listen P  ssl; listen [::]:P  ssl; ssl_reject_handshake on; }",
    "ssl http2, as up to 1.9.6": "server { listen P  ssl http2 ; listen [::]:P  ssl http2 ; ssl_reject_handshake on; }",
    "ssl-passthrough": "server { listen P default_server reuseport backlog=4096 ;\n"
    "\tlisten [::]:P default_server reuseport backlog=4096 ;\n"
    "\tlisten Q proxy_protocol default_server reuseport backlog=4096 ssl;\n"
    "\tlisten [::]:Q proxy_protocol default_server reuseport backlog=4096 ssl;\n\tssl_reject_handshake on; }\n"
    "server { server_name a; listen P ; listen [::]:Q proxy_protocol ssl; ssl_reject_handshake on; }",
}
HTTP = {
    "port alone": "server { listen P; }",
    "star": "server { listen *:P; }",
    "dotted wildcard": "server { listen 0.0.0.0:P; }",
    "dotted": "server { listen 127.0.0.1:P; }",
    "dotted with a zero in front": "server { listen 127.0.0.01:P; }",
    "port range": "server { listen P-R; }",
    "IPv6 wildcard": "server { listen [::]:P; }",
    "IPv6 wildcard spelled out": "server { listen [0:0::0]:P; } server { listen [::]:P; }",
    "IPv6 loopback": "server { listen [::1]:P; }",
    "IPv6 range": "server { listen [::1]:P-Q; }",
    "ipv6only=on": "server { listen [::]:P ipv6only=on; }",
    "ipv6only=off": "server { listen [::]:P ipv6only=off; }",
    "ipv6only=off on one address": "server { listen [::1]:P ipv6only=off; }",
    "ipv6only=off on IPv4": "server { listen P ipv6only=off; }",
    "ipv6only=off set by another server": "server { listen [::]:P; } server { listen [0::0]:P ipv6only=off; }",
    "IPv4 written as IPv6": "server { listen [::ffff:127.0.0.1]:P ipv6only=off; }",
    "both wildcards": "server { listen P; listen [::]:P; }",
    "both wildcards, ipv6only=on": "server { listen P; listen [::]:P ipv6only=on; }",
    "both loopbacks": "server { listen 127.0.0.1:P; listen [::1]:P; }",
    "three servers share a socket": "server { listen P; server_name a; } server { listen *:P; server_name b; }"
    " server { listen 0.0.0.0:P backlog=64; server_name c; }",
    "proxy_protocol": "server { listen P proxy_protocol; listen [::]:P proxy_protocol; }",
    "reuseport and backlog": "server { listen P default_server reuseport backlog=4096 ;"
    " listen [::]:P default_server reuseport backlog=4096 ; } server { listen P  ; listen [::]:P  ; }",
    "http2": "server { listen P  http2 ; }",
    "quoted": "server { listen 'P' \"default_server\"; }",
    "several ports": "server { listen P; listen [::]:Q; } server { listen 127.0.0.1:R; listen [::]:P; }",
    "unix beside tcp": "server { listen unix:HOME/a.sock; listen P; }",
    "socket options": "server { listen P bind deferred so_keepalive=30m::10 rcvbuf=64k sndbuf=64k;"
    " listen [::]:P bind fastopen=16 ipv6only=on; }",
    "over several lines": "server {\n\tlisten\n\t\tP # not 81;\n\t\tproxy_protocol\n\t\t;"
    " listen\t[::]:P\tproxy_protocol\t;\n}",
    "ipv6only=off of the first beta": "server { listen [::]:P default_server reuseport backlog=511 ipv6only=off; }"
    " server { listen [::]:P; server_name a; }",
    "a port of the host beside the wildcard of the other family": "server { listen 127.0.0.1:P; listen [::]:P; }",
    "status and default backend": "server { listen P default_server reuseport backlog=511; } "
    "server { listen 127.0.0.1:Q; } server { listen 127.0.0.1:R; }",
    "as the controller writes it": "server { server_name _ ; listen P default_server reuseport backlog=4096 ;\n"
    "\tlisten [::]:P default_server reuseport backlog=4096 ;\n\tlocation / { return 404; } }\n"
    "server { listen 127.0.0.1:R; location /healthz { return 200; } }",
}
STREAM = {
    "stream": "server { listen P; return pong; }",
    "stream, both": "server { listen P; listen [::]:P; return pong; }",
    "stream, proxy_protocol": "server { listen P proxy_protocol; listen [::]:P proxy_protocol; return pong; }",
    "stream, several servers": "server { listen P; return a; } server { listen [::]:Q; return b; }"
    " server { listen [::1]:P; return c; }",
    "stream, port range": "server { listen P-Q; listen [::]:R; return pong; }",
    "stream, ipv6only=off": "server { listen [::]:P ipv6only=off; return pong; }",
    "udp": "server { listen P udp; return pong; }",
    "udp, IPv6": "server { listen [::]:P udp; return pong; }",
    "udp, both, reuseport": "server { listen P udp reuseport; listen [::]:P udp reuseport; return pong; }",
    "udp, ipv6only=off": "server { listen [::]:P udp ipv6only=off; return pong; }",
    "udp, one address each": "server { listen 127.0.0.1:P udp; listen [::1]:Q udp; return pong; }",
}


@pytest.mark.parametrize("blocks", HTTP.values(), ids=HTTP.keys())
def test_http_sockets_are_those_the_kernel_shows(blocks: str) -> None:
    with tempfile.TemporaryDirectory(prefix="dsview") as home, nginx(http=filled(blocks, home)) as running:
        compare(parse_conf(running.conf), running.sockets())


@pytest.mark.skipif(
    binary() is not None and "--with-http_ssl_module" not in build_options(), reason="this nginx is built without TLS"
)
@pytest.mark.parametrize("blocks", SSL.values(), ids=SSL.keys())
def test_sockets_for_tls_are_those_the_kernel_shows(blocks: str) -> None:
    with nginx(http=filled(blocks)) as running:
        assert {kernel_socket(x) for x in parse_conf(running.conf)} == running.sockets()


@needs_stream
@pytest.mark.parametrize("blocks", STREAM.values(), ids=STREAM.keys())
def test_stream_sockets_are_those_the_kernel_shows(blocks: str) -> None:
    with nginx(stream=filled(blocks)) as running:
        compare(parse_conf(running.conf), running.sockets())


@needs_stream
def test_tcp_and_udp_of_one_port_are_two_sockets() -> None:
    with nginx(stream=filled("server { listen P; return a; } server { listen P udp; return pong; }")) as running:
        listeners = parse_conf(running.conf)
        assert {kernel_socket(x) for x in listeners} == running.sockets()
        assert [x.transport for x in listeners] == ["tcp", "udp"]


@pytest.mark.skipif(
    binary() is not None and "--with-http_v3_module" not in build_options(), reason="this nginx is built without HTTP/3"
)
def test_quic_is_a_datagram_socket_of_its_own() -> None:
    with nginx(http=filled("server { listen P; listen [::]:P quic reuseport; }")) as running:
        listeners = parse_conf(running.conf)
        assert {kernel_socket(x) for x in listeners} == running.sockets()
        assert [x.transport for x in listeners] == ["tcp", "quic"]


def test_unix_socket_has_no_family() -> None:
    with tempfile.TemporaryDirectory(prefix="dsview") as home, nginx(http=filled(UNIX, home)) as running:
        (listener,) = parse_conf(running.conf)
        assert Path(listener.address.removeprefix("unix:")).is_socket()
        assert (listener.families, listener.port, running.sockets()) == ((), None, set())


UNIX = "server { listen unix:HOME/a.sock; }"


def test_server_in_an_included_file_is_bound_by_nginx_and_never_guessed_at_here() -> None:
    with tempfile.TemporaryDirectory(prefix="dsview") as home:
        (Path(home) / "server.conf").write_text(filled("server { listen P; }"))
        with nginx(http=f"include {home}/server.conf;") as running:
            assert len(running.sockets()) == 1
            with pytest.raises(ValueError, match="files that it includes"):
                parse_conf(running.conf)


def test_localhost_is_known_to_be_internal_but_its_families_are_not() -> None:
    with nginx(http=filled("server { listen localhost:P; }")) as running:
        (listener,) = parse_conf(running.conf)
        assert (listener.families, listener.internal) == ((), True)
        assert {socket.address for socket in running.sockets()} <= {"127.0.0.1", "::1"}
        assert {socket.port for socket in running.sockets()} == {listener.port}


def test_server_without_listen_binds_the_ipv4_wildcard() -> None:
    port = 80 if os.getuid() == 0 else 8000
    if not is_free(port):
        pytest.skip(f"port {port}, which nginx takes where no listen is given, is in use")
    try:
        with nginx(http="server { }") as running:
            (listener,) = parse_conf(running.conf)
            assert {kernel_socket(listener)._replace(port=port)} == running.sockets()
            assert listener.port == 80
    except StartError as refusal:
        pytest.skip(f"nginx may not bind port {port} here: {refusal}")


def test_address_beside_a_wildcard_of_its_port_is_served_by_the_wildcard() -> None:
    with nginx(http=filled("server { listen 127.0.0.1:P; } server { listen P; }")) as running:
        loopback, wildcard = parse_conf(running.conf)
        assert running.sockets() == {kernel_socket(wildcard)}
        assert (loopback.address, loopback.internal, wildcard.address) == ("127.0.0.1", True, "*")
        assert answers("127.0.0.1", loopback.port or 0)


@pytest.mark.parametrize("beside", ["P", "127.0.0.1:P"], ids=["wildcard", "address"])
def test_ipv6only_off_beside_an_ipv4_listen_cannot_be_bound(beside: str) -> None:
    blocks = filled(f"server {{ listen [::]:P ipv6only=off; }} server {{ listen {beside}; }}")
    with pytest.raises(StartError, match="Address already in use"), nginx(http=blocks):
        pass
    both = [x for x in parse_conf(f"http {{ {blocks} }}".encode()) if V4 in x.families]
    assert len(both) == 2


@pytest.mark.parametrize(
    "target", [":P", "::1:P", "P/x", "[::1%lo]:P", "[::g]:P", "[127.0.0.1]:P", "70000", "0", "P-1"]
)
def test_target_that_the_classifier_refuses_is_refused_by_nginx(target: str) -> None:
    blocks = filled(f"server {{ listen {target}; }}")
    with pytest.raises(ValueError, match="accepts no such target"):
        parse_conf(f"http {{ {blocks} }}".encode())
    with pytest.raises(StartError, match="emerg"), nginx(http=blocks):
        pass


def filled(blocks: str, home: str = "") -> str:
    """The blocks with consecutive free ports for P, Q and R, and a directory for HOME."""
    p, q, r = free_ports()
    return blocks.replace("HOME", home).replace("P", str(p)).replace("Q", str(q)).replace("R", str(r))
