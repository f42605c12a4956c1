"""Whatever a file name leads to, reading it ends soon, uses limited memory, and reports what was wrong."""

from __future__ import annotations

import gzip
import io
import os
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from dsview.cli import cli
from dsview.config.last_views import last_views
from dsview.config.preferences import remembered_columns
from dsview.config.toml_file import read_config
from dsview.core.errors import UserError
from dsview.export.baseline import read_baseline
from dsview.sources import bounded_files
from dsview.sources.bounded_files import CONFIGURATION, OBJECTS, FileLimit, NotReadableError, read_bounded, read_stream
from dsview.sources.kube.kubeconfig import resolve_context
from dsview.sources.kube.transport import direct_transport
from dsview.sources.recording import content


def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def a_socket(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
    return folder / "socket"


def a_large_file(folder: Path) -> Path:
    with (folder / "large").open("wb") as file:
        file.truncate(3_000_000_000)
    return folder / "large"


ODD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "device": (lambda _: Path("/dev/zero"), "not a regular file"),
    "terminal": (lambda _: Path("/dev/tty"), "not a regular file|No such device"),
    "named pipe": (a_pipe, "not a regular file"),
    "socket": (a_socket, "not a regular file"),
    "folder": (lambda folder: folder, "Is a directory"),
    "large file": (a_large_file, "it is larger than"),
}
"""What a name may lead to, and what is said of it."""


@pytest.mark.parametrize(("make", "said"), ODD.values(), ids=ODD.keys())
def test_only_regular_files_of_a_size_that_makes_sense_are_read(
    make: Callable[[Path], Path], said: str, tmp_path: Path
) -> None:
    with pytest.raises(OSError, match=said):
        read_bounded(make(tmp_path), CONFIGURATION)


def config_of(entry: dict[str, str], user: dict[str, str]) -> dict[str, object]:
    return {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1", **entry}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }


@pytest.mark.parametrize(("make", "said"), ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize(
    "arguments",
    [
        "check --demo --config {}",
        "check --demo --baseline {}",
        "check --kubeconfig {}",
        "check --from {}/x",
        "show pods --from {}",
    ],
)
def test_every_option_that_names_a_file_says_so(
    make: Callable[[Path], Path], said: str, arguments: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    words = arguments.format(path).split()
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2, result.output
    if not words[-1].endswith("/x") and "--from" not in words:
        assert any(part in result.output for part in said.split("|")), result.output


@pytest.mark.parametrize("where", ["certificate-authority", "client-certificate", "client-key", "tokenFile"])
def test_files_that_a_kubeconfig_names_are_bounded(where: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    is_of_cluster = where == "certificate-authority"
    entry, user = ({where: "/dev/zero"}, {}) if is_of_cluster else ({}, {where: "/dev/zero"})
    path.write_text(str(config_of(entry, user)))
    with pytest.raises(NotReadableError, match="/dev/zero: it is not a regular file"):
        direct_transport(resolve_context(str(path), None), connections=1)


def test_a_pipe_of_the_shell_is_read_if_it_makes_sense() -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b"ascii = true\n")
        os.close(writing)
        assert read_config(f"/dev/fd/{reading}").data == {"ascii": True}
        with pytest.raises(NotReadableError, match="not a regular file"):
            read_bounded(f"/dev/fd/{reading}", OBJECTS)
    finally:
        os.close(reading)


def test_a_pipe_without_data_times_out() -> None:
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb") as file,
        os.fdopen(writing, "wb"),
        pytest.raises(NotReadableError, match="longer than"),
    ):
        read_stream(file, FileLimit(1000, seconds=0.05))


def test_a_pipe_that_never_ends_times_out() -> None:
    reading, writing = os.pipe()

    def flood() -> None:
        with os.fdopen(writing, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except BrokenPipeError:
                return

    thread = threading.Thread(target=flood)
    thread.start()
    with os.fdopen(reading, "rb") as file, pytest.raises(NotReadableError, match="larger than 1 MB"):
        read_stream(file, FileLimit(1 << 20))
    thread.join()


def test_of_what_unpacks_to_too_much_no_more_than_the_limit_is_held(tmp_path: Path) -> None:
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b" " * 200_000_000, 1))
    tracemalloc.start()
    try:
        with pytest.raises(NotReadableError, match="larger than 4 MB"):
            read_bounded(tmp_path / "bomb.gz", FileLimit(4 << 20, may_be_gzip=True))
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


def test_what_unpacks_to_too_many_times_its_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_files, "SMALL", 1000)
    assert read_stream(io.BytesIO(gzip.compress(b" " * 1000)), OBJECTS) == b" " * 1000
    with pytest.raises(NotReadableError, match="more than 200 times its size"):
        read_stream(io.BytesIO(gzip.compress(b" " * 1_000_000)), OBJECTS)


