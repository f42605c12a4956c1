"""The newest time that the objects hold: files do not say when they were written."""

from __future__ import annotations

from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind


def newest_time(state: ClusterState) -> int:
    """Epoch seconds of the newest creation, event, start or readiness of any object; 0 where none holds a time."""
    return state.remembered("newest time", state.version, lambda: max(_times(state), default=0))


def _times(state: ClusterState) -> list[int]:
    found = [item.created for kind in Kind if kind is not Kind.NGINX_CONF for item in state.store(kind)]
    found += [event.last_seen for event in state.events]
    for pod in state.pods:
        found += (pod.start_time, pod.ready_since)
    return found
