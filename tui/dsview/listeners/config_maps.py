"""The ConfigMaps of controllers, which are read one by one, by name."""

from __future__ import annotations

from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.listeners.cluster import ClusterReader


def is_config_map_unread(state: ClusterReader, key: Key) -> bool:
    """Whether a ConfigMap may exist but could not be read.

    If all requested ConfigMaps could be read, it does not exist.
    """
    if key in state.config_maps:
        return False
    if not state.is_known(Kind.CONFIG_MAP):
        return True
    # The reason names the unread ConfigMaps. Without names, as in a redacted snapshot, it may be any of them.
    reason = state.status(Kind.CONFIG_MAP).reason
    return "/".join(key) in reason or (bool(reason) and "/" not in reason)
