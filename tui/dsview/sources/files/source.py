"""`--from PATH`: a file, a directory, or standard input, read once and told as the same events as a cluster's."""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
from msgspec import Raw

from dsview.core.errors import UserError
from dsview.core.text import safe
from dsview.kinds.decode import BadObject, decode
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.sources.events import Changed, Health, Note, Quarantined, ServerInfo, Sink, StatusChanged
from dsview.sources.files.documents import BROKEN, MAX_BYTES, Document, Unreadable, document, documents, unpack
from dsview.sources.manifest import manifest
from dsview.sources.snapshot import SNAPSHOT_KIND, SnapshotHead, SnapshotStatus

_KINDS = {kind.value: kind for kind in RESOURCES}
_GROUPS = {kind: resource.group for kind, resource in RESOURCES.items()}
_BATCH = 1000
_MAX_LISTS = 8
"""How many Lists may stand in each other: tools that gather lists make one or two."""
_MAX_DIGITS = 20
"""A resourceVersion is a number of 64 bits, where it is a number."""


class _Kinded(msgspec.Struct, rename="camel"):
    kind: str | None = None
    api_version: str | None = None


class _Answer(msgspec.Struct):
    """A Status of the server: what it says, and the HTTP status."""

    message: str = ""
    code: int = 0


class _Version(msgspec.Struct, rename="camel"):
    """What `/version` answers, or what `kubectl version -o json` makes of it."""

    git_version: str | None = None
    server_version: _Version | None = None


_kinded_decoder = msgspec.json.Decoder(_Kinded)
_answer_decoder = msgspec.json.Decoder(_Answer)
_version_decoder = msgspec.json.Decoder(_Version)
_head_decoder = msgspec.json.Decoder(SnapshotHead)
_HTTP_FORBIDDEN = 403
_FORBIDDEN = re.compile(r"(\w+)(?:\.[\w.]+)? is forbidden")
_PLURALS = {resource.plural: kind for kind, resource in RESOURCES.items()}


