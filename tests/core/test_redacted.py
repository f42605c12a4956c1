"""The texts that stand for a hidden address in a capture."""

from __future__ import annotations

import pytest

from dsview.core.redacted import is_redacted


@pytest.mark.parametrize(
    "text",
    [
        "***HIDDEN***",
        "<redacted>",
        "[REDACTED]",
        "REDACTED",
        "x-ipv4-0000000001-x",
        "xxx.xxx.xxx.xxx",
        "xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx",
        "10.x.x.x",
        "10.244.x.x/16",
        "d41d8cd98f00b204e9800998ecf8427e",
        "x.x.x.x",
        "x.x.x.x/24",
        "a.b.c.d",
        "192.168.1xx.*",
        "10.128.██.██",
        "2001:db8:xxxx::1",
        "2a01:xxxx:xxxx:xxxx::/64",
        "fd00::*",
        "2600:1f13:...:1",
        "--- REDACTED ---",
        "REDACTED_IP_3",
        "10.0.[redacted].1",
        "***TOKEN_IPV4_A1B2C3***",
        "<node-ip>",
        "[IP]",
        "<IPv6 REDACTED",
        "[snip]:f904::101",
        "2001:<snip>:16fd:9622::1:0/112",
        "18.133.REDACTED",
        "{{ ipv6 }}",
        "$NODE_IP",
        "%IP%",
        "MY_PUBLIC_IP",
        "ipv6-address-1",
        "...",
        "█████",
        "sha256:e3b0c44298fc1c149afbf4c8996fb924",
        "0b9c2b5e-9d3c-4c58-8b5c-6a1de3b5a1f0",
    ],
)
def test_a_value_that_was_replaced_is_told_from_an_address(text: str) -> None:
    assert is_redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.1",
        "fd00::1",
        "::",
        "::ffff:10.0.0.1",
        "64:ff9b::192.0.2.1",
        "010.0.0.1",
        "10.0.0.300",
        "10.0.0.1:6443",
        "[fd00::1]",
        "fd00::g",
        "fe80::1%eth0",
        "node-a",
        "ip-10-0-0-1",
        "ip-10-0-0-1.ec2.internal",
        "www.example.com",
        "None",
        "10.0.0.0/8",
        "not-an-ip",
        "not an address",
        "invalid-ip",
    ],
)
def test_an_address_or_a_mistake_in_one_is_no_replaced_value(text: str) -> None:
    assert not is_redacted(text)
