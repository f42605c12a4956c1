"""The events that all sources send, and the interface of a source."""

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
    """The health of a kind. Only `LIVE`, `POLLING`, `STALE` and `GIVEN` mean that all its objects have been read."""

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
        """Whether all objects of the kind are known, even if they are out of date."""
        return self in _COMPLETE

    @property
    def is_final(self) -> bool:
        """Whether waiting longer is unlikely to change anything."""
        return self is not Health.LOADING


_COMPLETE = frozenset({Health.LIVE, Health.POLLING, Health.STALE, Health.GIVEN})


class Changed(msgspec.Struct, frozen=True):
    """New or changed objects, and the keys of deleted ones."""

    kind: Kind
    upserts: Sequence[Item] = ()
    deletes: Sequence[Key] = ()


class Listed(msgspec.Struct, frozen=True):
    """A list is complete: objects that are not in `keys` no longer exist. `namespaces` is None for a cluster-wide list.

    `keys` is None after the first list, because no earlier objects can remain.
    """

    kind: Kind
    keys: frozenset[Key] | None = None
    namespaces: tuple[str, ...] | None = None


class StatusChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The health of a kind, and a sentence with the reason. `since`, in epoch seconds, is the time of the change.

    `namespaces` lists the namespaces that are read if cluster-wide access was refused or not requested. `cut_off`
    explains in a few words why only a part of the objects was read. `listed` contains the namespaces for which files
    contain a list, if they also contain single objects, or only a list of one namespace; None means all.
    """

    kind: Kind
    health: Health
    reason: str = ""
    since: float = 0.0
    namespaces: tuple[str, ...] | None = None
    cut_off: str = ""
    listed: frozenset[str] | None = None


class Quarantined(msgspec.Struct, frozen=True):
    """An object that could not be read. `identity` recognises it when it is read again; `message` is safe to print."""

    kind: Kind
    identity: str
    message: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of the first list of a kind. `total` is None if the server does not report it."""

    kind: Kind
    loaded: int
    total: int | None = None


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Information about the server: its version, such as `v1.36.1`, and banners to show permanently.

    `serves_slices`: files contain EndpointSlices of discovery.k8s.io/v1, so the server is not older than that version.
    """

    version: str | None = None
    serves_slices: bool = False
    banners: tuple[str, ...] = ()


class Note(msgspec.Struct, frozen=True):
    """A sentence for users about the source itself, such as a skipped file."""

    message: str


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """The number of requests to a server for one kind, by verb, and the bytes of its lists and watches.

    `encoding` is `protobuf` or `json`; empty for several kinds together.
    """

    lists: int = 0
    watches: int = 0
    gets: int = 0
    execs: int = 0
    bytes: int = 0
    encoding: str = ""


SourceEvent = Changed | Listed | StatusChanged | Quarantined | Progress | ServerInfo | Note
Sink = Callable[[SourceEvent], None]
"""Receives an event from any thread. It never blocks for long and never raises."""


class Source(Protocol):
    """A cluster, files or a demo."""

    @property
    def kind(self) -> SourceKind:
        """The kind of source."""

    @property
    def name(self) -> str:
        """The name to show: the context, the base name of the path, or the scenario. Never an absolute path."""

    @property
    def is_live(self) -> bool:
        """Whether objects keep changing, so that grace periods apply."""

    def now(self, wall: float) -> float:
        """The time of the content in epoch seconds.

        For a cluster, this is the wall clock, `wall`; for a file, the time of capture, or infinity if it is unknown.
        """

    def start(self, sink: Sink) -> None:
        """Start sending events. Returns at once for a live source, and after the last event for files.

        Raises `UserError` for problems that the user must fix first.
        """

    def stop(self) -> None:
        """Stop sending events. Returns within a second."""

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Request the configuration of a proxy pod, which arrives as `Changed` of `Kind.PROXY_LISTENERS`."""

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Also watch a ConfigMap, that of a controller. No effect for a source that reads all ConfigMaps."""

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """The object as YAML, read again. Raises `UserError` if it is not available."""


@runtime_checkable
class PausedSource(Protocol):
    """A demo whose story waits for the user to start it."""

    @property
    def is_waiting(self) -> bool:
        """Whether the story has not started yet."""

    def begin(self) -> None:
        """Start the story."""


@runtime_checkable
class CountsRequests(Protocol):
    """A source that sends requests to a server and counts them."""

    def traffic(self) -> Mapping[Kind | None, Traffic]:
        """The requests so far, by kind; the key None is for requests without a kind, such as the version."""
