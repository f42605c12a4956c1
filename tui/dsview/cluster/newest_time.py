"""The newest time in any object, which stands for the time of capture: files do not contain it."""

from __future__ import annotations

from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind
from dsview.kinds.wire import PLAUSIBLE


def newest_time(state: ClusterState) -> int:
    """Epoch seconds of the newest creation, event, start or readiness of any object; 0 if no object has a time.

    A clock that is wrong by centuries is ignored.
    """
    return state.cached("newest time", state.version, lambda: max(filter(_is_plausible, _times(state)), default=0))


def _is_plausible(moment: int) -> bool:
    return moment in PLAUSIBLE


def _times(state: ClusterState) -> list[int]:
    times = [item.created for kind in Kind if kind is not Kind.PROXY_LISTENERS for item in state.store(kind)]
    times += [event.last_seen for event in state.events]
    for pod in state.pods:
        times += (pod.start_time, pod.ready_since)
    return times
