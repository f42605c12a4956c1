"""A source that tells what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

from dsview.core.errors import UserError
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.sources.events import Changed, Health, Item, Sink, SourceEvent, SourceKind, StatusChanged


class ScriptedSource:
    """Live unless said otherwise; nothing is sent but by `tell`."""

    kind: SourceKind = "demo"
    name = "scripted"

    def __init__(self, *, is_live: bool = True) -> None:
        self.is_live = is_live
        self.captured_at: float | None = None
        self.asked: list[tuple[Key, str]] = []
        self.config_maps: list[Key] = []
        self.sink: Sink | None = None
        self.is_stopped = False

    def now(self, wall: float) -> float:
        """The clock that the session is given."""
        return wall

    def start(self, sink: Sink) -> None:
        """Remember where to send events."""
        self.sink = sink

    def stop(self) -> None:
        """Remember it."""
        self.is_stopped = True

    def tell(self, *events: SourceEvent) -> None:
        """Send events."""
        assert self.sink is not None
        for event in events:
            self.sink(event)

    def put(self, kind: Kind, *items: Item) -> None:
        """Send objects that are there."""
        self.tell(Changed(kind, items))

    def know(self, *kinds: Kind, health: Health = Health.LIVE) -> None:
        """Send that kinds are known, or whatever health they have; all of Kubernetes' kinds where none is named."""
        for kind in kinds or [kind for kind in Kind if kind is not Kind.PROXY_LISTENERS]:
            self.tell(StatusChanged(kind=kind, health=health))

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Remember who was asked for."""
        self.asked.append((pod.key, container))

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Remember it."""
        self.config_maps.append((namespace, name))

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """Nothing can be read anew."""
        raise UserError("The object is gone.")
