"""`--demo`: a small cluster in memory that sends the same events as a real one. No network, no port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from importlib import resources
from typing import Literal

import msgspec

from dsview.core.errors import UserError
from dsview.kinds.decode import decode
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.sources.demo.description import Description, Json, load
from dsview.sources.demo.scenarios import DEFAULT, SCENARIOS
from dsview.sources.demo.script import Moment, moments, workload_of
from dsview.sources.demo.simulated_cluster import SimulatedCluster
from dsview.sources.events import Changed, Health, ServerInfo, Sink, StatusChanged
from dsview.sources.manifest import manifest


class DemoSource:
    """A scenario whose story starts with the call of `start`, and runs by `clock`, in epoch seconds.

    `title` is the name to show instead of the scenario's; `without` lists namespaces to omit. All ages are relative to
    the start, so the same clock gives the same result. A thread waits for the next step; `advance_to` runs steps
    immediately, for tests and recordings. With `waits`, the story is paused until `begin`.

    Raises `UserError` if there is no scenario with this name.
    """

    kind: Literal["demo"] = "demo"
    is_live = True
    captured_at: float | None = None

    def __init__(
        self,
        scenario: str = DEFAULT,
        *,
        clock: Callable[[], float] = time.time,
        title: str = "",
        without: tuple[str, ...] = (),
        waits: bool = False,
    ) -> None:
        if scenario not in SCENARIOS:
            raise UserError(f"There is no demo of that name. Choose one of: {', '.join(SCENARIOS)}.")
        self.name = title or scenario
        self._scenario = scenario
        self._without = without
        self._clock = clock
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        self._sink: Sink | None = None
        self._cluster: SimulatedCluster | None = None
        self._nginx_templates: dict[Key, str] = {}
        self._moments: list[Moment] = []
        self._hosts: list[str] = []
        self._start = 0.0
        self._waits = waits

    def now(self, wall: float) -> float:
        """The wall clock."""
        return wall

    def start(self, sink: Sink) -> None:
        """Send all objects, then run the story in a thread."""
        description = load(self._scenario)
        with self._lock:
            self._start = self._clock()
            self._sink = sink
            self._cluster = SimulatedCluster(description, self._start)
            self._moments = moments(description.story)
            self._nginx_templates = self._initial_templates(description, self._cluster)
            self._hosts = description.nginx_hosts
            sink(ServerInfo(version=description.version))
            self._send_changes()
            for kind in RESOURCES:
                sink(StatusChanged(kind=kind, health=Health.LIVE, since=self._start))
        if not self._waits:
            self._start_story()

    @property
    def is_waiting(self) -> bool:
        """Whether the story has not started yet."""
        return self._waits and self.next_at is not None

    def begin(self) -> None:
        """Start the story now. A second call has no effect."""
        with self._lock:
            if not self._waits:
                return
            self._waits = False
            self._start = self._clock()
        self._start_story()

    def _start_story(self) -> None:
        threading.Thread(target=self._play, name="dsview-demo", daemon=True).start()

    def stop(self) -> None:
        """Stop the story."""
        self._stopped.set()

    def advance_to(self, seconds: float) -> None:
        """Run all steps that are due up to this number of seconds after the start."""
        with self._lock:
            while self._cluster is not None and self._moments and self._moments[0].at <= seconds:
                moment = self._moments.pop(0)
                moment.act(self._cluster, self._start + moment.at)
                if moment.conf is not None:
                    key = self._cluster.pod_of(workload_of(moment.conf), moment.conf.replica)
                    self._nginx_templates[key] = moment.conf.conf
                self._send_changes()

    @property
    def length(self) -> int:
        """The time from the start of the story to its last event, in seconds."""
        return max((moment.at for moment in moments(load(self._scenario).story)), default=0)

    @property
    def next_at(self) -> int | None:
        """The time of the next step, seconds after the start; None if the story is over."""
        with self._lock:
            return self._moments[0].at if self._moments else None

    def _play(self) -> None:
        while (due := self.next_at) is not None and not self._stopped.is_set():
            elapsed = self._clock() - self._start
            if elapsed >= due:
                self.advance_to(elapsed)
            else:
                self._stopped.wait(due - elapsed)

    def _send_changes(self) -> None:
        if self._cluster is None or self._sink is None or self._stopped.is_set():
            return
        upserts, deletes = self._cluster.changes()
        for kind in RESOURCES:
            items = [
                decode(kind, msgspec.json.encode(item))
                for item in upserts.get(kind, ())
                if item["metadata"].get("namespace") not in self._without
            ]
            gone = deletes.get(kind, [])
            if items or gone:
                self._sink(Changed(kind, items, gone))

    @staticmethod
    def _initial_templates(description: Description, cluster: SimulatedCluster) -> dict[Key, str]:
        return {
            cluster.pod_of(workload, replica): name
            for workload, names in description.nginx.items()
            for replica, name in enumerate(names)
        }

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Send the current configuration of the pod, a little later and from another thread, as after an exec."""
        with self._lock:
            template = self._nginx_templates.get(pod.key, "dual")
        threading.Thread(
            target=self._send_config, args=(pod, template, sink), name="dsview-demo-nginx", daemon=True
        ).start()

    def _send_config(self, pod: Pod, template: str, sink: Sink) -> None:
        from dsview.listeners.conf_reading import read_conf  # noqa: PLC0415  (imports crossplane, which must not delay the first frame)

        conf = read_conf(pod, nginx_conf(template, self._hosts))
        if not self._stopped.is_set():
            sink(Changed(Kind.PROXY_LISTENERS, [conf]))

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Nothing to do: all ConfigMaps are sent at the start."""

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """The current object as YAML."""
        with self._lock:
            item: Json | None = self._cluster.get(kind, key) if self._cluster is not None else None
        if item is None:
            raise UserError("The manifest is not available: the object is gone.")
        return manifest(msgspec.json.encode(item))


def nginx_conf(template: str, hosts: list[str]) -> bytes:
    """An nginx.conf as ingress-nginx writes it for these hosts: `dual`, or `ipv4` without any `listen [::]`.

    `gateway-dual` and `gateway-ipv4` are the configurations of NGINX Gateway Fabric, as `nginx -T` prints them.
    """
    name = "gateway.conf" if template.startswith("gateway-") else "nginx.conf"
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    head, server, tail = text.split("# host\n")
    whole = head + "".join(server.replace("HOST", host) for host in hosts) + tail
    if template.endswith("ipv4"):
        whole = "".join(line for line in whole.splitlines(keepends=True) if "listen [::]" not in line)
    return whole.encode()
