"""The combined content of all files: each object in its latest state, and whether each kind is complete."""

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
from dsview.sources.files.documents import BROKEN, UNKNOWN_MANY, Document, NoObjects, Unreadable, document, documents
from dsview.sources.files.object_kind import FORBIDDEN, KINDS, Head, forbidden_kind, head_of, kind_of
from dsview.sources.files.snapshot_health import narrowed, status_in_snapshot
from dsview.sources.files.unnamed_kind import is_named, kind_by_place, unnamed_kind
from dsview.sources.snapshot import SNAPSHOT_KIND, SnapshotHead

_BATCH = 1000
_SHOWN = 5
"""How many files a note lists."""
MAX_LISTS = 8
"""How deep Lists may be nested; tools that collect lists create one or two levels."""
_MAX_DIGITS = 20
"""A resourceVersion that is a number has 64 bits."""
_HTTP_FORBIDDEN = 403


class _Answer(msgspec.Struct):
    """A Status of the server: its message, and the HTTP status."""

    message: str = ""
    code: int = 0


class _Version(msgspec.Struct, rename="camel"):
    """The response of `/version`, or the output of `kubectl version -o json`."""

    git_version: str | None = None
    server_version: _Version | None = None


_answer_decoder = msgspec.json.Decoder(_Answer)
_version_decoder = msgspec.json.Decoder(_Version)
_snapshot_decoder = msgspec.json.Decoder(SnapshotHead)


