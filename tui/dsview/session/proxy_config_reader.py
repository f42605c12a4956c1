"""Decides when the configuration of each proxy pod is read, and reports the status of all of them together."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dsview.cluster.state import ClusterState
from dsview.core.listen import ListenSource
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.listeners.proxies import config_map_key, config_maps_in_use, container_to_read, proxies_to_follow
from dsview.listeners.registry import CONF_KINDS
from dsview.sources.events import Changed, Health, Sink, Source, StatusChanged

REREAD_INTERVAL = 300.0
"""Seconds after which a configuration is read again even if nothing indicates a change."""

RETRY_DELAY = 4.0
"""Seconds until the first retry after a failure; each further delay is a fifth longer."""

RELOAD_DELAY = 15.0
"""Seconds after which a configuration is read again if the controller's settings changed, because it needs some time
to write the new file.
"""


class _Request(msgspec.Struct):
    """The last request for a pod, and the pod's state at that time. `failures` counts consecutive failures."""

    signature: tuple[object, ...]
    at: float
    is_waiting: bool
    due_at: float
    failures: int = 0


class ProxyConfigReader:
    """Follows the proxy pods. Call `follow` after every batch of changes, on the session's thread."""

    def __init__(self, state: ClusterState, source: Source, sink: Sink) -> None:
        self._state = state
        self._source = source
        self._sink = sink
        self._requests: dict[Key, _Request] = {}
        self._config_maps: set[Key] = set()
        self._status: tuple[Health, str] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether a response is pending."""
        return any(request.is_waiting for request in self._requests.values())

    def on_response(self, keys: Iterable[Key], now: float) -> None:
        """Note that responses for these pods arrived, even if nothing changed. The state already contains them.

        After a failure, the configuration is requested again soon, and then less and less often.
        """
        for key in keys:
            request, conf = self._requests.get(key), self._state.proxy_listeners.get(key)
            if request is None:
                continue
            request.is_waiting = False
            if conf is None or conf.source is ListenSource.READ:
                request.failures = 0
            else:
                pause = min(RETRY_DELAY * 1.2**request.failures, REREAD_INTERVAL)
                request.failures = min(request.failures + 1, 30)
                request.due_at = min(request.due_at, now + pause)

    def follow(self, now: float) -> None:
        """Request what is due, remove what no longer exists, and report the overall status."""
        if not self._state.is_settled(Kind.POD):
            return
        pods = {pod.key: pod for pod in proxies_to_follow(self._state)}
        if self._source.is_live:
            parameters = self._parameters()
            for pod in pods.values():
                self._follow_pod(pod, parameters, now)
            for key in config_maps_in_use(self._state):
                self._watch_config_map(key)
            for key in [key for key in self._requests if key not in pods]:
                del self._requests[key]
                if key in self._state.proxy_listeners:
                    self._sink(Changed(Kind.PROXY_LISTENERS, (), (key,)))
        self._report({key: pod for key, pod in pods.items() if container_to_read(pod) is not None}, now)

    def _watch_config_map(self, key: Key) -> None:
        if key not in self._config_maps:
            self._config_maps.add(key)
            self._source.watch_config_map(*key)

    def _follow_pod(self, pod: Pod, parameters: tuple[object, ...], now: float) -> None:
        config_map = config_map_key(pod)
        if config_map is not None:
            self._watch_config_map(config_map)
        settings = self._state.config_maps.get(config_map) if config_map is not None else None
        signature = (pod.uid, pod.ready, pod.ready_since, settings.data if settings is not None else parameters)
        request = self._requests.get(pod.key)
        if request is not None and request.signature == signature and request.at <= now < request.due_at:
            return
        container = container_to_read(pod)
        if not pod.ready or container is None:
            self._requests[pod.key] = _Request(signature, now, is_waiting=False, due_at=now + REREAD_INTERVAL)
            return
        changed = request is not None and request.signature != signature
        delay = RELOAD_DELAY if changed else REREAD_INTERVAL
        failures = request.failures if request is not None and not changed else 0
        self._requests[pod.key] = _Request(signature, now, is_waiting=True, due_at=now + delay, failures=failures)
        self._source.read_proxy_config(pod, container.name, self._sink)

    def _parameters(self) -> tuple[object, ...]:
        """The settings whose changes make a Gateway controller rewrite the configuration of its proxies."""
        parameters = (item for kind in CONF_KINDS for item in self._state.gateway_parameters(kind))
        return tuple(sorted((item.key, item.ip_family) for item in parameters))

    def _report(self, pods: dict[Key, Pod], now: float) -> None:
        if self.is_waiting and self._status is None:
            return
        confs = {key: self._state.proxy_listeners.get(key) for key in pods}
        read = [conf for conf in confs.values() if conf is not None and conf.source is ListenSource.READ]
        reason = next((conf.reason for conf in confs.values() if conf is not None and conf.reason), "")
        if len(read) == len(pods):
            status = (Health.LIVE if self._source.is_live else Health.GIVEN, "")
        elif read:
            health = Health.LIVE if self._source.is_live else Health.GIVEN
            status = (health, f"{len(read)} of {len(pods)} read" + (f"; {reason}" if reason else ""))
        elif self._source.is_live:
            status = (Health.REFUSED, reason or "no controller pod is ready")
        else:
            status = (Health.NOT_GIVEN, reason)
        if status != self._status:
            self._status = status
            self._sink(StatusChanged(kind=Kind.PROXY_LISTENERS, health=status[0], reason=status[1], since=now))
