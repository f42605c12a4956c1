"""A source that sends what a test gives it, and records requests."""

from __future__ import annotations

from dsview.core.errors import UserError
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.sources.events import Changed, Health, Item, Sink, SourceEvent, SourceKind, StatusChanged


class ScriptedSource:
    """Live by default; only `tell` sends events."""

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
        """The clock of the session."""
        return wall

    def start(self, sink: Sink) -> None:
        """Record where to send events."""
        self.sink = sink

    def stop(self) -> None:
        """Record it."""
        self.is_stopped = True

    def tell(self, *events: SourceEvent) -> None:
        """Send events."""
        assert self.sink is not None
        for event in events:
            self.sink(event)

    def put(self, kind: Kind, *items: Item) -> None:
        """Send existing objects."""
        self.tell(Changed(kind, items))

    def know(self, *kinds: Kind, health: Health = Health.LIVE) -> None:
        """Send that kinds are known, or have another health; all of Kubernetes' kinds by default."""
        for kind in kinds or [kind for kind in Kind if kind is not Kind.PROXY_LISTENERS]:
            self.tell(StatusChanged(kind=kind, health=health))

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Record the request."""
        self.asked.append((pod.key, container))

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Record it."""
        self.config_maps.append((namespace, name))

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """Nothing can be read again."""
        raise UserError("The object is gone.")