@pytest.mark.parametrize("members", [1, 2, 20_000])
def test_concatenated_gzip_files_are_read_as_one(members: int) -> None:
    data = gzip.compress(b"a") * members + b"\0\0"
    assert read_stream(io.BytesIO(data), OBJECTS) == b"a" * members


def test_too_many_concatenated_gzip_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_files, "MAX_MEMBERS", 100)
    with pytest.raises(NotReadableError, match="more than 100 gzip members"):
        read_stream(io.BytesIO(gzip.compress(b"") * 101), OBJECTS)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(b"abc")[:-4], "truncated"),
        (gzip.compress(b"abc") + b"abc", "followed by data that is not gzip"),
        (b"\x1f\x8b" + b"x" * 40, "not valid gzip"),
    ],
    ids=["truncated", "other data after it", "no header"],
)
def test_broken_gzip_is_an_error(data: bytes, said: str) -> None:
    with pytest.raises(NotReadableError, match=said):
        read_stream(io.BytesIO(data), OBJECTS)


def test_remembered_columns_are_discarded_if_they_cannot_be_read(tmp_path: Path) -> None:
    for broken in (b"[" * 100_000, b"\xff", b"{", b"x" * (2 << 20)):
        (tmp_path / "columns.json").write_bytes(broken)
        assert remembered_columns(tmp_path / "columns.json") == {}
        assert last_views(tmp_path / "columns.json") == {}
    assert remembered_columns(Path("/dev/zero")) == {}
    assert last_views(Path("/dev/zero")) == {}


def test_a_part_of_a_recording_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MAX_PART_SIZE", 1000)
    with pytest.raises(UserError, match="truncated, or too large"):
        content.times_of(zlib.compress(b" " * 100_000))
    with pytest.raises(UserError, match="A part of the recording cannot be read"):
        content.times_of(zlib.compress(b"\x91" * 900))


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 100_000, "a = " + "{ b = " * 50_000, '"""'], ids=["lists", "tables", "open text"]
)
def test_a_configuration_that_is_nested_without_end_is_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(UserError, match="is not valid TOML"):
        read_config(str(tmp_path / "config.toml"))


def test_a_baseline_that_is_nested_without_end_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"schema": "x", "findings": ' + "[" * 100_000)
    with pytest.raises(UserError, match="The baseline is not a JSON report"):
        read_baseline(str(tmp_path / "report.json"))


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{'abcdefghij'[i + 1]}: &{'abcdefghij'[i + 1]} [{', '.join(['*' + 'abcdefghij'[i]] * 9)}]\n"
            for i in range(9)
        ),
        "a: &a " + "x" * 100_000 + "\nb: [" + ", ".join(["*a"] * 1000) + "]\n",
        "a: &a {" + ", ".join(f"k{i}: 1" for i in range(900)) + "}\nb:\n" + "- {<<: *a}\n" * 1000,
        "a: " + "[" * 100_000,
        "a: &a [*a]\n",
    ],
    ids=["aliases of aliases", "aliases of a long text", "merged keys", "nested", "itself"],
)
def test_a_kubeconfig_made_to_hurt_is_refused_at_once(text: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(UserError, match="is not valid YAML"):
        resolve_context(str(tmp_path / "config"), None)
