"""The sockets that nginx opens for the text of an nginx.conf.

crossplane parses the text. Its result is trusted only if it matches the count of `grammar`. These rules were verified
with nginx 1.22, and the tests compare them with a real nginx: parameters in one server apply to all that share the
socket, and a server without `listen` binds `*:80`. If a wildcard has the same family and port, a target has no kernel
socket but is selected by the address to which the client connected; it still counts as a listener.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any, Final, Literal

import crossplane
import msgspec
from crossplane.ext.lua import LuaBlockPlugin
from crossplane.lexer import register_external_lexer

from dsview.core.listen import Listener, Transport
from dsview.core.text import safe
from dsview.listeners.nginx_conf.grammar import FamilyCounts, UnreadConf, count
from dsview.listeners.nginx_conf.listen_address import Target, parse_target
from dsview.listeners.nginx_conf.quick_scan import quick_scan

Context = Literal["http", "stream"]
Statement = dict[str, Any]
"""The form of a directive in crossplane: `directive`, `line`, `args` and, if it has one, `block`."""

MAX_ENTRIES: Final = 1_000_000
"""The maximum number of pairs of a socket and a server name. A port range with many names multiplies them."""

_NO_NAME: Final[dict[str, None]] = {"": None}
"""The name of a server without server_name (ngx_http_core_merge_srv_conf)."""

_KEPT: Final = frozenset({"listen", "server_name"})
"""The directives whose arguments are part of a listener."""

_CONTEXTS: Final[dict[str, Context]] = {"http": "http", "stream": "stream"}
_DEFAULT_PORTS: Final[dict[Context, int | None]] = {"http": 80, "stream": None}

# Lua blocks of lua-nginx-module and stream-lua-nginx-module that crossplane 0.5.8 would parse as nginx directives.
register_external_lexer(
    directives=(
        "exit_worker_by_lua_block",
        "precontent_by_lua_block",
        "preread_by_lua_block",
        "proxy_ssl_certificate_by_lua_block",
        "proxy_ssl_verify_by_lua_block",
        "server_rewrite_by_lua_block",
        "ssl_client_hello_by_lua_block",
    ),
    lexer=LuaBlockPlugin().lex,
)


class _Server(msgspec.Struct):
    """One `server` block: its `listen` directives (arguments and line) and names."""

    context: Context
    line: int
    listens: list[tuple[list[str], int]]
    names: dict[str, None]
    name_directives: int
    includes: bool


class _Socket(msgspec.Struct):
    """A socket while servers are still being added to it; the dicts are ordered sets."""

    target: Target
    options: dict[str, None]
    names: dict[str, None]


def listeners_of(text: bytes) -> tuple[Listener, ...]:
    """The sockets of an nginx.conf, in order of first appearance.

    Takes 0.15 s of CPU per MB for files of ingress-nginx, and 0.6 s in the worst case.

    Raises:
        UnreadConf: the text is not an nginx.conf, or part of it could not be parsed.
    """
    if b"\0" in text:
        raise UnreadConf("it contains NUL bytes")
    if not text.strip():
        raise UnreadConf("it is empty")
    expected = count(text)
    tree = _parse(quick_scan(text))
    servers = list(_servers(tree))
    _compare(expected, servers)
    _require_servers(tree, servers)
    return _sockets(servers)


def _parse(text: bytes) -> list[Statement]:
    # The copy has no name, so that nothing remains even if the process is killed.
    with tempfile.TemporaryFile() as copy:
        copy.write(text)
        copy.flush()
        copy.seek(0)
        # Contexts and numbers of arguments are not checked, because nginx did that and knows more modules.
        payload = crossplane.parse(
            f"/dev/fd/{copy.fileno()}", single=True, check_ctx=False, check_args=False, onerror=_error_text
        )
    for error in payload["errors"]:
        raise UnreadConf(f"line {error['line']}: {error['callback']}" if error["line"] else error["callback"])
    tree: list[Statement] = payload["config"][0]["parsed"]
    return tree


def _error_text(error: Exception) -> str:
    """The message without the name of the private copy. Raises the error if the copy itself could not be read."""
    if isinstance(error, OSError):
        raise error
    return safe(str(getattr(error, "strerror", f"the parser gave up ({type(error).__name__})"))[:200])


def _blocks(statements: list[Statement], *names: str) -> Iterator[Statement]:
    return (s for s in statements if s["directive"] in names and "block" in s)


def _servers(tree: list[Statement]) -> Iterator[_Server]:
    for outer in _blocks(tree, *_CONTEXTS):
        for block in _blocks(outer["block"], "server"):
            server = _Server(_CONTEXTS[outer["directive"]], block["line"], [], {}, 0, includes=False)
            for statement in block["block"]:
                if statement["directive"] in _KEPT and any("\n" in word for word in statement["args"]):
                    # `quick_scan` may have changed the string. No controller writes one like this.
                    where = f"the {statement['directive']} directive at line {statement['line']}"
                    raise UnreadConf(f"{where} has a line break in a string")
                match statement["directive"]:
                    case "listen":
                        server.listens.append((statement["args"], statement["line"]))
                    case "server_name":
                        server.name_directives += 1
                        server.names.update(dict.fromkeys(statement["args"]))
                    case "include":
                        server.includes = True
            yield server


def _compare(expected: FamilyCounts, servers: list[_Server]) -> None:
    """Raise `UnreadConf` if crossplane lost servers or put them into a wrong block."""
    found = FamilyCounts(
        listen=sum(len(server.listens) for server in servers),
        server=len(servers),
        server_name=sum(server.name_directives for server in servers),
    )
    for what in FamilyCounts.__struct_fields__:
        expected_number, parsed = getattr(expected, what), getattr(found, what)
        if expected_number != parsed:
            raise UnreadConf(
                f"it has {expected_number} {what} directives, of which the parser found {parsed} in http and stream"
            )


def _require_servers(tree: list[Statement], servers: list[_Server]) -> None:
    for server in servers:
        if server.includes and not server.listens:
            raise UnreadConf(f"the server at line {server.line} has its listen directives in a file it includes")
    if not servers:
        outer = list(_blocks(tree, *_CONTEXTS))
        if not outer:
            raise UnreadConf("it has neither an http nor a stream block")
        for statement in (inner for block in outer for inner in block["block"]):
            if statement["directive"] == "include" and not "".join(statement["args"]).endswith("mime.types"):
                raise UnreadConf("its servers are in files that it includes")


def _sockets(servers: list[_Server]) -> tuple[Listener, ...]:
    sockets: dict[tuple[Context, Transport, str, int | None], _Socket] = {}
    entries = 0
    for server in servers:
        if not server.listens and server.context == "stream":
            raise UnreadConf(f"the stream server at line {server.line} listens nowhere, which nginx refuses")
        # ngx_http_core_server: without a listen, *:80 (only an nginx that root did not start uses *:8000).
        for args, line in server.listens or [(["80"], server.line)]:
            if not args:
                raise UnreadConf(f"the listen directive at line {line} has no target")
            target = parse_target(args[0], _DEFAULT_PORTS[server.context])
            transport = _transport(server.context, target, args)
            entries += (len(target.ports) or 1) * (1 + len(server.names))
            if entries > MAX_ENTRIES:
                raise UnreadConf(f"its sockets and their server names are more than {MAX_ENTRIES:,}")
            for port in target.ports or (None,):
                key = (server.context, transport, target.address, port)
                socket = sockets.get(key)
                if socket is None:
                    socket = sockets[key] = _Socket(target, {}, {})
                socket.options.update(dict.fromkeys(args[1:]))
                socket.names.update(server.names or _NO_NAME)
    return tuple(
        Listener(
            transport=transport,
            address=address,
            port=port,
            families=socket.target.families(ipv6only="ipv6only=off" not in socket.options),
            options=tuple(socket.options),
            server_names=tuple(socket.names) if socket.names != _NO_NAME else (),
            internal=socket.target.internal,
            context=context,
        )
        for (context, transport, address, port), socket in sockets.items()
    )


def _transport(context: Context, target: Target, args: list[str]) -> Transport:
    if target.form == "unix":
        return "unix"
    if context == "stream":
        return "udp" if "udp" in args else "tcp"
    return "quic" if "quic" in args else "tcp"
