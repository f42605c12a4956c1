"""Decides when the configuration of a proxy pod is read, and reports the status of all of them."""

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

AGAIN_AFTER = 300.0
"""Seconds after which a file is read again without any sign of a change."""

UNREAD_AGAIN_AFTER = 4.0
"""Seconds until the first retry for a file that could not be read; each further delay is a fifth longer."""

RELOADED_AFTER = 15.0
"""Seconds that a controller may take from a change of its settings to the new file; then it is read again."""


class _Asked(msgspec.Struct):
    """When a pod was last requested, and its state then. `failures` counts consecutive answers without a file."""

    signature: tuple[object, ...]
    at: float
    is_waiting: bool
    again_at: float
    failures: int = 0


class ProxyConfigReader:
    """Follows the proxy pods. Call `follow` after every batch of changes, on the session's thread."""

    def __init__(self, state: ClusterState, source: Source, sink: Sink) -> None:
        self._state = state
        self._source = source
        self._sink = sink
        self._asked: dict[Key, _Asked] = {}
        self._config_maps: set[Key] = set()
        self._status: tuple[Health, str] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is pending."""
        return any(asked.is_waiting for asked in self._asked.values())

    def answered(self, keys: Iterable[Key], now: float) -> None:
        """Record that answers for these pods arrived, even if nothing is new; the state already contains them.

        A file that could not be read is requested again soon, and then less and less often.
        """
        for key in keys:
            asked, conf = self._asked.get(key), self._state.proxy_listeners.get(key)
            if asked is None:
                continue
            asked.is_waiting = False
            if conf is None or conf.source is ListenSource.READ:
                asked.failures = 0
            else:
                pause = min(UNREAD_AGAIN_AFTER * 1.2**asked.failures, AGAIN_AFTER)
                asked.failures = min(asked.failures + 1, 30)
                asked.again_at = min(asked.again_at, now + pause)

    def follow(self, now: float) -> None:
        """Request what is due, drop what is gone, and report the overall status."""
        if not self._state.is_settled(Kind.POD):
            return
        pods = {pod.key: pod for pod in proxies_to_follow(self._state)}
        if self._source.is_live:
            parameters = self._parameters()
            for pod in pods.values():
                self._follow_pod(pod, parameters, now)
            for key in config_maps_in_use(self._state):
                self._watch_config_map(key)
            for key in [key for key in self._asked if key not in pods]:
                del self._asked[key]
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
        asked = self._asked.get(pod.key)
        if asked is not None and asked.signature == signature and asked.at <= now < asked.again_at:
            return
        container = container_to_read(pod)
        if not pod.ready or container is None:
            self._asked[pod.key] = _Asked(signature, now, is_waiting=False, again_at=now + AGAIN_AFTER)
            return
        changed = asked is not None and asked.signature != signature
        again = RELOADED_AFTER if changed else AGAIN_AFTER
        failures = asked.failures if asked is not None and not changed else 0
        self._asked[pod.key] = _Asked(signature, now, is_waiting=True, again_at=now + again, failures=failures)
        self._source.read_proxy_config(pod, container.name, self._sink)

    def _parameters(self) -> tuple[object, ...]:
        """The settings that make a Gateway controller rewrite the configuration of its proxies."""
        found = (item for kind in CONF_KINDS for item in self._state.gateway_parameters(kind))
        return tuple(sorted((item.key, item.ip_family) for item in found))

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
