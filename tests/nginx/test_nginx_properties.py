"""What holds for every text: nothing crashes, nothing is omitted unnoticed, what was written is read."""

from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsview.core.address import FAMILIES, V4, V6, Family
from dsview.core.listen import Listener, ListenSource
from dsview.kinds.pod import Pod
from dsview.listeners.conf_reading import parse_conf, read_conf
from dsview.listeners.nginx_conf import directives
from dsview.listeners.nginx_conf.grammar import UnreadConf

POD = Pod(name="controller-x", namespace="ingress-nginx")
EXAMPLES = settings(max_examples=500, deadline=None)

HARMLESS = [
    b"listen 80;\n",
    b"listen [::]:81 a;\n",
    b"\tserver_name a b ;\n",
    b"gzip off;\n",
    b"\tset $a b;\n",
    b"\t\n",
]
HARMLESS += [
    b"location / {\n\tset $a b;\n}\n",
    b"# it's ;\n",
    b"set $a 'b;\n c;\n';\n",
    b"\t}\nserver {\n",
    b"x ${host}y;\n",
]
HARMLESS += [
    b"log_by_lua_block {\n f();\n g {};\n -- ;\n}\n",
    b"a b\n c;\n",
    b"a # ;\n b;\n",
    b"include x;\n",
    b"a \\;\n b;\n",
    b"a $\n{\n}\n",
]
HARMFUL = [
    b"http {\n",
    b"stream {\n",
    b"server {\n",
    b"}\n",
    b"{",
    b";",
    b";\n",
    b"listen",
    b" 82",
    b" ",
    b"\n",
    b"\r\n",
    b"#",
]
HARMFUL += [
    b'"',
    b"'",
    b"\\",
    b"$",
    b"${",
    b"--",
    b"[[",
    b"]]",
    b"--[[\n",
    b"access_by_lua_block {\n",
    b"log_by_lua_block{",
]
HARMFUL += [b"set_by_lua_block $x {", b"set_by_lua_block $x;\n", b"\xff", b"\0", b"\xc2\xa0"]


def within(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return inner.map(lambda text: b"http {\nserver {\n" + text + b"}\nserver { listen [::]:80;\n}\n}\n")


def pieces(*fragments: bytes) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(fragments), max_size=40).map(b"".join)


a_little = pieces(*HARMFUL).map(lambda text: text[:8])
spoilt = st.tuples(pieces(*HARMLESS), a_little, pieces(*HARMLESS), a_little, pieces(*HARMLESS)).map(b"".join)
texts = st.one_of(st.binary(max_size=200), pieces(*HARMFUL, *HARMLESS), within(pieces(*HARMLESS)), within(spoilt))


@EXAMPLES
@given(texts)
def test_any_text_is_read_or_unread_with_a_printable_reason(text: bytes) -> None:
    verdict = read_conf(POD, text)
    assert verdict.source in {ListenSource.READ, ListenSource.UNREAD}
    assert verdict.reason.isprintable()
    assert bool(verdict.reason) == (verdict.source is ListenSource.UNREAD)


def outcome(text: bytes) -> tuple[Listener, ...] | None:
    try:
        return parse_conf(text)
    except UnreadConf:
        return None


@EXAMPLES
@given(texts)
@example(b"http{\x01{${;\na;\n}server{\x01;}}")
@example(b"http{server{listen ';\na;\n';}}")
@example(b"http{server{listen 80 ';\na;\n';server_name b;}}")
@example(b"http{server{listen 80;server_name ';\na;\n';}}")
def test_lines_left_out_before_parsing_change_nothing(text: bytes) -> None:
    with patch.object(directives, "quick_scan", lambda whole: whole):
        in_full = outcome(text)
    assert outcome(text) == in_full


Written = tuple[str, str, int, tuple[Family, ...], bool]
"""How a target is spelled, and the address, port, families and internality it stands for."""

ports = st.integers(1, 65535)
targets: st.SearchStrategy[Written] = st.one_of(
    ports.map(lambda p: (f"{p}", "*", p, (V4,), False)),
    ports.map(lambda p: (f"*:{p}", "*", p, (V4,), False)),
    ports.map(lambda p: (f"0.0.0.0:{p}", "*", p, (V4,), False)),
    ports.map(lambda p: (f"[::]:{p} ipv6only=off", "[::]", p, FAMILIES, False)),
    ports.map(lambda p: (f"[2001:DB8::0:1]:{p}", "[2001:db8::1]", p, (V6,), False)),
    ports.map(lambda p: (f"[0:0:0:0:0:0:0:1]:{p}", "[::1]", p, (V6,), True)),
    ports.map(lambda p: (f"127.0.0.1:{p}", "127.0.0.1", p, (V4,), True)),
)
hosts = st.from_regex(r"[a-z]{1,8}\.example", fullmatch=True)
between = st.sampled_from(
    [
        "",
        "\n",
        "  # listen 1; }\n",
        "\n\tgzip off;\n\tset $a b;\n",
        "\ninit_by_lua_block { t = {'}'} -- {\n }\n",
        "\nx '}' \"{\";\n",
    ]
)


@EXAMPLES
@given(
    st.data(), st.lists(st.tuples(st.lists(targets, min_size=1, max_size=4), st.lists(hosts, max_size=3)), max_size=6)
)
def test_generated_configuration_is_read_as_it_was_written(
    data: st.DataObject, servers: list[tuple[list[Written], list[str]]]
) -> None:
    text = "http {"
    expected: dict[tuple[str, int], tuple[tuple[Family, ...], bool, dict[str, None]]] = {}
    for listens, names in servers:
        text += data.draw(between) + " server {" + data.draw(between)
        for spelled, address, port, families, internal in listens:
            text += f" listen {spelled} ;" + data.draw(between)
            expected.setdefault((address, port), (families, internal, {}))[2].update(dict.fromkeys(names or [""]))
        text += (f" server_name {' '.join(names)};" if names else "") + data.draw(between) + "}"
    found = parse_conf((text + "\n}\n").encode())
    assert {(x.address, x.port): (x.families, x.internal, x.server_names) for x in found} == {
        key: (families, internal, tuple(names) if any(names) else ())
        for key, (families, internal, names) in expected.items()
    }
