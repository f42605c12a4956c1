"""From the text of an nginx.conf to its sockets: files as ingress-nginx writes them, and untrusted files."""

from pathlib import Path

import pytest

from dsview.core.address import FAMILIES, V4, V6
from dsview.core.listen import Listener
from dsview.listeners.conf_reading import parse_conf
from dsview.listeners.nginx_conf.grammar import UnreadConf

DATA = Path(__file__).parents[1] / "data" / "nginx"


def conf(http: str, stream: str = "") -> bytes:
    return f"events {{}}\nhttp {{\n{http}\n}}\nstream {{\n{stream}\n}}\n".encode()


def sockets(listeners: tuple[Listener, ...]) -> list[str]:
    return [f"{x.transport} {x.address}:{x.port} {'+'.join(x.families)}" for x in listeners]


DUAL = ["tcp *:80 IPv4", "tcp [::]:80 IPv6", "tcp *:443 IPv4", "tcp [::]:443 IPv6", "tcp *:8181 IPv4"]
DUAL += ["tcp [::]:8181 IPv6", "tcp 127.0.0.1:10246 IPv4", "tcp 127.0.0.1:10247 IPv4"]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("chart-default", DUAL),
        ("inert-v6-listen", DUAL),
        ("disable-ipv6", [socket for socket in DUAL if "[" not in socket]),
        ("recorded-dual", [DUAL[0], DUAL[1], DUAL[6], DUAL[4], DUAL[5]]),
    ],
)
def test_controller_files_give_their_sockets(file: str, expected: list[str]) -> None:
    assert sockets(parse_conf((DATA / f"{file}.conf").read_bytes())) == expected


def test_socket_carries_what_all_servers_that_share_it_set() -> None:
    listeners = parse_conf(
        conf(
            "server { listen 80 default_server reuseport; server_name _; }\n"
            "server { listen 0.0.0.0:80 proxy_protocol; server_name a.example b.example; server_name ~^c\\d+$; }\n"
            "server { listen *:80; server_name b.example; }"
        )
    )
    assert listeners == (
        Listener(
            transport="tcp",
            address="*",
            port=80,
            families=(V4,),
            options=("default_server", "reuseport", "proxy_protocol"),
            server_names=("_", "a.example", "b.example", "~^c\\d+$"),
        ),
    )


@pytest.mark.parametrize("first", [True, False])
def test_ipv6only_off_of_one_server_holds_for_the_others(first: bool) -> None:
    servers = ["server { listen [::]:80 ipv6only=off; }", "server { listen [0::0]:80; }"]
    (listener,) = parse_conf(conf(" ".join(servers if first else reversed(servers))))
    assert listener.families == FAMILIES
    assert listener.address == "[::]"


def test_server_without_listen_binds_port_80_of_ipv4() -> None:
    (listener,) = parse_conf(conf("server { server_name a.example; }"))
    assert (listener.address, listener.port, listener.families) == ("*", 80, (V4,))
    assert listener.server_names == ("a.example",)


def test_transports_do_not_share_a_socket() -> None:
    listeners = parse_conf(
        conf("server { listen 443 ssl; listen 443 quic reuseport; }", "server { listen 53; } server { listen 53 udp; }")
    )
    assert [(x.context, x.transport, x.port) for x in listeners] == [
        ("http", "tcp", 443),
        ("http", "quic", 443),
        ("stream", "tcp", 53),
        ("stream", "udp", 53),
    ]


def test_loopback_and_unix_targets_are_internal() -> None:
    listeners = parse_conf(
        conf("server { listen 127.0.0.1:1; listen [::1]:1; listen unix:/a; listen localhost:1; listen 10.0.0.1:1; }")
    )
    assert [x.internal for x in listeners] == [True, True, True, True, False]
    assert [x.families for x in listeners] == [(V4,), (V6,), (), (), (V4,)]


