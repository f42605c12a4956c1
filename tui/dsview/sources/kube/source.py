"""A live cluster as a source: one thread for each kind, one for Events, a few for proxy configurations."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from dsview.core.errors import UserError
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.registry import GATEWAY_KINDS, RESOURCES
from dsview.sources.events import Changed, Health, ServerInfo, Sink, SourceEvent, StatusChanged, Traffic
from dsview.sources.kube.health import EVERYWHERE, KindHealth
from dsview.sources.kube.kubeconfig import ResolvedContext, resolve_context
from dsview.sources.kube.load_priority import LoadPriority
from dsview.sources.kube.proxy_configs import ProxyConfigReaders
from dsview.sources.kube.reconnect import ServerReconnect, SleepDetector
from dsview.sources.kube.threads import SourceThreads
from dsview.sources.manifest import manifest

if TYPE_CHECKING:
    from dsview.sources.kube.client import Client
    from dsview.sources.kube.encodings import EncodingChoice
    from dsview.sources.kube.events import EventPoller
    from dsview.sources.kube.reflector import Reflector

# ruff: noqa: PLC0415 - `client` imports urllib3, and sometimes the official client: after the first frame

CONNECTIONS = 48
MAX_REFLECTORS = 64

MIN_CREDENTIAL_RETRY = 10.0
MAX_CREDENTIAL_RETRY = 300.0
"""Seconds between two attempts to load the credentials, doubling from `MIN_CREDENTIAL_RETRY` because a plug-in may open
a browser.
"""

VERSION_RETRY_INTERVAL = 5.0
"""Seconds before the version is requested again if the server did not return it."""

MONITOR_INTERVAL = 1.0
_FIRST_KINDS = (Kind.SERVICE, Kind.POD)
_READ_IN_PART = frozenset({Kind.CONFIG_MAP, Kind.EVENT})
"""The kinds of which only some objects are read."""

CLUSTER_CONFIG_MAPS: tuple[Key, ...] = (("kube-system", "kube-proxy"), ("kube-system", "coredns"))


class KubeSource:
    """A cluster. `start` returns at once; everything else happens in daemon threads.

    `namespaces` limits namespaced kinds. `interval` is the time in seconds between two lists of a kind that may not be
    watched. `head_start` is the time in seconds for which other kinds wait after the first Services. `json_only`
    requests JSON even if protobuf is supported. `resolved` is the context if the kubeconfig was already read.
    """

    kind: Literal["cluster"] = "cluster"
    is_live = True

    def __init__(
        self,
        *,
        kubeconfig: str | None = None,
        context: str | None = None,
        namespaces: tuple[str, ...] = (),
        request_timeout: float | None = None,
        interval: float = 30.0,
        use_exec: bool = True,
        with_endpoints: bool = False,
        head_start: float = 0.0,
        json_only: bool = False,
        resolved: ResolvedContext | None = None,
        on_client_ready: Callable[[], None] | None = None,
    ) -> None:
        self._kubeconfig = kubeconfig
        self._context_name = context
        self._namespaces = namespaces
        self._request_timeout = request_timeout
        self._interval = interval
        self._with_endpoints = with_endpoints
        self._on_client_ready = on_client_ready
        self._context = resolved
        self._client: Client | None = None
        self._stop = threading.Event()
        self._reconnect = ServerReconnect(self._stop)
        self._load_priority = LoadPriority(head_start)
        self._json_only = json_only
        self._encodings: EncodingChoice | None = None
        self._sink: Sink = lambda event: None
        self._lock = threading.Lock()
        self._health = KindHealth()
        self._reflectors: dict[Kind, list[Reflector]] = {}
        self._followed: set[tuple[Kind, str]] = set()
        self._config_maps: set[Key] = set()
        self._events: EventPoller | None = None
        self._threads = SourceThreads(self._stop)
        self._proxy_configs = ProxyConfigReaders(self._threads.start, self._stop, use_exec=use_exec)

    @property
    def name(self) -> str:
        """The name of the context."""
        return safe(self._context.name if self._context is not None else self._context_name or "cluster")

    def now(self, wall: float) -> float:
        """The wall clock."""
        return wall

    def resolve(self) -> None:
        """Read the kubeconfig. Raises `UserError` with a problem that the user has to fix."""
        if self._context is None:
            self._context = resolve_context(self._kubeconfig, self._context_name)

    def start(self, sink: Sink) -> None:
        """Resolve the context, which may raise `UserError`, and continue in a thread."""
        self.resolve()
        self._sink = sink
        if self._banners:
            # Sent before everything else, because it applies to the first request as well.
            sink(ServerInfo(banners=self._banners))
        self._threads.start("connect", self._connect, self._all_failed)

    def stop(self) -> None:
        """End all requests; the threads end by themselves."""
        self._stop.set()
        self._reconnect.close()
        self._proxy_configs.close()
        if self._client is not None:
            # Closing does not wait, but a TLS shutdown may; leaving must not.
            self._threads.start("close", self._client.close)

    def _all_failed(self, reason: str) -> None:
        with self._lock:
            followed = {kind for kind, _ in self._followed}
        for kind in RESOURCES.keys() - followed:
            self._sink(StatusChanged(kind=kind, health=Health.FAILED, reason=reason, since=time.time()))

    def _connect(self) -> None:
        from dsview.sources.kube.client import resource_kinds

        context = self._context
        client = self._client or (self._new_client(context) if context is not None else None)
        if client is None or context is None:
            return
        self._client = client
        if self._stop.is_set():
            client.close()
            return
        if self._on_client_ready is not None:
            self._on_client_ready()
        self._threads.start("monitor", lambda: self._monitor(client))
        if not self._with_endpoints:
            reason = "read only with --select DS-EPS-006"
            self._sink(StatusChanged(kind=Kind.ENDPOINTS, health=Health.NOT_GIVEN, reason=reason))
        # The kinds that users see first, and that take longest, do not wait for the version. All others do, so that
        # the version is known when everything has been read, and checks that depend on it run once.
        for kind in _FIRST_KINDS:
            self._follow_everywhere(kind)
        self._read_version(client)
        for kind in resource_kinds(self._with_endpoints):
            if kind not in _FIRST_KINDS and not RESOURCES[kind].optional:
                self._follow_everywhere(kind)
        self._threads.start("add-ons", lambda: self._follow_add_ons(client), self._add_ons_failed)
        self._follow_partial_kinds(client)
        self._proxy_configs.start(client)

    def _follow_add_ons(self, client: Client) -> None:
        """Follow the optional kinds that are served, and check periodically whether the others are."""
        from dsview.sources.kube.add_ons import DISCOVERY_INTERVAL, served

        waiting = list(GATEWAY_KINDS)
        while waiting:
            served_kinds = served(client, waiting)
            for kind in served_kinds:
                self._follow_everywhere(kind)
            waiting = [kind for kind in waiting if kind not in served_kinds]
            for kind in waiting:
                self._report(kind, EVERYWHERE, Health.ABSENT, "this cluster does not serve them")
            if not waiting or self._stop.wait(DISCOVERY_INTERVAL):
                return

    def _add_ons_failed(self, reason: str) -> None:
        for kind in GATEWAY_KINDS:
            self._report(kind, EVERYWHERE, Health.FAILED, reason)

    def _new_client(self, context: ResolvedContext) -> Client | None:
        """A client, as soon as the credentials can be loaded; None if the session ends first."""
        from dsview.sources.kube.client import Client

        pause = MIN_CREDENTIAL_RETRY
        while not self._stop.is_set():
            try:
                return Client(context, connections=CONNECTIONS)
            except UserError as error:
                self._all_failed(str(error))
            self._stop.wait(pause)
            pause = min(pause * 2, MAX_CREDENTIAL_RETRY)
        return None

    def _monitor(self, client: Client) -> None:
        """Periodically check whether the machine slept, break slow connections, and report missing responses."""
        sleep = SleepDetector()
        while not self._stop.wait(MONITOR_INTERVAL):
            client.enforce_deadlines()
            if sleep.has_slept():
                client.break_connections()
            with self._lock:
                reflectors = [reflector for group in self._reflectors.values() for reflector in group]
            for reflector in reflectors:
                reflector.report_overdue()

    @property
    def _banners(self) -> tuple[str, ...]:
        if self._context is None or not self._context.skips_tls_verify:
            return ()
        return ("The server's certificate is not verified (insecure-skip-tls-verify).",)

    def _read_version(self, client: Client) -> None:
        from dsview.sources.kube.version import read_version

        version = read_version(client)
        if version is None:
            # The kinds report the problem; the version is requested again when they succeed.
            self._threads.start("version", lambda: self._retry_version(client))
        self._sink(ServerInfo(version=version, banners=self._banners))

    def _retry_version(self, client: Client) -> None:
        from dsview.sources.kube.version import read_version

        while self._reconnect.wait(VERSION_RETRY_INTERVAL):
            text = read_version(client)
            if text is not None:
                self._sink(ServerInfo(version=text, banners=self._banners))
                return

    def _follow_everywhere(self, kind: Kind) -> None:
        scopes = self._namespaces if RESOURCES[kind].namespaced else ()
        for namespace in scopes or (EVERYWHERE,):
            self._follow(kind, namespace)

    def _follow_partial_kinds(self, client: Client) -> None:
        """Follow the kinds of which only some objects are read: ConfigMaps and Events."""
        from dsview.sources.kube.events import EventPoller

        for key in CLUSTER_CONFIG_MAPS:
            self.watch_config_map(*key)
        poller = EventPoller(
            client,
            self._sink,
            lambda health, reason: self._report(Kind.EVENT, EVERYWHERE, health, reason),
            self._stop,
            namespaces=self._namespaces,
            interval=self._interval,
            reconnect=self._reconnect,
        )
        self._events = poller
        self._threads.start(
            "events", poller.run, lambda reason: self._report(Kind.EVENT, EVERYWHERE, Health.FAILED, reason)
        )

    def _follow(self, kind: Kind, namespace: str, name: str | None = None) -> None:
        from dsview.sources.kube.encodings import EncodingChoice
        from dsview.sources.kube.reflector import Reflector

        client = self._client
        with self._lock:
            if self._encodings is None:
                self._encodings = EncodingChoice(json_only=self._json_only)
            encodings = self._encodings
            count = sum(map(len, self._reflectors.values()))
        if client is None or count >= MAX_REFLECTORS:
            reason = f"more than {MAX_REFLECTORS} namespaces and kinds were requested; use fewer namespaces"
            self._report(kind, namespace, Health.FAILED, reason)
            return
        scope = f"{namespace}/{name}" if name is not None else namespace
        with self._lock:
            if (kind, scope) in self._followed:
                # The caller failed and was restarted.
                return
            self._followed.add((kind, scope))
        self._report(kind, scope, Health.LOADING, "")
        reflector = Reflector(
            client,
            RESOURCES[kind],
            self._sink if kind is not Kind.SERVICE else self._sink_services,
            lambda health, reason: self._report(kind, scope, health, reason),
            self._stop,
            namespace=namespace or None,
            name=name,
            interval=self._interval,
            request_timeout=self._request_timeout,
            reconnect=self._reconnect,
            priority=self._load_priority if kind is not Kind.SERVICE else None,
            encodings=encodings,
        )
        with self._lock:
            self._reflectors.setdefault(kind, []).append(reflector)
        self._threads.start(
            f"{kind.value}-{scope}",
            reflector.run,
            lambda reason: self._report(kind, scope, Health.FAILED, reason),
        )

    def _sink_services(self, event: SourceEvent) -> None:
        self._sink(event)
        if isinstance(event, Changed):
            self._load_priority.notify_arrived()

    def _report(self, kind: Kind, scope: str, health: Health, reason: str) -> None:
        """Set the health of one scope of a kind, and send that of the whole kind if it changed."""
        if kind is Kind.SERVICE and health is not Health.LOADING:
            self._load_priority.notify_arrived()
        own_namespace = self._own_namespace(kind) if scope == EVERYWHERE and health is Health.REFUSED else None
        changed = self._health.set_scope(kind, scope, health, reason)
        if changed is not None:
            self._sink(changed)
        if own_namespace is not None:
            self._follow(kind, own_namespace)

    def _own_namespace(self, kind: Kind) -> str | None:
        """The namespace of the context, to be read instead of all namespaces. None if that is no alternative."""
        if not RESOURCES[kind].namespaced or kind in _READ_IN_PART or self._namespaces:
            return None
        if self._context is None or self._health.has_several_scopes(kind):
            return None
        return self._context.namespace or None

    def watch_config_map(self, namespace: str, name: str) -> None:
        """Follow one more ConfigMap by name; ConfigMaps are never listed as a whole."""
        with self._lock:
            if (namespace, name) in self._config_maps:
                return
            self._config_maps.add((namespace, name))
        self._follow(Kind.CONFIG_MAP, namespace, name)

    def read_proxy_config(self, pod: Pod, container: str, sink: Sink) -> None:
        """Request the configuration of a pod; one of the reader threads sends it."""
        self._proxy_configs.request(pod, container, sink)

    def read_manifest(self, kind: Kind, key: Key) -> str:
        """The object as YAML, by a `get`. Raises `UserError`."""
        from dsview.sources.kube.bodies import UNDECODABLE
        from dsview.sources.kube.errors import RequestFailed

        resource = RESOURCES[kind]
        if self._client is None:
            raise UserError("The manifest is not available: there is no connection.")
        path = f"{resource.path(resource.versions[0], key[0] or None)}/{key[1]}"
        try:
            return manifest(self._client.get(path, kind=kind, timeout=self._request_timeout or 10.0))
        except (RequestFailed, *UNDECODABLE) as error:
            raise UserError(f"The manifest cannot be read: {safe(str(error))}") from None

    def stats(self, kind: str) -> Mapping[str, float]:
        """The cost of reading a kind so far: requests, bytes, seconds of reading and of decoding."""
        with self._lock:
            stats = [reflector.stats for reflector in self._reflectors.get(Kind(kind), ())]
        traffic = self.traffic().get(Kind(kind), Traffic())
        return {
            "lists": traffic.lists,
            "watches": traffic.watches,
            "bytes": traffic.bytes,
            "read_s": round(sum(s.read_s for s in stats), 4),
            "decode_s": round(sum(s.decode_s for s in stats), 4),
        }

    def traffic(self) -> Mapping[Kind | None, Traffic]:
        """The number of requests by kind and verb, and the bytes of lists and watches."""
        if self._client is None:
            return {}
        requests = self._client.request_counts()
        with self._lock:
            size = {kind: sum(r.stats.bytes for r in group) for kind, group in self._reflectors.items()}
            encodings = {kind: group[0].stats.encoding for kind, group in self._reflectors.items()}
        if self._events is not None:
            size[Kind.EVENT] = self._events.bytes
        return {
            kind: Traffic(
                lists=requests[kind, "list"],
                watches=requests[kind, "watch"],
                gets=requests[kind, "get"],
                execs=requests[kind, "exec"],
                bytes=size.get(kind, 0) if kind is not None else 0,
                encoding=encodings.get(kind, "") if kind is not None else "",
            )
            for kind in {kind for kind, _ in requests}
        }
