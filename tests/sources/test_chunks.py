"""A body that comes in chunks is the same however the network cuts it, and a broken one is not taken for whole."""

from __future__ import annotations

import http.client
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsview.sources.kube.chunks import LONGEST_LINE, unchunked

PARTS = st.lists(st.binary(min_size=1, max_size=40), max_size=8)


def reader(data: bytes, sizes: list[int]) -> Callable[[int], bytes]:
    """What reads `data` in pieces of these sizes, by turns."""
    at = turn = 0

    def read(size: int) -> bytes:
        nonlocal at, turn
        wanted = min(size, sizes[turn % len(sizes)])
        piece = data[at : at + wanted]
        at, turn = at + len(piece), turn + 1
        return piece

    return read


def chunked(parts: list[bytes], *, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    """The parts, each as a chunk."""
    lines = [b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts]
    return b"".join(lines) + b"0\r\n" + trailers + b"\r\n"


@given(
    parts=PARTS,
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    extension=st.sampled_from([b"", b";a=1", b" ; b", b" "]),
    trailers=st.sampled_from([b"", b"Expires: never\r\n", b"A: 1\r\nB: 2\r\n"]),
)
def test_the_same_however_it_is_cut(parts: list[bytes], sizes: list[int], extension: bytes, trailers: bytes) -> None:
    body = chunked(parts, extension=extension, trailers=trailers)
    assert b"".join(unchunked(reader(body, sizes), 1 << 16)) == b"".join(parts)


@given(parts=PARTS, sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5), data=st.data())
def test_one_that_breaks_off_is_not_whole(parts: list[bytes], sizes: list[int], data: st.DataObject) -> None:
    body = chunked(parts)
    read = reader(body[: data.draw(st.integers(0, len(body) - 1))], sizes)
    with pytest.raises(http.client.IncompleteRead):
        list(unchunked(read, 1 << 16))


def test_many_chunks_of_one_read_come_as_one_piece() -> None:
    body = chunked([b"first", b"second", b"third"])
    assert list(unchunked(reader(body, [len(body)]), 1 << 16)) == [b"firstsecondthird"]


def test_what_came_is_passed_on_before_more_is_read() -> None:
    body = chunked([b"first", b"second"])
    pieces = unchunked(reader(body, [6, 1000]), 1 << 16)
    assert next(pieces) == b"fir"


@pytest.mark.parametrize("size", [b"", b"x", b"-5", b"0x5", b"1_0", b"5 5", b"+5", b"f" * 16])
def test_a_size_that_is_none_ends_the_body(size: bytes) -> None:
    with pytest.raises(http.client.IncompleteRead):
        list(unchunked(reader(size + b"\r\nabcde\r\n0\r\n\r\n", [1000]), 1 << 16))


def test_a_chunk_longer_than_its_size_ends_the_body() -> None:
    with pytest.raises(http.client.IncompleteRead):
        list(unchunked(reader(b"3\r\nabcde\r\n0\r\n\r\n", [1000]), 1 << 16))


def test_a_line_without_end_is_not_held() -> None:
    endless = reader(b"5;" + b"a" * 10 * LONGEST_LINE, [1000])
    with pytest.raises(http.client.IncompleteRead):
        list(unchunked(endless, 1 << 16))
    assert len(endless(1 << 16)) > 0
