"""Lines and frames are the same however the connection splits the bytes into chunks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsview.sources.kube.stream import MalformedResponse, batches_of_frames, batches_of_lines

LINES = st.lists(st.binary(min_size=1, max_size=12).filter(lambda line: b"\n" not in line), max_size=6)


@given(LINES, st.lists(st.integers(0, 80), max_size=8))
def test_lines_are_the_same_wherever_chunks_end(lines: list[bytes], cuts: list[int]) -> None:
    body = b"".join(line + b"\n" for line in lines)
    at = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    chunks = [body[start:end] for start, end in pairwise(at)]
    found = [line for batch in batches_of_lines(chunks) for line in batch if line is not None]
    assert [line.rstrip(b"\n") for line in found] == lines


def test_a_chunk_that_is_one_line_is_not_copied() -> None:
    chunk = b'{"type":"ADDED","object":{}}\n'
    assert next(batches_of_lines([chunk]))[0] is chunk


def test_a_line_that_is_too_long_is_reported_once_and_the_next_one_is_read() -> None:
    chunks = [b"aaaa", b"bbbb", b"cc\n", b"dd\n"]
    assert [line for batch in batches_of_lines(chunks, limit=6) for line in batch] == [None, b"dd\n"]


def test_empty_lines_are_ignored() -> None:
    assert [line for batch in batches_of_lines([b"\n", b"a\n\n", b"\n"]) for line in batch] == [b"a"]


def framed(*payloads: bytes) -> bytes:
    return b"".join(len(payload).to_bytes(4, "big") + payload for payload in payloads)


@given(st.lists(st.binary(max_size=12), max_size=6), st.integers(1, 9))
def test_frames_are_the_same_wherever_chunks_end(payloads: list[bytes], size: int) -> None:
    body = framed(*payloads)
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    assert [frame for batch in batches_of_frames(chunks) for frame in batch] == payloads


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_frame_that_is_too_long_is_skipped_and_the_next_one_is_read(size: int) -> None:
    body = framed(b"a", b"b" * 50, b"c")
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    assert [frame for batch in batches_of_frames(chunks, limit=10) for frame in batch] == [b"a", None, b"c"]


@pytest.mark.parametrize("body", [b"\0\0", framed(b"abc")[:-1], b"<html>a proxy</html>"])
def test_bytes_that_end_inside_a_frame_are_a_malformed_response(body: bytes) -> None:
    with pytest.raises(MalformedResponse):
        list(batches_of_frames([framed(b"whole"), body]))


def test_the_size_of_a_partial_line_is_reported_until_it_is_complete() -> None:
    sizes: list[int] = []
    chunks = [b"aaa", b"aa\nb\ncc", b"c\n", b"d" * 5, b"d" * 5, b"d\ne\n"]
    list(batches_of_lines(chunks, limit=6, on_buffered=sizes.append))
    assert sizes == [3, 0, 2, 0, 5, 10, 0]


def test_the_size_of_a_partial_frame_is_reported_until_it_is_complete() -> None:
    sizes: list[int] = []
    body = framed(b"aaaa") + framed(b"b" * 20) + framed(b"cc")
    chunks = [body[:6], body[6:10], body[10:20], body[20:34], body[34:]]
    list(batches_of_frames(chunks, limit=6, on_buffered=sizes.append))
    assert sizes == [6, 0, 2, 0, 18, 0, 2, 0]