class FilesSource:
    """Files as a source. What is broken costs only itself and is named; the same bytes give the same events."""

    kind: Literal["files"] = "files"
    is_live = False

    def __init__(self, path: str, *, stdin: BinaryIO | None = None, namespaces: tuple[str, ...] = ()) -> None:
        self._path = path
        self._stdin = stdin
        self._namespaces = namespaces
        # Not `Path.resolve`, which fails where links lead in circles.
        self.name = "standard input" if path == "-" else safe(os.path.basename(os.path.realpath(path)) or "/")  # noqa: PTH119
        self.captured_at: float | None = None
        self._objects: dict[Kind, dict[Key, Object]] = {}
        self._empty_lists: set[Kind] = set()
        self._listed: dict[Kind, set[str] | None] = {}
        self._cut_off: dict[Kind, str] = {}
        self._begun: set[Kind] = set()
        self._refused: dict[Kind, str] = {}
        self._statuses: dict[Kind, StatusChanged] = {}
        self._where: dict[tuple[Kind, Key], Path] = {}
        self._confs: list[tuple[Pod, bytes]] = []
        self._server: ServerInfo | None = None
        self._passed_over: list[str] = []
        self._broken: list[str] = []
        self._read_any = False

    def now(self, wall: float) -> float:
        """When a snapshot was taken; else after every grace period."""
        return self.captured_at if self.captured_at is not None else math.inf

    def start(self, sink: Sink) -> None:
        """Read everything and tell it. Raises `UserError` where there is nothing to read."""
        for path, data in self._contents():
            self._take(path, data, sink)
        if not self._read_any:
            detail = f" {self._broken[0]}" if self._broken else ""
            raise UserError(f"{self.name} holds no Kubernetes objects.{detail} Give what `kubectl get -o json` wrote.")
        self._tell(sink)

    def stop(self) -> None:
        """Nothing runs."""

    def read_nginx_conf(self, pod: Pod, container: str, sink: Sink) -> None:
        """Everything there is was told at the start."""

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Everything there is was told at the start."""

    def _contents(self) -> Iterator[tuple[Path, bytes]]:
        if self._path == "-":
            if self._stdin is None:
                raise UserError("There is no standard input to read.")
            yield Path("standard input"), self._stdin.read(MAX_BYTES)
            return
        if not self._path:
            raise UserError("--from names nothing. Give a file, a directory, or - for standard input.")
        root = Path(self._path)
        try:
            mode = root.stat().st_mode
            if stat.S_ISDIR(mode):
                yield from self._directory(root)
            elif stat.S_ISREG(mode):
                if root.stat().st_size > MAX_BYTES:
                    raise UserError(f"{safe(self._path)} is larger than 2 GB. Give its objects in several files.")
                yield Path(root.name), root.read_bytes()
            else:
                raise UserError(
                    f"{safe(self._path)} is neither a file nor a directory. Give - and pipe it to standard input."
                )
        except FileNotFoundError:
            raise UserError(f"{safe(self._path)} does not exist.") from None
        except PermissionError:
            raise UserError(f"{safe(self._path)} cannot be read: permission denied.") from None
        except OSError as error:
            raise UserError(f"{safe(self._path)} cannot be read: {error.strerror or error}.") from None

    def _directory(self, root: Path) -> Iterator[tuple[Path, bytes]]:
        seen: set[tuple[int, int]] = set()
        pending = [root]
        files: list[Path] = []
        while pending:
            folder = pending.pop()
            try:
                info = folder.stat()
                if (info.st_dev, info.st_ino) in seen:
                    continue
                seen.add((info.st_dev, info.st_ino))
                entries = list(folder.iterdir())
            except OSError as error:
                self._broken.append(f"{safe(str(folder.relative_to(root)))} cannot be read ({error.strerror}).")
                continue
            for entry in entries:
                try:
                    mode = entry.stat().st_mode
                except OSError as error:
                    self._broken.append(f"{safe(str(entry.relative_to(root)))} cannot be read ({error.strerror}).")
                    continue
                if stat.S_ISDIR(mode):
                    pending.append(entry)
                elif stat.S_ISREG(mode):
                    files.append(entry)
                else:
                    self._passed_over.append(str(entry.relative_to(root)))
        for path in sorted(files):
            relative = path.relative_to(root)
            if not _is_wanted(relative) and not (not relative.suffix and _begins_like_objects(path)):
                self._passed_over.append(str(relative))
                continue
            try:
                if path.stat().st_size > MAX_BYTES:
                    self._broken.append(f"{safe(str(relative))} is larger than 2 GB and was passed over.")
                    continue
                yield relative, path.read_bytes()
            except OSError as error:
                self._broken.append(f"{safe(str(relative))} cannot be read ({error.strerror}).")

    def _take(self, path: Path, data: bytes, sink: Sink) -> None:
        if path.suffix == ".err":
            self._take_refusal(path, data)
            return
        self._begun = set()
        try:
            content = unpack(data)
            if _is_conf(path):
                self._read_any = True
                name = path.name.removesuffix(".gz").removesuffix(".conf")
                self._confs.append((Pod(name=name, namespace=path.parent.name), content))
                return
            if path.name.startswith("version.json"):
                answer = _version_decoder.decode(content)
                self._server = ServerInfo(version=(answer.server_version or answer).git_version)
                return
            for found in documents(content):
                self._take_document(path, found, sink)
        except BROKEN as error:
            self._broken.append(f"{safe(str(path))} was passed over: it is not what it should be ({safe(str(error))}).")
            self._cut(path, f"{safe(str(path))} was passed over")
        except Unreadable as error:
            self._broken.append(f"{safe(str(path))} was not read to its end: {safe(str(error))}.")
            self._cut(path, f"{safe(str(path))} was not read to its end")

    def _cut(self, path: Path, reason: str) -> None:
        """Objects of a file are lost: of the kinds that were read from it, and of the one that its name tells."""
        named = _PLURALS.get(path.name.partition(".")[0].lower())
        for kind in self._begun | ({named} if named is not None else set()):
            self._cut_off.setdefault(kind, reason)

    def _take_refusal(self, path: Path, data: bytes) -> None:
        """What kubectl said instead of a list."""
        text = data.decode("utf-8", "replace").strip()
        match = _FORBIDDEN.search(text)
        kind = _PLURALS.get(match.group(1) if match else "")
        if kind is not None:
            self._refused[kind] = safe(text.partition(": ")[2] or text)
        else:
            self._passed_over.append(str(path))

    def _take_document(self, path: Path, found: Document, sink: Sink, depth: int = 0) -> None:
        if found.kind == SNAPSHOT_KIND:
            self._take_snapshot(found)
        list_kind = found.kind.removesuffix("List") if found.kind.endswith("List") else ""
        if found.items is None:
            if found.kind == "Status":
                self._take_status(path, found.raw)
                return
            kind = self._take_object(path, found.kind, found.api_version, found.raw, sink)
            if kind is not None:
                self._listed.setdefault(kind[0], set())
            return
        self._read_any = True
        listed: list[tuple[Kind, str]] = []
        if list_kind in _KINDS:
            self._begun.add(_KINDS[list_kind])
            if not found.items:
                self._empty_lists.add(_KINDS[list_kind])
                self._listed[_KINDS[list_kind]] = None
        for raw in found.items:
            try:
                head = _kinded_decoder.decode(raw)
            except BROKEN:
                head = _Kinded()
            if head.kind == "List":
                if depth >= _MAX_LISTS:
                    raise Unreadable(f"it holds Lists in more than {_MAX_LISTS} Lists")
                self._take_document(path, document(raw), sink, depth + 1)
                continue
            taken = self._take_object(path, head.kind or list_kind, head.api_version or found.api_version, raw, sink)
            if taken is not None:
                listed.append(taken)
        self._note_listed(listed)

    def _note_listed(self, listed: list[tuple[Kind, str]]) -> None:
        """Which namespaces a list is of: all where it holds objects of several, else the one."""
        namespaces = {namespace for _, namespace in listed if namespace}
        for kind in {kind for kind, _ in listed}:
            before = self._listed.get(kind, set())
            is_of_all = before is None or len(namespaces) != 1 or not RESOURCES[kind].namespaced
            self._listed[kind] = None if is_of_all or before is None else before | namespaces

    def _take_status(self, path: Path, raw: Raw) -> None:
        """What the server answered instead of a list."""
        answer = _answer_decoder.decode(raw)
        match = _FORBIDDEN.search(answer.message)
        name = match.group(1) if match else path.name.partition(".")[0].lower()
        kind = _PLURALS.get(name)
        if answer.code == _HTTP_FORBIDDEN and kind is not None:
            self._refused[kind] = safe(answer.message)
        elif kind is not None:
            self._cut_off.setdefault(kind, f"{safe(str(path))} holds an answer of the server")
        said = f" ({safe(answer.message)})" if answer.message else ""
        self._broken.append(f"{safe(str(path))} holds no objects but a Status of the server{said}.")

    def _take_object(self, path: Path, name: str, api_version: str, raw: Raw, sink: Sink) -> tuple[Kind, str] | None:
        """Take one object in; its kind and namespace, also where it is not wanted, or None where it has none."""
        self._read_any = self._read_any or bool(name)
        kind = _kind_of(name, api_version)
        if kind is None:
            return None
        self._read_any = True
        self._begun.add(kind)
        try:
            item = decode(kind, raw)
        except BadObject as error:
            self._empty_lists.add(kind)
            sink(Quarantined(kind, error.identity, str(error)))
            return kind, ""
        if self._namespaces and RESOURCES[kind].namespaced and item.namespace not in self._namespaces:
            self._empty_lists.add(kind)
            return kind, item.namespace
        known = self._objects.setdefault(kind, {})
        old = known.get(item.key)
        if old is None or _version(item) >= _version(old):
            known[item.key] = item
            self._where[(kind, item.key)] = path
        return kind, item.namespace

    def _take_snapshot(self, found: Document) -> None:
        head = _head_decoder.decode(found.raw)
        self.captured_at = head.captured_seconds
        if head.server_version:
            self._server = ServerInfo(version=head.server_version)
        for name, status in head.kinds.items():
            kind = _KINDS.get(name)
            if kind is not None:
                self._statuses[kind] = _status_then(kind, status)
        for conf in head.nginx:
            self._confs.append((Pod(name=conf.name, namespace=conf.namespace), conf.text.encode("utf-8")))

    def _tell(self, sink: Sink) -> None:
        from dsview.listeners.nginx_conf import read_conf  # noqa: PLC0415  (loads crossplane: only where a file needs it)

        if self._server is not None:
            sink(self._server)
        for kind in RESOURCES:
            found = list(self._objects.get(kind, {}).values())
            for start in range(0, len(found), _BATCH):
                sink(Changed(kind, found[start : start + _BATCH]))
            sink(self._status(kind, bool(found)))
        for pod, text in self._confs:
            sink(Changed(Kind.NGINX_CONF, [read_conf(pod, text)]))
        for message in self._broken:
            sink(Note(message))
        if self._passed_over:
            shown = ", ".join(sorted(self._passed_over)[:5])
            more = f" and {len(self._passed_over) - 5} more" if len(self._passed_over) > 5 else ""
            sink(Note(safe(f"Passed over, since they hold no objects: {shown}{more}.")))

    def _status(self, kind: Kind, has_objects: bool) -> StatusChanged:
        scope = self._namespaces if self._namespaces and RESOURCES[kind].namespaced else None
        then = self._statuses.get(kind)
        if then is not None:
            # A snapshot says itself what it has; of a kind that was still being read some objects are not all.
            return _narrowed(then, scope)
        if has_objects or kind in self._empty_lists:
            listed = self._listed.get(kind)
            return StatusChanged(
                kind=kind,
                health=Health.GIVEN,
                namespaces=scope,
                cut_off=self._cut_off.get(kind, ""),
                listed=frozenset(listed) if listed is not None else None,
            )
        if kind in self._refused:
            return StatusChanged(kind=kind, health=Health.REFUSED, reason=self._refused[kind])
        if kind in self._cut_off:
            return StatusChanged(kind=kind, health=Health.NOT_GIVEN, reason=self._cut_off[kind])
        return StatusChanged(kind=kind, health=Health.NOT_GIVEN)

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """The object as it stands in its file, read anew, as YAML."""
        where = self._where.get((kind, key))
        if where is None or self._path == "-":
            raise UserError("The manifest is not available: it was read from standard input.")
        root = Path(self._path)
        try:
            content = unpack((root if root.is_file() else root / where).read_bytes())
            best: tuple[tuple[int, int], Raw] | None = None
            for item, raw in _objects_in(content, kind):
                if item.key == key and (best is None or _version(item) >= best[0]):
                    best = (_version(item), raw)
        except (OSError, Unreadable, *BROKEN) as error:
            raise UserError(f"The manifest cannot be read: {safe(str(error))}") from None
        if best is None:
            raise UserError("The manifest is not in its file any more.")
        return manifest(best[1])


def _kind_of(name: str, api_version: str) -> Kind | None:
    """The kind of that name, unless it is another API group's kind of the same name, such as Knative's Service."""
    kind = _KINDS.get(name)
    if kind is None or ("/" in api_version and api_version.partition("/")[0] != _GROUPS[kind]):
        return None
    return kind


def _objects_in(content: bytes, kind: Kind) -> Iterator[tuple[Object, Raw]]:
    """The objects of a kind in a file; broken ones were reported when it was first read."""
    for found in documents(content):
        yield from _objects_of(found, kind, 0)


def _objects_of(found: Document, kind: Kind, depth: int) -> Iterator[tuple[Object, Raw]]:
    inherited = found.kind.removesuffix("List") if found.kind.endswith("List") else ""
    for raw in found.items if found.items is not None else [found.raw]:
        try:
            head = _kinded_decoder.decode(raw)
            if head.kind == "List" and found.items is not None and depth < _MAX_LISTS:
                yield from _objects_of(document(raw), kind, depth + 1)
            elif _kind_of(head.kind or inherited, head.api_version or found.api_version) is kind:
                yield decode(kind, raw), raw
        except (BadObject, *BROKEN):
            continue


def _status_then(kind: Kind, status: SnapshotStatus) -> StatusChanged:
    """What a kind's health in a snapshot means now: all that was there is given, the rest will not come."""
    try:
        health = Health(status.health)
    except ValueError:
        health = Health.NOT_GIVEN
    reason = status.reason
    if health is Health.LOADING:
        health, reason = Health.NOT_GIVEN, "it was still being read when the snapshot was taken"
    elif health.is_complete:
        health = Health.GIVEN
    return StatusChanged(
        kind=kind,
        health=health,
        reason=safe(reason),
        namespaces=status.namespaces,
        cut_off=safe(status.cut_off),
        listed=frozenset(status.listed) if status.listed is not None else None,
    )


