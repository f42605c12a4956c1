"""A chunked body is the same however the network splits it, and a truncated one is an error."""

from __future__ import annotations

import http.client
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsview.sources.kube.chunks import MAX_LINE, unchunked

PARTS = st.lists(st.binary(min_size=1, max_size=40), max_size=8)


def reader(data: bytes, sizes: list[int]) -> Callable[[int], bytes]:
    """A function that returns `data` in parts of these sizes, repeated in order."""
    position = calls = 0

    def read(size: int) -> bytes:
        nonlocal position, calls
        length = min(size, sizes[calls % len(sizes)])
        part = data[position : position + length]
        position, calls = position + len(part), calls + 1
        return part

    return read


def chunked(parts: list[bytes], *, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    """A chunked body with one chunk for each part."""
    lines = [b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts]
    return b"".join(lines) + b"0\r\n" + trailers + b"\r\n"


@given(
    parts=PARTS,
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    extension=st.sampled_from([b"", b";a=1", b" ; b", b" "]),
    trailers=st.sampled_from([b"", b"Expires: never\r\n", b"A: 1\r\nB: 2\r\n"]),
)
def test_the_body_is_the_same_wherever_reads_end(
    parts: list[bytes], sizes: list[int], extension: bytes, trailers: bytes
) -> None:
    body = chunked(parts, extension=extension, trailers=trailers)
    assert b"".join(unchunked(reader(body, sizes), 1 << 16)) == b"".join(parts)


@given(parts=PARTS, sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5), data=st.data())
def test_a_truncated_body_is_an_error(parts: list[bytes], sizes: list[int], data: st.DataObject) -> None:
    body = chunked(parts)
    read = reader(body[: data.draw(st.integers(0, len(body) - 1))], sizes)
    with pytest.raises(http.client.IncompleteRead):
        list(unchunked(read, 1 << 16))


def test_all_chunks_of_one_read_are_returned_together() -> None:
    body = chunked([b"first", b"second", b"third"])
    assert list(unchunked(reader(body, [len(body)]), 1 << 16)) == [b"firstsecondthird"]


def test_data_is_returned_before_more_is_read() -> None:
    body = chunked([b"first", b"second"])
    data = unchunked(reader(body, [6, 1000]), 1 << 16)
    assert next(data) == b"fir"


@pytest.mark.parametrize("size", [b"", b"x", b"-5", b"0x5", b"1_0", b"5 5", b"+5", b"f" * 16])
def test_an_invalid_chunk_size_is_an_error(size: bytes) -> None:
    with pytest.raises(http.client.IncompleteRead):
        list(unchunked(reader(size + b"\r\nabcde\r\n0\r\n\r\n", [1000]), 1 << 16))


def test_a_chunk_longer_than_its_size_is_an_error() -> None:
    with pytest.raises(http.client.IncompleteRead):
        list(unchunked(reader(b"3\r\nabcde\r\n0\r\n\r\n", [1000]), 1 << 16))


def test_an_endless_line_is_not_buffered() -> None:
    endless = reader(b"5;" + b"a" * 10 * MAX_LINE, [1000])
    with pytest.raises(http.client.IncompleteRead):
        list(unchunked(endless, 1 << 16))
    assert len(endless(1 << 16)) > 0
