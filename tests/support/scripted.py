"""A source that sends the events of a test, and records the requests that it gets."""

from __future__ import annotations

from dsview.core.errors import UserError
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.sources.events import Changed, Health, Item, Sink, SourceEvent, SourceKind, StatusChanged


class ScriptedSource:
    """A source whose events all come from the test. It is live by default."""

    kind: SourceKind = "demo"
    name = "scripted"

    def __init__(self, *, is_live: bool = True) -> None:
        self.is_live = is_live
        self.captured_at: float | None = None
        self.requested_configs: list[tuple[Key, str]] = []
        self.watched_config_maps: list[Key] = []
        self.sink: Sink | None = None
        self.is_stopped = False

    def now(self, wall: float) -> float:
        """The wall clock, unchanged."""
        return wall

    def start(self, sink: Sink) -> None:
        """Keep the sink for `send`."""
        self.sink = sink

    def stop(self) -> None:
        """Record that the source was stopped."""
        self.is_stopped = True

    def send(self, *events: SourceEvent) -> None:
        """Send events."""
        assert self.sink is not None
        for event in events:
            self.sink(event)

    def put(self, kind: Kind, *items: Item) -> None:
        """Send objects as added or changed."""
        self.send(Changed(kind, items))

    def set_health(self, *kinds: Kind, health: Health = Health.LIVE) -> None:
        """Send the health of kinds; if none are given, that of all kinds of Kubernetes."""
        for kind in kinds or [kind for kind in Kind if kind is not Kind.PROXY_LISTENERS]:
            self.send(StatusChanged(kind=kind, health=health))

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Record the pod and the container."""
        self.requested_configs.append((pod.key, container))

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Record the ConfigMap."""
        self.watched_config_maps.append((namespace, name))

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """Fail, as if the object had been deleted."""
        raise UserError("The object is gone.")
