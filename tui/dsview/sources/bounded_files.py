"""Opens and reads all input files: regular files only, with limits for each purpose.

A path may lead to `/dev/zero`, to a pipe without a writer, to a gigabyte that decompresses to a terabyte, or out of the
given folder. Each of these results in an error message; the process neither hangs nor is killed.
"""

from __future__ import annotations

import errno
import io
import os
import re
import select
import stat
import time
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import msgspec


class FileLimit(msgspec.Struct, frozen=True):
    """The limits for a file: `size` in bytes after decompression, `seconds` from opening to the last byte.

    `may_be_pipe` also allows a pipe that the shell opened for this process, as for `--config <(...)`. `may_be_gzip`
    decompresses gzip.
    """

    size: int
    seconds: float = 30.0
    may_be_pipe: bool = False
    may_be_gzip: bool = False


OBJECTS = FileLimit(2_000_000_000, 600.0, may_be_gzip=True)
"""Output of kubectl, or a snapshot: 150,000 pods are 1.3 GB of JSON."""

STANDARD_INPUT = FileLimit(2_000_000_000, 1800.0, may_be_gzip=True)
"""The same from a pipe: kubectl takes minutes to list a large cluster over a slow connection."""

KUBECTL_ERRORS = FileLimit(1 << 20)
"""The error output of kubectl, saved instead of a list: a few lines."""

PROXY_LISTENERS = FileLimit(64 << 20, 60.0, may_be_gzip=True)
"""The configuration of a proxy. If it has more than 32 MB, it is reported as not read."""

CONFIGURATION = FileLimit(1 << 20, may_be_pipe=True)
"""The configuration file, themes and styles: written by hand."""

BASELINE = FileLimit(512 << 20, 120.0, may_be_pipe=True)
"""A JSON report: a finding takes 1 kB, and a broken CNI causes one for every pod."""

KUBECONFIG = FileLimit(16 << 20, may_be_pipe=True)
"""A kubeconfig: 400 contexts with their certificates take 3 MB."""

CERTIFICATES = FileLimit(4 << 20)
"""A bundle of certificates, or a key: the certificates of all public authorities together take 0.3 MB."""

TOKEN = FileLimit(1 << 20)
"""A bearer token: 1 to 10 kB."""

OWN_STATE = FileLimit(1 << 20)
"""State that dsview itself stores: less than 1 kB."""

MAX_MEMBERS: Final = 100_000
"""The maximum number of gzip members in a file; block compressors write one for each 64 kB."""

MAX_RATIO: Final = 200
"""The maximum ratio of decompressed to compressed size above `SMALL` bytes; objects reach 10 to 60."""

SMALL: Final = 256 << 20

_READ_SIZE: Final = 1 << 20
_GZIP_READ_SIZE: Final = 1 << 16
"""Small, because the bytes after each gzip member are copied."""

_GZIP: Final = b"\x1f\x8b"
_OWN_DESCRIPTOR: Final = re.compile(r"/dev/stdin|/(?:dev|proc/self)/fd/\d+")