def _narrowed(status: StatusChanged, wanted: tuple[str, ...] | None) -> StatusChanged:
    """The health of a kind for the wanted namespaces alone, of which a snapshot may hold some or none."""
    if wanted is None or not status.health.is_complete:
        return status
    there = wanted if status.namespaces is None else tuple(n for n in wanted if n in status.namespaces)
    if not there:
        reason = "the snapshot was taken of other namespaces"
        return StatusChanged(kind=status.kind, health=Health.NOT_GIVEN, reason=reason)
    return msgspec.structs.replace(status, namespaces=there)


def _is_conf(path: Path) -> bool:
    """Whether the path ends in nginx/<namespace>/<pod>.conf."""
    return path.parts[-3:-2] == ("nginx",) and path.name.removesuffix(".gz").endswith(".conf")


def _is_wanted(path: Path) -> bool:
    name = path.name.removesuffix(".gz")
    if name.endswith(".conf"):
        return _is_conf(path)
    is_watch_recording = name.endswith((".jsonl", ".ndjson"))
    is_expectation = name == "expect.json"
    return name.endswith((".json", ".yaml", ".yml", ".err")) and not is_watch_recording and not is_expectation


_BEGINS_LIKE_OBJECTS = re.compile(rb"\s*(?:\{\s*\"|---\s|apiVersion:|items:|kind:)")


def _begins_like_objects(path: Path) -> bool:
    """Whether a file without an extension begins as kubectl's output does."""
    try:
        with path.open("rb") as file:
            return _BEGINS_LIKE_OBJECTS.match(file.read(256)) is not None
    except OSError:
        return True  # Reading it says why it cannot be read.


def _version(item: Object) -> tuple[int, int]:
    text = item.resource_version
    return (1, int(text)) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else (0, 0)
