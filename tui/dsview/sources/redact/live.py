"""`--redact` on a screen: a source without real names and addresses, but with everything that findings need."""

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
    """Redacts another source. A name or address keeps its replacement for the lifetime of the source.

    `key` makes the replacements repeatable; without it, not even the caller can reverse them.
    """

    name = "redacted"

    def __init__(self, source: Source, key: bytes | None = None) -> None:
        self._source = source
        self._redactor = Redactor(key if key is not None else secrets.token_bytes(32))
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
        self._source.start(self._redacting(sink))

    def stop(self) -> None:
        """Stop sending events."""
        self._source.stop()

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Request the configuration of the pod with this replacement name."""
        redactor = self._redactor
        with self._lock:
            original = msgspec.structs.replace(
                pod, namespace=redactor.namespace.original_of(pod.namespace), name=redactor.pod.original_of(pod.name)
            )
            original_container = redactor.container.original_of(container)
        self._source.read_proxy_config(original, original_container, self._redacting(sink))

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Watch the ConfigMap with this replacement name."""
        with self._lock:
            original = self._redactor.namespace.original_of(namespace), self._redactor.config_map.original_of(name)
        self._source.watch_config_map(*original)

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """Refused: a manifest contains arbitrary text. Raises `UserError`."""
        raise UserError("The YAML is not shown: names and addresses are redacted.")

    def _redacting(self, sink: Sink) -> Sink:
        def take(event: SourceEvent) -> None:
            with self._lock:
                hidden = self._redacted(event)
            sink(hidden)

        return take

    def _redacted(self, event: SourceEvent) -> SourceEvent:
        match event:
            case Changed():
                keys = [self._key(event.kind, key) for key in event.deletes]
                return Changed(event.kind, [self._item(event.kind, item) for item in event.upserts], keys)
            case Listed():
                redactor = self._redactor
                keys_left = None if event.keys is None else frozenset(self._key(event.kind, k) for k in event.keys)
                scope = None if event.namespaces is None else tuple(map(redactor.namespace, event.namespaces))
                return Listed(event.kind, keys_left, scope)
            case StatusChanged():
                return redacted_status(event, self._redactor)
            case Quarantined():
                namespace, slash, name = event.identity.rpartition("/")
                # Checks need the namespace of an unreadable object.
                identity = f"{self._redactor.namespace(namespace)}{slash}{self._redactor.uid(name)}"
                return Quarantined(event.kind, identity, f"A {event.kind} could not be read.")
            case Note():
                return Note(REDACTED)
        return event

    def _key(self, kind: Kind, key: Key) -> Key:
        return self._redactor.key_of(Kind.POD if kind is Kind.PROXY_LISTENERS else kind, key)

    def _item(self, kind: Kind, item: Item) -> Item:
        if isinstance(item, ProxyListeners):
            return proxy_listeners(item, self._redactor)
        return redacted_object(kind, item, self._redactor) if isinstance(item, Object) else item
