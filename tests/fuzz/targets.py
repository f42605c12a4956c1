"""What is fuzzed: a name, a source of inputs, and a function that takes one and raises nothing unexpected."""

from __future__ import annotations

import gzip
import io
import json
import random
import ssl
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from dsview.config.policy_file import policy_of
from dsview.config.preferences import preferences_of, remembered_columns
from dsview.config.toml_file import read_config
from dsview.core.errors import UserError
from dsview.core.secrets import without_secrets
from dsview.export.baseline import read_baseline
from dsview.kinds.decode import BadObject, decode
from dsview.kinds.encode import encode
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Object
from dsview.kinds.pod import Pod
from dsview.kinds.registry import GATEWAY_KINDS, RESOURCES
from dsview.listeners.conf_reading import read_conf
from dsview.session.session import Session
from dsview.session.snapshot import take_snapshot
from dsview.sources.files import FilesSource
from dsview.sources.kube.bodies import UNDECODABLE
from dsview.sources.kube.encodings import JSON
from dsview.sources.kube.kubeconfig import resolve_context
from dsview.sources.kube.protobuf import Protobuf
from dsview.sources.kube.stream import MalformedResponse
from dsview.sources.kube.transport import direct_transport
from dsview.sources.redact.redactor import Redactor
from dsview.sources.redact.snapshot import redacted_object
from dsview.sources.snapshot import write_snapshot
from tests.fuzz.mutations import changed_bytes, changed_value, written
from tests.fuzz.recordings import changed_recording, replay
from tests.support import protobuf_answers
from tests.support.clusters import DATA, SCENARIOS

Json = dict[str, Any]


class Target(msgspec.Struct, frozen=True):
    """`make` returns an input, `take` processes it like dsview. `weight` is how often it is chosen."""

    name: str
    make: Callable[[random.Random], bytes]
    take: Callable[[bytes], None]
    weight: int = 1


@cache
def objects() -> list[Json]:
    """Recorded and generated objects of every kind that is read."""
    found: list[Json] = []
    for path in SCENARIOS:
        found += json.loads((path / "objects.json").read_bytes())["items"]
    return [item for item in found if item["kind"] in set(RESOURCES) and len(json.dumps(item)) < 6000]


@cache
def by_kind() -> dict[str, list[Json]]:
    """The objects of each kind."""
    found: dict[str, list[Json]] = {kind.value: [] for kind in RESOURCES}
    for item in objects():
        found[item["kind"]].append(item)
    for kind in RESOURCES:
        # Of those that no scenario has, a bare one.
        found[kind.value] = found[kind.value] or [
            {"kind": kind.value, "metadata": {"name": "a"}, "spec": {}, "status": {}}
        ]
    return found


@cache
def some_files() -> list[bytes]:
    """Typical files."""
    by = random.Random(0)
    found = [b"", b"not an object", b"<html></html>"]
    for _ in range(60):
        items = by.sample(objects(), by.randrange(1, 5))
        value: Any = {"kind": "List", "apiVersion": "v1", "items": items} if by.random() < 0.8 else items[0]
        found.append(written(value, by))
    return found


def _file(by: random.Random) -> bytes:
    if by.random() < 0.5:
        return changed_bytes(by.choice(some_files()), some_files(), by)
    items = by.sample(objects(), by.randrange(1, 4))
    value = changed_value({"kind": "List", "apiVersion": "v1", "items": items}, by)
    return changed_bytes(written(value, by), some_files(), by) if by.random() < 0.2 else written(value, by)


def _take_file(data: bytes) -> None:
    said: list[object] = []
    try:
        FilesSource("-", stdin=io.BytesIO(data)).start(said.append)
    except UserError as error:
        _check_sentence(error)


def _check_sentence(error: UserError) -> None:
    if not str(error).isprintable():
        raise AssertionError(f"what is said would drive a terminal: {error!r}")


@cache
def some_snapshots() -> list[Json]:
    """Snapshots of scenarios."""
    found: list[Json] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snapshot.json")
        for scenario in SCENARIOS[::3]:
            session = _settled(FilesSource(str(scenario)))
            write_snapshot(path, take_snapshot(session, 1_795_162_441.0))
            value = json.loads(path.read_bytes())
            value["items"] = [item for item in value["items"] if item["kind"] != "Pod"][:12] + value["items"][:3]
            found.append(value)
    return found


