"""Which texts stand for an address that a capture hides."""

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
    ],
)
def test_a_value_that_was_replaced_is_told_from_an_address(text: str) -> None:
    assert is_redacted(text)


@pytest.mark.parametrize(
    "text",
    ["", "10.0.0.1", "fd00::1", "::ffff:10.0.0.1", "010.0.0.1", "10.0.0.300", "fe80::1%eth0", "node-a", "10.0.0.0/8"],
)
def test_an_address_or_a_mistake_in_one_is_no_replaced_value(text: str) -> None:
    assert not is_redacted(text)
