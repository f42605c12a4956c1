"""A step of the plan: what stands between one Service and its second address family, and when that can be done."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from dsview.core.address import Family
from dsview.core.finding import ObjectRef


class Wave(StrEnum):
    """When a Service can become dual-stack, the soonest first. The slowest of its obstacles decides."""

    READY = "ready"
    SETTINGS = "settings"
    PODS = "pods"
    NODES = "nodes"
    CLUSTER = "cluster"
    UNKNOWN = "unknown"

    @property
    def heading(self) -> str:
        """The wave as a heading."""
        return _TITLES[self]

    @property
    def word(self) -> str:
        """The wave in a cell."""
        return _WORDS[self]

    @property
    def depth(self) -> int:
        """0 for what can be done now, more for what comes later."""
        return _ORDER.index(self)


_SCARCE = 0.95
"""The share of Service addresses in use above which the plan says how many are left."""

_ORDER = list(Wave)
_TITLES = {
    Wave.READY: "Ready now",
    Wave.SETTINGS: "After policies, ranges, listeners or endpoints",
    Wave.PODS: "After recreating pods",
    Wave.NODES: "After nodes",
    Wave.CLUSTER: "After the cluster itself",
    Wave.UNKNOWN: "Not known",
}
_WORDS = {
    Wave.READY: "ready",
    Wave.SETTINGS: "settings first",
    Wave.PODS: "pods first",
    Wave.NODES: "nodes first",
    Wave.CLUSTER: "cluster first",
    Wave.UNKNOWN: "not known",
}


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """Something that prevents a Service from becoming dual-stack. `commands` remove it, one a line."""

    wave: Wave
    message: str
    commands: tuple[str, ...] = ()
    objects: tuple[ObjectRef, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One Service: the family it has, the one to add, the obstacles, and the command once they are removed.

    `notes` say what the plan cannot know, and what to check afterwards.
    """

    service: ObjectRef
    has: Family
    gets: Family
    wave: Wave
    obstacles: tuple[Obstacle, ...]
    notes: tuple[str, ...]
    command: str