class Gathered:
    """Reads one file after another, then sends everything. `namespaces` limits the objects kept; empty means all.

    `where` has the file of each object; `broken` has a sentence for each file that was not read to its end.
    """

    def __init__(self, namespaces: tuple[str, ...] = ()) -> None:
        self._namespaces = namespaces
        self.captured_at: float | None = None
        self.where: dict[tuple[Kind, Key], Path] = {}
        self.passed_over: list[str] = []
        self.broken: list[str] = []
        self.has_any = False
        self._objects: dict[Kind, dict[Key, Object]] = {}
        self._empty_lists: set[Kind] = set()
        self._listed: dict[Kind, set[str] | None] = {}
        self._cut_off: dict[Kind, str] = {}
        self._begun: set[Kind] = set()
        self._refused: dict[Kind, str] = {}
        self._statuses: dict[Kind, StatusChanged] = {}
        self._confs: list[tuple[Pod, bytes]] = []
        self._server: ServerInfo | None = None
        self._of_unknown_kind: dict[Path, int] = {}
        self._doubles: dict[tuple[Kind, Key], Path] = {}
        self._pages: dict[Kind, tuple[int, Path]] = {}
        self._read: Counter[Kind] = Counter()

    def take(self, path: Path, content: bytes, sink: Sink) -> None:
        """Read the content of a file; unreadable parts are reported. `path` is relative to the given path."""
        if path.suffix == ".err":
            self._take_refusal(path, content)
            return
        self._begun = set()
        try:
            if is_conf(path):
                self.has_any = True
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
            self.broken.append(f"{safe(str(path))} was passed over: it is not what it should be ({safe(str(error))}).")
            self._cut(path, f"{safe(str(path))} was passed over")
        except Unreadable as error:
            if isinstance(error, NoObjects) and not self._begun and kind_by_place(path) is None:
                self.passed_over.append(str(path))
                return
            said = f"{safe(str(path))} {'was not read to its end' if self._begun else 'could not be read'}"
            self.broken.append(f"{said}: {safe(str(error))}.")
            self._cut(path, said)

    def refuse(self, path: Path, reason: str) -> None:
        """Report a file or a folder that could not be read at all, with a clause as the reason."""
        self._begun = set()
        said = f"{safe(str(path))} could not be read"
        self.broken.append(f"{said}: {safe(reason)}.")
        self._cut(path, said)

    def _cut(self, path: Path, reason: str) -> None:
        """Mark kinds as incomplete: those that were read from a file, and the one in its name."""
        named = kind_by_place(path)
        for kind in self._begun | ({named} if named is not None else set()):
            self._cut_off.setdefault(kind, reason)

    def _take_refusal(self, path: Path, content: bytes) -> None:
        """Read error output of kubectl in place of a list."""
        text = content.decode("utf-8", "replace").strip()
        match = FORBIDDEN.search(text)
        kind = forbidden_kind(match) if match else None
        if kind is not None:
            self._refused[kind] = safe(text.partition(": ")[2] or text)
        elif text:
            self.passed_over.append(str(path))

    def _take_document(self, path: Path, found: Document, sink: Sink, depth: int = 0) -> None:
        if found.kind == SNAPSHOT_KIND:
            self._take_snapshot(found)
        if found.items is None:
            if found.kind == "Status":
                self._take_status(path, found.raw)
                return
            if found.kind == "Table":
                raise Unreadable("it contains a table for display instead of objects")
            kind = self._take_object(path, found.raw, "", "", sink)
            if kind is not None:
                self._listed.setdefault(kind[0], set())
            return
        self.has_any = True
        listed: list[tuple[Kind, str]] = []
        list_kind = found.kind.removesuffix("List") if found.kind.endswith("List") else ""
        kind_of_list = kind_of(list_kind, found.api_version)
        if kind_of_list is not None:
            self._begun.add(kind_of_list)
            if not found.items:
                self._empty_lists.add(kind_of_list)
                self._listed[kind_of_list] = None
        for raw in found.items:
            if head_of(raw).kind == "List":
                if depth >= MAX_LISTS:
                    raise Unreadable(f"it has Lists nested more than {MAX_LISTS} deep")
                self._take_document(path, document(raw), sink, depth + 1)
                continue
            taken = self._take_object(path, raw, list_kind, found.api_version, sink)
            if taken is not None:
                listed.append(taken)
        self._note_listed(listed)
        if found.left:
            self._note_page(path, found, {kind for kind, _ in listed})

    def _note_page(self, path: Path, found: Document, kinds: set[Kind]) -> None:
        """Note a page of a list; the remaining pages may be in other files, or missing."""
        for kind in kinds:
            before = self._pages.get(kind, (0, path))
            self._pages[kind] = max(before, (found.left + len(found.items or ()), path))

    def _note_listed(self, listed: list[tuple[Kind, str]]) -> None:
        """Note the namespaces of a list: all if it has objects of several, otherwise the one."""
        namespaces = {namespace for _, namespace in listed if namespace}
        for kind in {kind for kind, _ in listed}:
            before = self._listed.get(kind, set())
            is_of_all = before is None or len(namespaces) != 1 or not RESOURCES[kind].namespaced
            self._listed[kind] = None if is_of_all or before is None else before | namespaces

    def _take_status(self, path: Path, raw: Raw) -> None:
        """Read a Status that the server returned in place of a list."""
        answer = _answer_decoder.decode(raw)
        match = FORBIDDEN.search(answer.message)
        kind = forbidden_kind(match) if match else kind_by_place(path)
        if answer.code == _HTTP_FORBIDDEN and kind is not None:
            self._refused[kind] = safe(answer.message)
        elif kind is not None:
            self._cut_off.setdefault(kind, f"{safe(str(path))} contains a response of the server")
        said = f" ({safe(answer.message)})" if answer.message else ""
        self.broken.append(f"{safe(str(path))} contains a Status of the server instead of objects{said}.")

    def _take_object(
        self, path: Path, raw: Raw, list_kind: str, list_version: str, sink: Sink
    ) -> tuple[Kind, str] | None:
        """Read an object. Returns its kind and namespace, even if it is not wanted, or None if it has none."""
        head = head_of(raw)
        name = head.kind or list_kind
        self.has_any = self.has_any or bool(name)
        kind = kind_of(name, head.api_version or list_version) if name else unnamed_kind(path, raw)
        if kind is None:
            if not name:
                self._note_unknown(path, head)
            return None
        self.has_any = True
        self._begun.add(kind)
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
        known = self._objects.setdefault(kind, {})
        old = known.get(item.key)
        if old is not None and _are_two(old, item):
            self._doubles.setdefault((kind, item.key), self.where[(kind, item.key)])
        if old is None or version_of(item) >= version_of(old):
            known[item.key] = item
            self.where[(kind, item.key)] = path
        return kind, item.namespace

    def _note_unknown(self, path: Path, head: Head) -> None:
        """Report a file with an object of unknown kind, or with something that is not a Kubernetes object."""
        if is_named(path):
            return
        if bytes(head.metadata).startswith(b"{"):
            self._of_unknown_kind[path] = self._of_unknown_kind.get(path, 0) + 1
        elif str(path) not in self.passed_over:
            self.passed_over.append(str(path))

    def _take_snapshot(self, found: Document) -> None:
        head = _snapshot_decoder.decode(found.raw)
        self.captured_at = head.captured_seconds
        if head.server_version:
            self._server = ServerInfo(version=head.server_version)
        for name, status in head.kinds.items():
            kind = KINDS.get(name)
            if kind is not None:
                self._statuses[kind] = status_in_snapshot(kind, status)
        for conf in head.proxy_configs:
            self._confs.append((Pod(name=conf.name, namespace=conf.namespace), conf.text.encode("utf-8")))

    def tell(self, sink: Sink) -> None:
        """Send everything, like a cluster that was read once."""
        from dsview.listeners.conf_reading import read_conf  # noqa: PLC0415  (loads crossplane: only where a file needs it)

        notes = [*self.broken, *self._notes()]
        if self._server is not None:
            sink(self._server)
        for kind in RESOURCES:
            found = list(self._objects.get(kind, {}).values())
            for start in range(0, len(found), _BATCH):
                sink(Changed(kind, found[start : start + _BATCH]))
            sink(self._status(kind, bool(found)))
        for pod, text in self._confs:
            sink(Changed(Kind.PROXY_LISTENERS, [read_conf(pod, text)]))
        for message in notes:
            sink(Note(message))

    def _notes(self) -> list[str]:
        notes: list[str] = []
        doubles = sorted(self._doubles.items())
        for (kind, key), path in doubles[:_SHOWN]:
            name = "/".join(part for part in key if part)
            shown = self.where[(kind, key)]
            files = f"twice in {shown}" if path == shown else f"in {path} and in {shown}"
            notes.append(safe(f"{kind} {name} is given {files}, and the two differ: only the one of {shown} is shown."))
        if len(doubles) > _SHOWN:
            notes.append(f"So are {len(doubles) - _SHOWN} more objects.")
        for kind, (total, path) in sorted(self._pages.items()):
            missing = total - self._read[kind]
            if missing > 0:
                rest = "more objects"
                if total < UNKNOWN_MANY:
                    rest = "1 more object" if missing == 1 else f"{missing:,} more objects"
                self._cut_off.setdefault(kind, f"{safe(str(path))} is one page of a longer list")
                notes.append(safe(f"{path} is one page of a longer list: {rest} of kind {kind} would follow."))
        for kind, _ in self._doubles:
            self._cut_off.setdefault(kind, "several objects of one name were given")
        if self._of_unknown_kind:
            count = sum(self._of_unknown_kind.values())
            objects = "1 object says" if count == 1 else f"{count} objects say"
            files = _some_of([str(path) for path in self._of_unknown_kind])
            notes.append(
                f"{objects} no kind, and it could not be derived from the fields or file names. Not read: {files}."
            )
        if self.passed_over:
            notes.append(f"Skipped because they contain no objects: {_some_of(self.passed_over)}.")
        return notes

    def _status(self, kind: Kind, has_objects: bool) -> StatusChanged:
        scope = self._namespaces if self._namespaces and RESOURCES[kind].namespaced else None
        then = self._statuses.get(kind)
        if then is not None:
            # A snapshot states its own completeness; a kind that was still being read is incomplete.
            return narrowed(then, scope)
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


def _some_of(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return safe(", ".join(sorted(paths)[:_SHOWN]) + more)


def _are_two(old: Object, new: Object) -> bool:
    """Whether two objects with the same name are not two states of one object.

    Their uids decide, or their content if neither has one. A manifest and the object created from it are one object.
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