def _settled(source: FilesSource) -> Session:
    session = Session(source, clock=lambda: 1_795_162_441.0)
    session.start()
    while not session.is_settled:
        session.drain(1.0)
    return session


def _snapshot(by: random.Random) -> bytes:
    data = json.dumps(changed_value(by.choice(some_snapshots()), by)).encode()
    return changed_bytes(data, some_files(), by) if by.random() < 0.2 else data


def _take_snapshot(data: bytes) -> None:
    """Read, evaluated, written, and read again: the same objects."""
    try:
        first = _settled(FilesSource("-", stdin=io.BytesIO(data)))
    except UserError:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snapshot.json.gz")
        write_snapshot(path, take_snapshot(first, 1_795_162_441.0))
        second = _settled(FilesSource(str(path)))
    for kind in RESOURCES:
        assert sorted(map(repr, second.state.store(kind))) == sorted(map(repr, first.state.store(kind))), kind


def _check_object(kind: Kind, item: Object) -> None:
    """What was read can be written, read again, and redacted."""
    assert decode(kind, msgspec.json.encode(encode(kind, item))) == item
    if kind not in GATEWAY_KINDS:
        redacted_object(kind, item, Redactor(b"key"))


def _line(by: random.Random) -> bytes:
    kind = by.choice(list(by_kind()))
    item = changed_value(by.choice(by_kind()[kind]), by)
    line = json.dumps(
        {"type": by.choice(("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR")), "object": item}
    ).encode()
    line = changed_bytes(line, some_files(), by) if by.random() < 0.4 else line
    return kind.encode() + b"\n" + line


def _take_line(data: bytes) -> None:
    name, _, line = data.partition(b"\n")
    kind = Kind(name.decode())
    try:
        for batch in JSON.split([line[:100], line[100:], b"\n"], lambda size: None):
            for each in batch:
                whole = JSON.whole(kind, each) if each is not None else None
                if whole is not None:
                    _check_object(kind, whole[1])
                if each is not None:
                    event = JSON.event(each)
                    JSON.bookmark(kind, event.object)
                    JSON.status(event.object)
                    JSON.item(kind, event.object)
    except (MalformedResponse, BadObject, *UNDECODABLE):
        pass
    with suppress(MalformedResponse, *UNDECODABLE):
        JSON.page(kind, line)


@cache
def some_messages() -> dict[str, list[bytes]]:
    """Objects in protobuf, as an API server writes them."""
    found: dict[str, list[bytes]] = {}
    for kind, resource in RESOURCES.items():
        if resource.has_protobuf:
            items = by_kind()[kind.value][:40]
            found[kind.value] = [protobuf_answers.message_of(kind.value, item) for item in items]
    return found


@cache
def some_protobuf() -> list[bytes]:
    """Recorded responses, and all messages."""
    recorded = [gzip.decompress(path.read_bytes())[:20_000] for path in sorted(DATA.glob("protobuf/*.pb.gz"))]
    return [*recorded, *(message for messages in some_messages().values() for message in messages)]


def _message(by: random.Random) -> bytes:
    kind = by.choice(list(some_messages()))
    message = by.choice(some_messages()[kind])
    if by.random() < 0.6:
        message = changed_bytes(message, some_protobuf(), by)
    wrapped = protobuf_answers.envelope(kind, "v1", message)
    framed = protobuf_answers.frame(by.choice(("ADDED", "BOOKMARK", "ERROR")), wrapped)
    if by.random() < 0.6:
        framed = changed_bytes(framed, some_protobuf(), by)
    return kind.encode() + b"\n" + framed


def _take_message(data: bytes) -> None:
    wire = Protobuf()
    name, _, framed = data.partition(b"\n")
    kind = Kind(name.decode())
    try:
        for batch in wire.split([framed[:50], framed[50:]], lambda size: None):
            for each in batch:
                whole = wire.whole(kind, each) if each is not None else None
                if whole is not None:
                    _check_text(kind, whole[1])
                if each is not None:
                    event = wire.event(each)
                    for take in (wire.bookmark, wire.object, wire.item):
                        with suppress(MalformedResponse, BadObject):
                            take(kind, event.object)
                    wire.status(event.object)
    except (MalformedResponse, BadObject):
        pass
    with suppress(MalformedResponse):
        wire.page(kind, framed[4:])


def _check_text(kind: Kind, item: Object) -> None:
    """Protobuf can express more times than JSON: these are written as the nearest one, and read."""
    decode(kind, msgspec.json.encode(encode(kind, item)))


