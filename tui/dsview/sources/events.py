"""What every source tells, whichever it is: the vocabulary between `sources` and `state`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

import msgspec

from dsview.core.listen import ProxyListeners
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.pod import Pod

Item = Object | ProxyListeners
SourceKind = Literal["cluster", "files", "demo"]


class Health(StrEnum):
    """How a kind is doing. Only `LIVE`, `POLLING`, `STALE` and `GIVEN` mean that all its objects were read once."""

    LOADING = "loading"
    LIVE = "live"
    POLLING = "polling"
    STALE = "stale"
    GIVEN = "given"
    REFUSED = "refused"
    ABSENT = "absent"
    NOT_GIVEN = "not given"
    FAILED = "failed"

    @property
    def is_complete(self) -> bool:
        """Whether the objects of the kind are known, be it as of a while ago."""
        return self in _COMPLETE

    @property
    def is_final(self) -> bool:
        """Whether waiting longer is unlikely to bring the objects."""
        return self is not Health.LOADING


_COMPLETE = frozenset({Health.LIVE, Health.POLLING, Health.STALE, Health.GIVEN})


class Changed(msgspec.Struct, frozen=True):
    """Objects that are there now (new or changed) and keys of those that are gone."""

    kind: Kind
    upserts: Sequence[Item] = ()
    deletes: Sequence[Key] = ()


class Listed(msgspec.Struct, frozen=True):
    """A list is complete: what is not among `keys` is gone. `namespaces` is None for a cluster-wide list.

    `keys` is None after a first list, when nothing can be left over.
    """

    kind: Kind
    keys: frozenset[Key] | None = None
    namespaces: tuple[str, ...] | None = None


class StatusChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A kind's health, and why in a sentence. `since` is epoch seconds: when it became so.

    `namespaces` names those that are read where cluster-wide access was refused or not asked for. `cut_off` says in a
    few words why some objects of a kind were read and others were not. `listed` names the namespaces of which files
    hold a list, where they hold single objects too or a list of one namespace only; None means all.
    """

    kind: Kind
    health: Health
    reason: str = ""
    since: float = 0.0
    namespaces: tuple[str, ...] | None = None
    cut_off: str = ""
    listed: frozenset[str] | None = None


class Quarantined(msgspec.Struct, frozen=True):
    """One object that could not be read: `identity` tells the same object again, `message` is a safe sentence."""

    kind: Kind
    identity: str
    message: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the first list of a kind is. `total` is None where the server does not tell."""

    kind: Kind
    loaded: int
    total: int | None = None


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the server: its version text, such as `v1.36.1`, and banners to show for good."""

    version: str | None = None
    banners: tuple[str, ...] = ()


class Note(msgspec.Struct, frozen=True):
    """A sentence for people about the source itself, such as a file that was passed over."""

    message: str


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of a server about one kind: requests by verb, and the bytes of lists and watches.

    `encoding` is what the bytes are: `protobuf` or `json`, empty for many kinds together.
    """

    lists: int = 0
    watches: int = 0
    gets: int = 0
    execs: int = 0
    bytes: int = 0
    encoding: str = ""


SourceEvent = Changed | Listed | StatusChanged | Quarantined | Progress | ServerInfo | Note
Sink = Callable[[SourceEvent], None]
"""Takes an event from any thread; never blocks for long, never raises."""


class Source(Protocol):
    """A cluster, files or a demo."""

    @property
    def kind(self) -> SourceKind:
        """Which of the three."""

    @property
    def name(self) -> str:
        """For people: the context, the base name of the path, the scenario. Never an absolute path."""

    @property
    def is_live(self) -> bool:
        """Whether objects go on changing, so that grace periods are waited for."""

    def now(self, wall: float) -> float:
        """The time that the content is of, epoch seconds, given the wall clock's.

        For a cluster the wall clock; for a file the time of capture, or infinite where none is known.
        """

    def start(self, sink: Sink) -> None:
        """Begin to send events; returns at once for a live source, after the last event for files.

        Raises `UserError` for what a user has to fix first.
        """

    def stop(self) -> None:
        """Send no more; returns within a second."""

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Ask for the configuration of a proxy pod; the answer comes as `Changed` of `Kind.PROXY_LISTENERS`."""

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Follow one more ConfigMap, that of a controller. Nothing to do for a source that reads all it has."""

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """The object as YAML, read anew. Raises `UserError` where it is not available."""


@runtime_checkable
class Staged(Protocol):
    """A source with a story that somebody has to begin."""

    @property
    def is_waiting(self) -> bool:
        """Whether it stands still until then."""

    def begin(self) -> None:
        """Begin the story."""


@runtime_checkable
class AsksServer(Protocol):
    """A source that asks a server, and counts how often."""

    def traffic(self) -> Mapping[Kind | None, Traffic]:
        """What was asked so far, by kind; None is what is about no kind, such as the version."""
