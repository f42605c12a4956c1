"""Addresses and CIDRs as Kubernetes interprets them."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsview.core.address import (
    AddressClass,
    canonical,
    classify,
    families_of,
    family_of,
    first_of,
    is_canonical,
    is_mapped,
    is_usable,
    packed,
    same_address,
    sort_key,
)
from dsview.core.cidr import cidr_families, parse_cidr


@pytest.mark.parametrize(
    ("text", "family", "written"),
    [
        ("10.0.0.1", "IPv4", "10.0.0.1"),
        ("010.000.00.001", "IPv4", "10.0.0.1"),
        ("::ffff:10.0.0.1", "IPv4", "10.0.0.1"),
        ("::FFFF:a00:1", "IPv4", "10.0.0.1"),
        ("fe80::1%eth0", "IPv6", "fe80::1"),
        ("2001:DB8:0:0:0:0:0:1", "IPv6", "2001:db8::1"),
        ("::1.2.3.4", "IPv6", "::102:304"),
        ("::", "IPv6", "::"),
    ],
)
def test_an_address_has_one_family_and_one_canonical_text(text: str, family: str, written: str) -> None:
    assert family_of(text) == family
    assert canonical(text) == written
    assert same_address(text, written)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0",
        "256.0.0.1",
        "10.0.0.1/24",
        "1.2.3.4.5",
        "0x10.0.0.1",
        "10.0.0.1\0",
        "::\0",
        "\u0661.0.0.1",
        "[::1]",
        "None",
    ],
)
def test_what_is_no_address_is_none_and_raises_nothing(text: str) -> None:
    assert packed(text) is None
    assert family_of(text) is None
    assert canonical(text) is None
    assert classify(text) is None
    assert is_canonical(text)
    assert not is_usable(text)
    assert sort_key("ffff::") < sort_key(text)


@given(st.ip_addresses())
def test_addresses_agree_with_the_standard_library(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    assert packed(str(address)) == (mapped or address).packed
    assert canonical(str(address)) == str(mapped or address)


@given(st.text(max_size=40))
def test_canonical_text_is_stable(text: str) -> None:
    written = canonical(text)
    if written is not None:
        assert canonical(written) == written
        assert is_canonical(written)


@given(st.lists(st.ip_addresses(), max_size=6))
def test_addresses_sort_by_number_with_ipv4_first(
    addresses: list[ipaddress.IPv4Address | ipaddress.IPv6Address],
) -> None:
    texts = sorted((canonical(str(a)) or "" for a in addresses), key=sort_key)
    raws = [packed(text) or b"" for text in texts]
    assert raws == sorted(raws, key=lambda raw: (len(raw), raw))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0", AddressClass.UNSPECIFIED),
        ("::", AddressClass.UNSPECIFIED),
        ("127.0.0.53", AddressClass.LOOPBACK),
        ("169.254.20.10", AddressClass.LINK_LOCAL),
        ("fe80::1", AddressClass.LINK_LOCAL),
        ("ff02::1", AddressClass.MULTICAST),
        ("fec0::1", AddressClass.SITE_LOCAL),
        ("::ffff:8.8.8.8", AddressClass.V4_MAPPED),
        ("172.31.255.255", AddressClass.PRIVATE),
        ("172.32.0.0", AddressClass.GLOBAL),
        ("100.127.255.255", AddressClass.SHARED),
        ("fd12::1", AddressClass.UNIQUE_LOCAL),
        ("3fff:fff::1", AddressClass.DOCUMENTATION),
        ("2600::1", AddressClass.GLOBAL),
    ],
)
def test_the_class_of_an_address_is_that_of_its_range(text: str, expected: AddressClass) -> None:
    assert classify(text) is expected
    # Kubernetes takes a v4-mapped address as IPv4.
    assert is_usable(text) == (expected not in {"unspecified", "loopback", "link-local", "multicast", "site-local"})


def test_a_mapped_address_is_as_usable_as_the_ipv4_address_in_it() -> None:
    assert is_usable("::ffff:192.0.2.11")
    assert not is_usable("::ffff:127.0.0.1")


def test_families_keep_the_order_of_first_occurrence() -> None:
    assert families_of(("fd00::1", "x", "10.0.0.1", "fd00::2")) == ("IPv6", "IPv4")
    assert first_of(("fd00::1", "10.0.0.1"), "IPv4") == "10.0.0.1"
    assert first_of(("fd00::1",), "IPv4") == ""
    assert is_mapped("0:0:0:0:0:ffff:1.2.3.4")


@pytest.mark.parametrize(
    ("text", "written", "inside", "outside"),
    [
        ("10.0.0.0/8", "10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("10.1.2.3/8", "10.0.0.0/8", "10.0.0.0", "9.255.255.255"),
        ("10.0.0.1", "10.0.0.1/32", "10.0.0.1", "10.0.0.2"),
        ("fd00::1:0/112", "fd00::1:0/112", "fd00::1:ffff", "fd00::2:0"),
        ("::/0", "::/0", "ffff::", "10.0.0.1"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8", "10.9.9.9", "::a00:1"),
    ],
)
def test_a_range_contains_what_lies_in_it(text: str, written: str, inside: str, outside: str) -> None:
    cidr = parse_cidr(text)
    assert cidr is not None
    assert cidr.canonical == written
    assert cidr.contains(packed(inside))
    assert not cidr.contains(packed(outside))
    assert not cidr.contains(None)


@pytest.mark.parametrize(
    "text",
    ["", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/ 8", "::/129", "::ffff:10.0.0.0/95", "x/8", "10.0.0.0/\u0668"],
)
def test_a_text_that_is_no_range_has_no_value(text: str) -> None:
    assert parse_cidr(text) is None


@given(st.ip_addresses(v=6), st.integers(0, 128), st.ip_addresses(v=6), st.integers(0, 128))
def test_ranges_agree_with_the_standard_library(
    a: ipaddress.IPv6Address, n: int, b: ipaddress.IPv6Address, m: int
) -> None:
    one, two = parse_cidr(f"{a.exploded}/{n}"), parse_cidr(f"{b.exploded}/{m}")
    if a.ipv4_mapped is not None or b.ipv4_mapped is not None:
        return
    assert one is not None
    assert two is not None
    first, second = ipaddress.ip_network((a, n), strict=False), ipaddress.ip_network((b, m), strict=False)
    assert one.overlaps(two) == first.overlaps(second)
    assert one.covers(two) == (second.version == first.version and first.supernet_of(second))  # type: ignore[arg-type]  # both of IPv6
    assert one.has_host_bits == (first.network_address != a)
    assert one.contains(socket.inet_pton(socket.AF_INET6, str(b))) == (b in first)


def test_allocatable_addresses_leave_out_the_first_and_for_ipv4_the_last() -> None:
    sizes = {
        text: cidr.usable_addresses
        for text in ("10.0.0.0/24", "10.0.0.0/32", "fd00::/112", "fd00::/48")
        if (cidr := parse_cidr(text))
    }
    assert sizes == {"10.0.0.0/24": 254, "10.0.0.0/32": 0, "fd00::/112": 65_535, "fd00::/48": 2**64 - 1}


def test_families_of_ranges_keep_their_order_and_skip_invalid_ranges() -> None:
    assert cidr_families(("fd00::/64", "bad", "10.0.0.0/8")) == ("IPv6", "IPv4")
