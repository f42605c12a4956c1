"""The health of each kind, combined from its scopes.

A scope is what one reflector reads: all namespaces, one namespace, or one object.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.sources.events import Health, StatusChanged

EVERYWHERE = ""
"""The scope of a kind that is read in all namespaces, or that has none."""

_BEST_FIRST = (Health.LIVE, Health.POLLING, Health.STALE)


class Status(NamedTuple):
    """The health of a scope or of a kind, and why."""

    health: Health
    reason: str


class KindHealth:
    """The health of all kinds of a source."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scopes: dict[Kind, dict[str, Status]] = {}
        self._combined: dict[Kind, Status] = {}

    def has_several_scopes(self, kind: Kind) -> bool:
        """Whether a kind is read in several scopes."""
        with self._lock:
            return len(self._scopes.get(kind, ())) > 1

    def set_scope(self, kind: Kind, scope: str, health: Health, reason: str) -> StatusChanged | None:
        """Set the health of one scope. Returns the health of the whole kind, or None if it is the same as before."""
        with self._lock:
            scopes = self._scopes.setdefault(kind, {})
            scopes[scope] = Status(health, reason)
            namespaces = _namespaces_read(scopes) if kind is not Kind.CONFIG_MAP else None
            status = combined(scopes)
            if self._combined.get(kind) == status:
                return None
            self._combined[kind] = status
        return StatusChanged(
            kind=kind, health=status.health, reason=status.reason, since=time.time(), namespaces=namespaces
        )


def _namespaces_read(scopes: Mapping[str, Status]) -> tuple[str, ...] | None:
    """The namespaces that were read; None if all were read, or none yet."""
    read = sorted(scope for scope, status in scopes.items() if status.health.is_complete)
    return tuple(read) if read and EVERYWHERE not in read else None


def combined(scopes: Mapping[str, Status]) -> Status:
    """The health of a kind from that of its scopes: loading if any is loading, otherwise the worst of those read."""
    statuses = list(scopes.values())
    if len(statuses) == 1:
        return statuses[0]
    loading = [status for status in statuses if status.health is Health.LOADING]
    read = [status for status in statuses if status.health.is_complete]
    if loading and not read:
        return loading[0]
    if loading:
        return Status(Health.LOADING, "")
    if not read:
        return statuses[0]
    worst = max(read, key=lambda status: _BEST_FIRST.index(status.health) if status.health in _BEST_FIRST else 0)
    unread = sorted(scope for scope, status in scopes.items() if not status.health.is_complete and scope != EVERYWHERE)
    return Status(worst.health, safe(f"not read in {', '.join(unread)}") if unread else safe(worst.reason))
