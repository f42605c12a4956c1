"""The address of a `listen`, one form per row."""

import pytest

from dsview.core.address import FAMILIES, V4, V6, Family
from dsview.listeners.nginx_conf.grammar import UnreadConf
from dsview.listeners.nginx_conf.listen_address import parse_target


@pytest.mark.parametrize(
    ("text", "address", "ports", "families", "internal"),
    [
        ("80", "*", [80], (V4,), False),
        ("*:80", "*", [80], (V4,), False),
        ("0.0.0.0:80", "*", [80], (V4,), False),
        ("000.0.00.0:80", "*", [80], (V4,), False),
        ("*", "*", [80], (V4,), False),
        ("192.0.2.7:8443", "192.0.2.7", [8443], (V4,), False),
        ("192.0.2.07", "192.0.2.7", [80], (V4,), False),
        ("127.0.0.1:10246", "127.0.0.1", [10246], (V4,), True),
        ("127.9.8.7:1", "127.9.8.7", [1], (V4,), True),
        ("8000-8002", "*", [8000, 8001, 8002], (V4,), False),
        ("[::]:80", "[::]", [80], (V6,), False),
        ("[0:0::0]:80", "[::]", [80], (V6,), False),
        ("[::]", "[::]", [80], (V6,), False),
        ("[2001:DB8:0::1]:443", "[2001:db8::1]", [443], (V6,), False),
        ("[::1]:8000-8001", "[::1]", [8000, 8001], (V6,), True),
        ("[::ffff:192.0.2.7]:80", "[::ffff:192.0.2.7]", [80], (V4,), False),
        ("[::ffff:7f00:1]:80", "[::ffff:127.0.0.1]", [80], (V4,), True),
        ("localhost:80", "localhost", [80], (), True),
        ("Api.LOCALHOST.:80", "Api.LOCALHOST.", [80], (), True),
        ("shop.example.org:80", "shop.example.org", [80], (), False),
        ("256.1.1.1:80", "256.1.1.1", [80], (), False),
        ("unix:/tmp/nginx/status.sock", "unix:/tmp/nginx/status.sock", [], (), True),
        ("UNIX:/tmp/a:80", "UNIX:/tmp/a:80", [], (), True),
    ],
)
def test_target_has_one_spelling_and_the_family_nginx_binds(
    text: str, address: str, ports: list[int], families: tuple[Family, ...], internal: bool
) -> None:
    target = parse_target(text, 80)
    assert (target.address, list(target.ports), target.internal) == (address, ports, internal)
    assert target.families(ipv6only=True) == families


@pytest.mark.parametrize(
    ("text", "families"),
    [("[::]:80", FAMILIES), ("[::1]:80", (V6,)), ("80", (V4,)), ("[::ffff:192.0.2.7]:80", (V4,)), ("unix:/a", ())],
)
def test_ipv6only_off_opens_ipv4_on_the_ipv6_wildcard_alone(text: str, families: tuple[Family, ...]) -> None:
    assert parse_target(text, 80).families(ipv6only=False) == families


REFUSED = ["", ":80", "0", "70000", "80-70", "127.0.0.1:", "127.0.0.1:http", "::1:80", "80/x", "host?x", "host:\u0661"]
REFUSED += ["[::1", "[]:80", "[::1%lo]:80", "[127.0.0.1]:80", "[::1]80", "[::g]:80"]


@pytest.mark.parametrize("text", REFUSED)
def test_target_that_nginx_refuses_is_no_target(text: str) -> None:
    with pytest.raises(UnreadConf):
        parse_target(text, 80)


def test_stream_has_no_default_port() -> None:
    with pytest.raises(UnreadConf, match="choice of a port"):
        parse_target("127.0.0.1", None)


def test_refusal_cannot_drive_a_terminal() -> None:
    with pytest.raises(UnreadConf) as refusal:
        parse_target("\x1b]0;owned\x07:x", 80)
    assert str(refusal.value).isprintable()