class NotReadableError(OSError):
    """The file violates a limit; `strerror` is a clause with the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EINVAL, reason)

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}" if self.filename else str(self.strerror)


def read_bounded(path: Path | str, limit: FileLimit, *, within: Path | None = None) -> bytes:
    """The content of a file, decompressed if allowed and needed. `within` is a folder that links may not leave.

    Raises `NotReadableError` if it is not a regular file, exceeds its limit, is invalid gzip, or is outside the folder,
    and `OSError` if it cannot be opened or read.
    """
    if within is not None and not Path(path).resolve().is_relative_to(within.resolve()):
        raise NotReadableError("it is a link that leads out of the folder")
    try:
        with _open(path, limit) as file:
            return read_stream(file, limit)
    except NotReadableError as error:
        error.filename = str(path)
        raise


def read_text_bounded(path: Path | str, limit: FileLimit) -> str:
    """The same as UTF-8 text. Also raises `UnicodeDecodeError`."""
    return read_bounded(path, limit).decode("utf-8")


def read_stream(file: BinaryIO, limit: FileLimit) -> bytes:
    """The content of a file or a pipe. Raises the same errors as `read_bounded`."""
    deadline = time.monotonic() + limit.seconds
    chunks = _chunks(file, deadline, limit)
    content = io.BytesIO()
    for chunk in _decompressed(chunks) if limit.may_be_gzip else chunks:
        if content.tell() + len(chunk) > limit.size:
            raise _too_large(limit)
        if time.monotonic() > deadline:
            raise _too_slow(limit)
        content.write(chunk)
    # BytesIO shares its buffer with the result; joining chunks would need twice the memory.
    return content.getvalue()


def first_bytes(path: Path, size: int) -> bytes:
    """The first bytes of a regular file. Raises `OSError`."""
    with _open(path, OBJECTS) as file:
        return file.read(size)


def _open(path: Path | str, limit: FileLimit) -> BinaryIO:
    # Opening a device may have side effects, and opening a pipe waits for a writer.
    _check(os.stat(path).st_mode, path, limit)  # noqa: PTH116  (a Path would lose a slash at the end)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        _check(status.st_mode, path, limit)
        if status.st_size > limit.size:
            raise _too_large(limit)
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise


def _check(mode: int, path: Path | str, limit: FileLimit) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if stat.S_ISFIFO(mode) and limit.may_be_pipe and _OWN_DESCRIPTOR.fullmatch(str(path)):
        return
    raise NotReadableError("it is not a regular file")


def _chunks(file: BinaryIO, deadline: float, limit: FileLimit) -> Iterator[bytes]:
    try:
        descriptor = file.fileno()
    except OSError:
        descriptor = -1
    read = getattr(file, "read1", file.read)
    while True:
        if descriptor >= 0:
            ready, _, _ = select.select([descriptor], [], [], max(deadline - time.monotonic(), 0.0))
            if not ready:
                raise _too_slow(limit)
        chunk = read(_READ_SIZE)
        if not chunk:
            return
        yield chunk


def _decompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The content, decompressed if it is gzip: one member or several, as in `cat a.gz b.gz`."""
    head = b""
    while len(head) < len(_GZIP) and (chunk := next(chunks, b"")):
        head += chunk
    if not head.startswith(_GZIP):
        yield from chain([head], chunks)
        return
    members = compressed = decompressed = 0
    decompressor = None
    for chunk in chain([head], chunks):
        for start in range(0, len(chunk), _GZIP_READ_SIZE):
            rest = chunk[start : start + _GZIP_READ_SIZE]
            compressed += len(rest)
            while rest:
                if decompressor is None:
                    # Tapes and some compressors pad the end of a file.
                    rest = rest.lstrip(b"\0\t\r\n ") if members else rest
                    if not rest:
                        break
                    if rest[0] != _GZIP[0]:
                        raise NotReadableError("its compressed data is followed by data that is not gzip")
                    members += 1
                    if members > MAX_MEMBERS:
                        raise NotReadableError(f"it consists of more than {MAX_MEMBERS:,} gzip members")
                    decompressor = zlib.decompressobj(wbits=31)
                try:
                    part = decompressor.decompress(rest, _READ_SIZE)
                except zlib.error as error:
                    raise NotReadableError(f"it is not valid gzip ({error})") from None
                decompressed += len(part)
                if decompressed > max(SMALL, compressed * MAX_RATIO):
                    raise NotReadableError(f"it decompresses to more than {MAX_RATIO} times its size")
                yield part
                if decompressor.eof:
                    rest = decompressor.unused_data
                    decompressor = None
                else:
                    rest = decompressor.unconsumed_tail
    if decompressor is not None:
        raise NotReadableError("it is a truncated gzip file")


def _too_large(limit: FileLimit) -> NotReadableError:
    size = f"{limit.size / 1e9:g} GB" if limit.size >= 1_000_000_000 else f"{max(limit.size >> 20, 1)} MB"
    return NotReadableError(f"it is larger than {size}")


def _too_slow(limit: FileLimit) -> NotReadableError:
    return NotReadableError(f"reading it takes longer than {limit.seconds:g} s")
