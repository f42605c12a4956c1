"""Combines the content of all files: the latest state of each object, and whether each kind is complete."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
from msgspec import Raw

from dsview.core.text import safe
from dsview.kinds.decode import BadObject, decode
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.listeners.registry import FOLDER_READ
from dsview.sources.events import Changed, Health, Note, Quarantined, ServerInfo, Sink, StatusChanged
from dsview.sources.files.documents import BROKEN, UNKNOWN_COUNT, Document, NoObjects, Unreadable, document, documents
from dsview.sources.files.object_kind import FORBIDDEN, KINDS, Head, forbidden_kind, head_of, kind_of
from dsview.sources.files.snapshot_health import narrowed, status_in_snapshot
from dsview.sources.files.unnamed_kind import is_named, kind_in_path, unnamed_kind
from dsview.sources.snapshot import SNAPSHOT_KIND, SnapshotHead

_BATCH = 1000
_MAX_SHOWN = 5
"""The maximum number of files that a note lists."""
MAX_NESTED_LISTS = 8
"""The maximum depth of nested Lists; tools that collect lists create one or two levels."""
_MAX_DIGITS = 20
"""The maximum length of a numeric resourceVersion, which has 64 bits."""
_HTTP_FORBIDDEN = 403
_SLICES = "discovery.k8s.io/v1"


class _ServerStatus(msgspec.Struct):
    """A Status of the server: its message, and the HTTP status code."""

    message: str = ""
    code: int = 0


class _Version(msgspec.Struct, rename="camel"):
    """The response of `/version`, or the output of `kubectl version -o json`."""

    git_version: str | None = None
    server_version: _Version | None = None


_status_decoder = msgspec.json.Decoder(_ServerStatus)
_version_decoder = msgspec.json.Decoder(_Version)
_snapshot_decoder = msgspec.json.Decoder(SnapshotHead)


class FileContents:
    """Collects the objects of one file after another, then sends all of them.

    `namespaces` limits the objects that are kept; empty means all. `paths` contains the file of each object, and
    `errors` a sentence for each file that was not read to its end.
    """

    def __init__(self, namespaces: tuple[str, ...] = ()) -> None:
        self._namespaces = namespaces
        self.captured_at: float | None = None
        self.paths: dict[tuple[Kind, Key], Path] = {}
        self.skipped: list[str] = []
        self.errors: list[str] = []
        self.has_objects = False
        self._objects: dict[Kind, dict[Key, Object]] = {}
        self._empty_lists: set[Kind] = set()
        self._listed: dict[Kind, set[str] | None] = {}
        self._cut_off: dict[Kind, str] = {}
        self._kinds_in_file: set[Kind] = set()
        self._refused: dict[Kind, str] = {}
        self._statuses: dict[Kind, StatusChanged] = {}
        self._confs: list[tuple[Pod, bytes]] = []
        self._server = ServerInfo()
        self._serves_slices = False
        self._without_kind: dict[Path, int] = {}
        self._duplicates: dict[tuple[Kind, Key], Path] = {}
        self._pages: dict[Kind, tuple[int, Path]] = {}
        self._read: Counter[Kind] = Counter()

    def add(self, path: Path, content: bytes, sink: Sink) -> None:
        """Add the content of a file; unreadable parts are reported. `path` is relative to the given path."""
        if path.suffix == ".err":
            self._add_kubectl_error(path, content)
            return
        self._kinds_in_file = set()
        try:
            if is_conf(path):
                self.has_objects = True
                name = path.name.removesuffix(".gz").removesuffix(".conf")
                self._confs.append((Pod(name=name, namespace=path.parent.name), content))
                return
            if path.name.startswith("version.json"):
                answer = _version_decoder.decode(content)
                self._server = ServerInfo(version=(answer.server_version or answer).git_version)
                return
            for document in documents(content):
                self._add_document(path, document, sink)
        except BROKEN as error:
            self.errors.append(f"{safe(str(path))} was skipped: its content is malformed ({safe(str(error))}).")
            self._mark_incomplete(path, f"{safe(str(path))} was skipped")
        except Unreadable as error:
            if isinstance(error, NoObjects) and not self._kinds_in_file and kind_in_path(path) is None:
                self.skipped.append(str(path))
                return
            problem = f"{safe(str(path))} {'was not read to its end' if self._kinds_in_file else 'could not be read'}"
            self.errors.append(f"{problem}: {safe(str(error))}.")
            self._mark_incomplete(path, problem)

    def add_unreadable(self, path: Path, reason: str) -> None:
        """Report a file or a folder that could not be read at all. The reason is a clause."""
        self._kinds_in_file = set()
        problem = f"{safe(str(path))} could not be read"
        self.errors.append(f"{problem}: {safe(reason)}.")
        self._mark_incomplete(path, problem)

    def _mark_incomplete(self, path: Path, reason: str) -> None:
        """Mark the kinds that were read from a file, and the kind in its name, as incomplete."""
        named = kind_in_path(path)
        for kind in self._kinds_in_file | ({named} if named is not None else set()):
            self._cut_off.setdefault(kind, reason)

    def _add_kubectl_error(self, path: Path, content: bytes) -> None:
        """Add the error output of kubectl, which was saved instead of a list."""
        text = content.decode("utf-8", "replace").strip()
        match = FORBIDDEN.search(text)
        kind = forbidden_kind(match) if match else None
        if kind is not None:
            self._refused[kind] = safe(text.partition(": ")[2] or text)
        elif text:
            self.skipped.append(str(path))

    def _add_document(self, path: Path, doc: Document, sink: Sink, depth: int = 0) -> None:
        if doc.kind == SNAPSHOT_KIND:
            self._add_snapshot(doc)
        if doc.items is None:
            if doc.kind == "Status":
                self._add_status(path, doc.raw)
                return
            if doc.kind == "Table":
                raise Unreadable("it contains a table for display instead of objects")
            kind = self._add_object(path, doc.raw, "", "", sink)
            if kind is not None:
                self._listed.setdefault(kind[0], set())
            return
        self.has_objects = True
        listed: list[tuple[Kind, str]] = []
        list_kind = doc.kind.removesuffix("List") if doc.kind.endswith("List") else ""
        kind_of_list = kind_of(list_kind, doc.api_version)
        if kind_of_list is not None:
            self._kinds_in_file.add(kind_of_list)
            if not doc.items:
                self._empty_lists.add(kind_of_list)
                self._listed[kind_of_list] = None
        for raw in doc.items:
            if head_of(raw).kind == "List":
                if depth >= MAX_NESTED_LISTS:
                    raise Unreadable(f"it has Lists nested more than {MAX_NESTED_LISTS} deep")
                self._add_document(path, document(raw), sink, depth + 1)
                continue
            taken = self._add_object(path, raw, list_kind, doc.api_version, sink)
            if taken is not None:
                listed.append(taken)
        self._note_listed(listed)
        if doc.remaining:
            self._note_page(path, doc, {kind for kind, _ in listed})

    def _note_page(self, path: Path, doc: Document, kinds: set[Kind]) -> None:
        """Note a page of a list. The remaining pages may be in other files, or missing."""
        for kind in kinds:
            before = self._pages.get(kind, (0, path))
            self._pages[kind] = max(before, (doc.remaining + len(doc.items or ()), path))

    def _note_listed(self, listed: list[tuple[Kind, str]]) -> None:
        """Note which namespaces a list covers: all, or only one if all its objects are in that namespace."""
        namespaces = {namespace for _, namespace in listed if namespace}
        for kind in {kind for kind, _ in listed}:
            before = self._listed.get(kind, set())
            is_of_all = before is None or len(namespaces) != 1 or not RESOURCES[kind].namespaced
            self._listed[kind] = None if is_of_all or before is None else before | namespaces

    def _add_status(self, path: Path, raw: Raw) -> None:
        """Add a Status that the server returned instead of a list."""
        status = _status_decoder.decode(raw)
        match = FORBIDDEN.search(status.message)
        kind = forbidden_kind(match) if match else kind_in_path(path)
        if status.code == _HTTP_FORBIDDEN and kind is not None:
            self._refused[kind] = safe(status.message)
        elif kind is not None:
            self._cut_off.setdefault(kind, f"{safe(str(path))} contains a response of the server")
        message = f" ({safe(status.message)})" if status.message else ""
        self.errors.append(f"{safe(str(path))} contains a Status of the server instead of objects{message}.")

    def _add_object(
        self, path: Path, raw: Raw, list_kind: str, list_version: str, sink: Sink
    ) -> tuple[Kind, str] | None:
        """Add an object. Returns its kind and namespace, even if it is not kept; None if its kind is unknown."""
        head = head_of(raw)
        name = head.kind or list_kind
        self.has_objects = self.has_objects or bool(name)
        kind = kind_of(name, head.api_version or list_version) if name else unnamed_kind(path, raw)
        if kind is None:
            if not name:
                self._note_without_kind(path, head)
            return None
        self.has_objects = True
        self._kinds_in_file.add(kind)
        self._read[kind] += 1
        try:
            item = decode(kind, raw)
        except BadObject as error:
            self._empty_lists.add(kind)
            sink(Quarantined(kind, error.identity, str(error)))
            return kind, ""
        if self._namespaces and RESOURCES[kind].namespaced and item.namespace not in self._namespaces:
            self._empty_lists.add(kind)
            return kind, item.namespace
        if kind is Kind.ENDPOINT_SLICE and (head.api_version or list_version) == _SLICES:
            self._serves_slices = True
        known = self._objects.setdefault(kind, {})
        old = known.get(item.key)
        if old is not None and _are_different_objects(old, item):
            self._duplicates.setdefault((kind, item.key), self.paths[(kind, item.key)])
        if old is None or version_of(item) >= version_of(old):
            known[item.key] = item
            self.paths[(kind, item.key)] = path
        return kind, item.namespace

    def _note_without_kind(self, path: Path, head: Head) -> None:
        """Note a file with an object of unknown kind, or with something that is not a Kubernetes object."""
        if is_named(path):
            return
        if bytes(head.metadata).startswith(b"{"):
            self._without_kind[path] = self._without_kind.get(path, 0) + 1
        elif str(path) not in self.skipped:
            self.skipped.append(str(path))

    def _add_snapshot(self, doc: Document) -> None:
        head = _snapshot_decoder.decode(doc.raw)
        self.captured_at = head.captured_seconds
        if head.server_version:
            self._server = ServerInfo(version=head.server_version)
        for name, status in head.kinds.items():
            kind = KINDS.get(name)
            if kind is not None:
                self._statuses[kind] = status_in_snapshot(kind, status)
        for conf in head.proxy_configs:
            self._confs.append((Pod(name=conf.name, namespace=conf.namespace), conf.text.encode("utf-8")))

    def send(self, sink: Sink) -> None:
        """Send all objects, the health of all kinds, and the notes."""
        from dsview.listeners.conf_reading import read_conf  # noqa: PLC0415  (imports crossplane, which few files need)

        notes = [*self.errors, *self._notes()]
        sink(msgspec.structs.replace(self._server, serves_slices=self._serves_slices))
        for kind in RESOURCES:
            objects = list(self._objects.get(kind, {}).values())
            for start in range(0, len(objects), _BATCH):
                sink(Changed(kind, objects[start : start + _BATCH]))
            sink(self._status(kind, bool(objects)))
        for pod, text in self._confs:
            sink(Changed(Kind.PROXY_LISTENERS, [read_conf(pod, text)]))
        for message in notes:
            sink(Note(message))

    def _notes(self) -> list[str]:
        notes: list[str] = []
        duplicates = sorted(self._duplicates.items())
        for (kind, key), path in duplicates[:_MAX_SHOWN]:
            name = "/".join(part for part in key if part)
            shown = self.paths[(kind, key)]
            files = f"twice in {shown}" if path == shown else f"in {path} and in {shown}"
            notes.append(safe(f"{kind} {name} is {files}, with different content; only the one in {shown} is shown."))
        if len(duplicates) > _MAX_SHOWN:
            notes.append(f"The same applies to {len(duplicates) - _MAX_SHOWN} more objects.")
        for kind, (total, path) in sorted(self._pages.items()):
            missing = total - self._read[kind]
            if missing > 0:
                rest = "more objects"
                if total < UNKNOWN_COUNT:
                    rest = "1 more object" if missing == 1 else f"{missing:,} more objects"
                self._cut_off.setdefault(kind, f"{safe(str(path))} is one page of a longer list")
                notes.append(safe(f"{path} is one page of a longer list: {rest} of kind {kind} are missing."))
        for kind, _ in self._duplicates:
            self._cut_off.setdefault(kind, "several objects with the same name were given")
        if self._without_kind:
            count = sum(self._without_kind.values())
            objects = "1 object has" if count == 1 else f"{count} objects have"
            files = _first_paths([str(path) for path in self._without_kind])
            notes.append(f"{objects} no kind, and the fields and file names do not show it. Not read: {files}.")
        if self.skipped:
            notes.append(f"Skipped because they contain no objects: {_first_paths(self.skipped)}.")
        return notes

    def _status(self, kind: Kind, has_objects: bool) -> StatusChanged:
        scope = self._namespaces if self._namespaces and RESOURCES[kind].namespaced else None
        recorded = self._statuses.get(kind)
        if recorded is not None:
            # A snapshot contains the completeness of each kind.
            return narrowed(recorded, scope)
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


def _first_paths(paths: list[str]) -> str:
    more = f" and {len(paths) - _MAX_SHOWN} more" if len(paths) > _MAX_SHOWN else ""
    return safe(", ".join(sorted(paths)[:_MAX_SHOWN]) + more)


def _are_different_objects(old: Object, new: Object) -> bool:
    """Whether two objects with the same name are not two states of the same object.

    The uids decide, or the content if neither has a uid. A manifest and the object created from it are the same object.
    """
    if old.uid or new.uid:
        return bool(old.uid and new.uid) and old.uid != new.uid
    return old != msgspec.structs.replace(new, resource_version=old.resource_version)


def version_of(item: Object) -> tuple[int, int]:
    """A resourceVersion as a sort key; one that is not a number is older than any other."""
    text = item.resource_version
    return (1, int(text)) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else (0, 0)


def is_conf(path: Path) -> bool:
    """Whether the path ends in FOLDER_READ/<namespace>/<pod>.conf."""
    return path.parts[-3:-2] == (FOLDER_READ,) and path.name.removesuffix(".gz").endswith(".conf")
