"""Combines the health of a kind that is read in several namespaces, or one object at a time."""

from __future__ import annotations

from collections.abc import Mapping

from dsview.core.text import safe
from dsview.sources.events import Health

_BEST_FIRST = (Health.LIVE, Health.POLLING, Health.STALE)


def combined(scopes: Mapping[str, tuple[Health, str]]) -> tuple[Health, str]:
    """The health of a kind from that of its scopes: loading if any is loading, otherwise the worst of those read."""
    states = list(scopes.values())
    if len(states) == 1:
        return states[0]
    loading = [entry for entry in states if entry[0] is Health.LOADING]
    read = [entry for entry in states if entry[0].is_complete]
    if loading and not read:
        return loading[0]
    if loading:
        return (Health.LOADING, "")
    if not read:
        return states[0]
    worst = max(read, key=lambda entry: _BEST_FIRST.index(entry[0]) if entry[0] in _BEST_FIRST else 0)
    refused = [scope for scope, (health, _) in scopes.items() if not health.is_complete and scope]
    reason = f"not read in {', '.join(sorted(refused))}" if refused else worst[1]
    return (worst[0], safe(reason))
