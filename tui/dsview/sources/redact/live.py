"""`--redact` on a screen: a source without real names and addresses, with all that findings need."""

from __future__ import annotations

import secrets
import threading

import msgspec

from dsview.core.errors import UserError
from dsview.core.listen import ProxyListeners
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key, Object
from dsview.kinds.pod import Pod
from dsview.sources.events import (
    Changed,
    Item,
    Listed,
    Note,
    Quarantined,
    Sink,
    Source,
    SourceEvent,
    SourceKind,
    StatusChanged,
)
from dsview.sources.redact.redactor import Redactor
from dsview.sources.redact.settings import proxy_listeners
from dsview.sources.redact.snapshot import REDACTED, redacted_object, redacted_status


class RedactedSource:
    """Another source, redacted: a name or address has the same replacement for the life of the source.

    `key` makes the choice repeatable; without it, not even the caller can reverse it.
    """

    name = "redacted"

    def __init__(self, source: Source, key: bytes | None = None) -> None:
        self._source = source
        self._to = Redactor(key if key is not None else secrets.token_bytes(32))
        # Events come from many threads, and names are numbered in order of arrival.
        self._lock = threading.Lock()

    @property
    def kind(self) -> SourceKind:
        """The kind of the other source."""
        return self._source.kind

    @property
    def is_live(self) -> bool:
        """Whether the other source is live."""
        return self._source.is_live

    def now(self, wall: float) -> float:
        """The time that the content is from."""
        return self._source.now(wall)

    def start(self, sink: Sink) -> None:
        """Start sending events. Raises `UserError` like the other source."""
        self._source.start(self._behind(sink))

    def stop(self) -> None:
        """Stop sending events."""
        self._source.stop()

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Request the configuration of the pod that this one replaces."""
        to = self._to
        with self._lock:
            meant = msgspec.structs.replace(
                pod, namespace=to.namespace.meant_by(pod.namespace), name=to.pod.meant_by(pod.name)
            )
            asked = to.container.meant_by(container)
        self._source.read_proxy_config(meant, asked, self._behind(sink))

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Follow the ConfigMap that this one replaces."""
        with self._lock:
            meant = self._to.namespace.meant_by(namespace), self._to.config_map.meant_by(name)
        self._source.watch_config_map(*meant)

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """Refused: a manifest contains arbitrary text. Raises `UserError`."""
        raise UserError("The YAML is not shown: names and addresses are redacted.")

    def _behind(self, sink: Sink) -> Sink:
        def take(event: SourceEvent) -> None:
            with self._lock:
                hidden = self._hidden(event)
            sink(hidden)

        return take

    def _hidden(self, event: SourceEvent) -> SourceEvent:
        match event:
            case Changed():
                keys = [self._key(event.kind, key) for key in event.deletes]
                return Changed(event.kind, [self._item(event.kind, item) for item in event.upserts], keys)
            case Listed():
                to = self._to
                keys_left = None if event.keys is None else frozenset(self._key(event.kind, k) for k in event.keys)
                scope = None if event.namespaces is None else tuple(map(to.namespace, event.namespaces))
                return Listed(event.kind, keys_left, scope)
            case StatusChanged():
                return redacted_status(event, self._to)
            case Quarantined():
                namespace, slash, name = event.identity.rpartition("/")
                # The namespace of a missing object matters.
                identity = f"{self._to.namespace(namespace)}{slash}{self._to.uid(name)}"
                return Quarantined(event.kind, identity, f"A {event.kind} could not be read.")
            case Note():
                return Note(REDACTED)
        return event

    def _key(self, kind: Kind, key: Key) -> Key:
        return self._to.key_of(Kind.POD if kind is Kind.PROXY_LISTENERS else kind, key)

    def _item(self, kind: Kind, item: Item) -> Item:
        if isinstance(item, ProxyListeners):
            return proxy_listeners(item, self._to)
        return redacted_object(kind, item, self._to) if isinstance(item, Object) else item