@cache
def some_confs() -> list[bytes]:
    """nginx.conf of controllers, truncated so that it is parsed quickly."""
    return [path.read_bytes()[:12_000] for path in sorted(DATA.glob("**/*.conf"))]


def _conf(by: random.Random) -> bytes:
    conf = by.choice(some_confs())
    begin = conf.find(b"server {", by.randrange(len(conf)))
    part = conf[max(begin, 0) :][: by.choice((300, 2000, 12_000))]
    return changed_bytes(b"http {\n" + part + b"\n}\n" if begin >= 0 else part, some_confs(), by)


def _take_conf(data: bytes) -> None:
    read_conf(Pod(name="a", namespace="b"), data)


_KUBECONFIG: Json = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "a",
    "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a", "namespace": "x"}}],
    "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:6443", "insecure-skip-tls-verify": False}}],
    "users": [
        {"name": "a", "user": {"token": "abc-def", "as": "me", "as-groups": ["g"], "as-user-extra": {"k": ["v"]}}}
    ],
}


def _kubeconfig(by: random.Random) -> bytes:
    config = changed_value(_KUBECONFIG, by) if by.random() < 0.7 else _KUBECONFIG
    data = written(config, by)
    if by.random() < 0.05:
        # Rarely: reading the system's certificate authorities takes a hundred times as long as everything else.
        data = data.replace(b"http://", b"https://")
    return changed_bytes(data, some_files(), by) if by.random() < 0.5 else data


def _on_disk(take: Callable[[str], object], *expected: type[Exception]) -> Callable[[bytes], None]:
    def taking(data: bytes) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            try:
                take(file.name)
            except expected as error:
                if isinstance(error, UserError):
                    _check_sentence(error)

    return taking


def _connect(path: str) -> None:
    direct_transport(resolve_context(path, None), connections=1)


_CONFIG = b"""select = ["DS-SVC-*"]
ignore = ["DS-NODE-001"]
theme = "dsview-dark"
ascii = true
[severity]
DS-SVC-001 = "note"
[keys]
quit = ["q", "ctrl+c"]
[columns]
services = ["name", "families"]
[[exempt]]
checks = ["*"]
namespace = "kube-*"
labels = { app = "x" }
reason = "known"
"""


def _config(by: random.Random) -> bytes:
    return changed_bytes(_CONFIG, [_CONFIG, *some_files()[:5]], by)


def _configured(path: str) -> None:
    file = read_config(path)
    policy_of(file)
    preferences_of(file)


_REPORT: Json = {
    "schema": "dsview.io/report/v1",
    "findings": [{"check": "DS-SVC-001", "object": {"kind": "Pod", "name": "a-5d4f8-abcde", "namespace": "b"}}],
}


def _remembered(by: random.Random) -> bytes:
    value = by.choice((_REPORT, {"services": ["name"], "pods": ["name", "node"]}))
    data = json.dumps(changed_value(value, by)).encode()
    return changed_bytes(data, some_files(), by) if by.random() < 0.5 else data


def _recall(path: str) -> None:
    remembered_columns(Path(path))
    read_baseline(path)


def _text(by: random.Random) -> bytes:
    return changed_bytes(b"Authorization: Bearer abcdef.ghi 100%41 \\u0041 &amp; https://a/b?c=d", some_files(), by)


def _take_text(data: bytes) -> None:
    without_secrets(data.decode("utf-8", "surrogateescape"))


TARGETS = (
    Target("files", _file, _take_file, 10),
    Target("lines", _line, _take_line, 12),
    Target("frames", _message, _take_message, 12),
    Target("kubeconfig", _kubeconfig, _on_disk(_connect, UserError, OSError, ssl.SSLError, ValueError), 5),
    Target("configuration", _config, _on_disk(_configured, UserError), 4),
    Target("remembered", _remembered, _on_disk(_recall, UserError), 3),
    Target("nginx.conf", _conf, _take_conf, 3),
    Target("messages", _text, _take_text, 2),
    Target("snapshots", _snapshot, _take_snapshot, 1),
    Target("recordings", changed_recording, _on_disk(replay, UserError), 1),
)


def chosen(seed: int) -> tuple[Target, bytes]:
    """The target and the input of a seed."""
    by = random.Random(seed)
    target = by.choices(TARGETS, [target.weight for target in TARGETS])[0]
    return target, target.make(by)