@pytest.mark.parametrize(
    "http",
    [
        "# listen 81;\nserver { listen 80; }",
        "server { listen 80; } # }",
        'log_format x \'listen 81; }\' "a\\"} listen 82;";\nserver { listen 80; }',
        "server {\n\tlisten\n\t80 # the port\n\t;\n}",
        "server { 'listen' \"80\"; }",
        "init_by_lua_block { local t = { ['}'] = '{' } -- it's a }\n }\nserver { listen 80; }",
        'init_by_lua_block {\n local s = "listen 81;"\n}\nserver { listen 80; }',
        "init_by_lua_block {\n -- all that'll be used {\n p.init({  })\n n = #p -- '\n}\nserver { listen 80; }",
        'server { listen 80; location ~* "^/api(/|$)(.*){2}" { rewrite "(?i)/x(/|$)" /$2 break; proxy_pass ; } }',
        "geo $dollar { default '$'; } map $http_upgrade $u { default up; '' ''; } server { listen 80; }",
        "server { listen 80; location / { set_by_lua_block $x { return {} } } }",
        "ssl_client_hello_by_lua_block { hello() }\nserver { listen 80; }",
        "server { listen 80; if ($http_x = 'a}') { return 403; } }",
        "server { listen 80; set $a ${host}x; }",
        "upstream u { server 10.0.0.1:81; }\nserver { listen 80; }",
        "include /etc/nginx/mime.types;\nserver { listen 80; }",
        "server { listen 80 ; future_directive a b c; }",
        "server { listen 80; }\r\n",
    ],
)
def test_what_looks_like_a_listen_or_a_brace_is_told_from_one(http: str) -> None:
    assert sockets(parse_conf(conf(http))) == ["tcp *:80 IPv4"]


UNREAD = [
    (b"", "is empty"),
    (b" \n\t", "is empty"),
    (b"cat: /etc/nginx/nginx.conf: No such file or directory\n", "line 1 does not end"),
    (b"events {}\n", "neither an http nor a stream block"),
    (conf("server { listen 80; }")[:-3], '1 "}" missing'),
    (conf("server { listen 80; }}"), '"}" too many'),
    (conf("server { listen 80 }"), "line 3 does not end"),
    (conf("server { listen 80; server_name 'a; }"), "line 3 does not end"),
    (conf("server { listen 80; \0 }"), "NUL"),
    (conf("server { listen; }"), "line 3 has no target"),
    (conf("server { listen 80/x; }"), "accepts no such target as listen 80/x"),
    (conf("server { listen 80; }\nlisten 81;"), "2 listen directives, of which the parser found 1"),
    (conf("") + b"mail { server { listen 25; } }", "1 listen directives, of which the parser found 0"),
    (conf("init_by_lua_block { s = [[ ' ]] }\nserver { listen 80; }"), "line 3: unexpected end of file"),
    (conf("init_by_lua_block { s = [[ } ]] }\nserver { listen 80; }"), 'line 5: unexpected "}"'),
    (
        conf("init_by_lua_block { s = [[ ' ]] }\nserver { listen 80; }\nlog_by_lua_block { s = [[ ' ]] }"),
        "1 listen directives, of which the parser found 0",
    ),
    (conf("init_by_lua_block { if x then {\nserver { listen 80; }"), "Lua block at line 3 does not end"),
    (conf("strange_by_lua_block { f() }\nserver { listen 80; }"), "of which the parser found"),
    (conf("server { listen\u00a080; }"), "of which the parser found"),
    (conf("include conf.d/*.conf;"), "servers are in files that it includes"),
    (conf("server { include listen.conf; }"), "server at line 3 has its listen directives in a file"),
    (conf("", "server { return x; }"), "line 6 listens nowhere"),
    (conf("a{" * 200 + "}" * 200), "nested more than 100 deep"),
    (conf("a {\n" * 100_000), "nested more than 100 deep"),
    (conf("server { listen 1-65535; server_name " + " ".join(map(str, range(20))) + "; }"), "more than 1,000,000"),
]


@pytest.mark.parametrize(("text", "why"), UNREAD, ids=[why for _, why in UNREAD])
def test_file_that_is_not_wholly_understood_is_unread(text: bytes, why: str) -> None:
    with pytest.raises(UnreadConf, match=why):
        parse_conf(text)


def test_start_configuration_of_the_controller_has_no_sockets() -> None:
    assert parse_conf(b"pid /tmp/nginx/nginx.pid;\nevents {}\nhttp {\n  include mime.types;\n}\ndaemon off;\n") == ()


def test_includes_are_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other.conf"
    other.write_text("server { listen 81; }")
    assert sockets(parse_conf(conf(f"server {{ listen 80; }} include {other};"))) == ["tcp *:80 IPv4"]
