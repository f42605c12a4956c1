"""Rows sort by their address as a number, whatever else is among their texts."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsview.core.address import FAMILIES, Family, packed
from dsview.tables.sort_keys import LAST, address_ranks

ODD = [
    "",
    "None",
    "10.0.0.0/24",
    "fd00::/64",
    "::ffff:10.0.0.9",
    "::",
    "::1",
    "0.0.0.0",
    "010.0.0.7",
    "fe80::1%eth0",
    "x",
]
v4 = st.builds(lambda n: str(ipaddress.IPv4Address(n)), st.integers(0, 2**32 - 1))
v6 = st.builds(lambda n: str(ipaddress.IPv6Address(n)), st.integers(0, 2**128 - 1))
texts = v4 | v6 | st.sampled_from(ODD)
rows = st.lists(
    st.tuples(v4, v6) | st.tuples(v6, v4) | st.tuples(v4) | st.tuples(v6) | st.lists(texts, max_size=3).map(tuple),
    max_size=20,
)


def plain_rank(row: tuple[str, ...], family: Family) -> set[str]:
    """The ranks of all its addresses of the family."""
    raws = (packed(text.partition("/")[0]) or b"" for text in row)
    return {raw.decode("latin-1") for raw in raws if len(raw) == (16 if family == "IPv6" else 4)} or {LAST}


@given(rows)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_ranks_by_an_address_of_the_family_and_last_without_one(
    family: Family, rows: list[tuple[str, ...]]
) -> None:
    ranks = address_ranks(rows, family)
    assert len(ranks) == len(rows)
    for row, rank in zip(rows, ranks, strict=True):
        assert rank in plain_rank(row, family)


@pytest.mark.parametrize("family", FAMILIES)
def test_of_several_addresses_of_a_family_the_first_decides(family: Family) -> None:
    row = ("10.0.0.9", "10.0.0.1", "fd00::9", "fd00::1")
    assert address_ranks([row], family) == address_ranks([("10.0.0.9", "fd00::9")], family)


def test_one_odd_text_changes_no_other_rank() -> None:
    plain = [(f"10.0.{n}.1", f"fd00::{n:x}") for n in range(1, 200)]
    for odd in ODD:
        ranks = address_ranks([*plain, (odd,)], "IPv6")
        assert ranks[:-1] == address_ranks(plain, "IPv6")


def test_ranks_sort_as_the_numbers_do() -> None:
    ranks = address_ranks([("fd00::10",), ("fd00::9",), ("fd00:0:0:1::",), ()], "IPv6")
    assert sorted(ranks) == [ranks[1], ranks[0], ranks[2], ranks[3]]
