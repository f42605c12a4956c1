"""The parts of a detail: facts in two lanes or as text, and the related objects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.detail_target import DETAILED, Target
from dsview.core.address import FAMILIES, Family, by_family, classify
from dsview.core.text import Safe, safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.registry import RESOURCES
from dsview.kinds.wire import PLAUSIBLE, iso_time
from dsview.listeners.proxies import config_map_key
from dsview.tables.cells import GAP, NONE


class Fact(msgspec.Struct, frozen=True):
    """A fact: either `v4` and `v6`, the values of the two lanes, or `text`."""

    label: Safe
    v4: tuple[Safe, ...] = ()
    v6: tuple[Safe, ...] = ()
    text: Safe = Safe("")

    @property
    def has_lanes(self) -> bool:
        """Whether the fact is shown in two lanes."""
        return bool(self.v4 or self.v6)


class Relative(msgspec.Struct, frozen=True, kw_only=True):
    """A related object. `target` is its detail; without one, only its name is shown."""

    kind: str
    label: Safe
    key: Key
    target: Target | None


Parts = tuple[list[Fact], list[Relative]]
"""The contents of an object's detail: its facts and its related objects."""


def moment_text(seconds: float) -> str:
    """Epoch seconds as a date and time in UTC; empty for 0, which means unknown."""
    if not seconds:
        return ""
    if int(seconds) not in PLAUSIBLE:
        return iso_time(int(seconds)) or ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def text_fact(label: str, value: str) -> list[Fact]:
    """A fact with text; none if the text is empty."""
    return [Fact(safe(label), text=safe(value))] if value else []


def lane_facts(
    label: str, texts: tuple[str, ...], wanted: Iterable[Family] = (), *, classes: bool = True
) -> list[Fact]:
    """Addresses or ranges in two lanes, with their class; no fact if there are none and none are expected.

    As in a row, a family without an address is a gap if it is in `wanted`.
    """
    wanted = frozenset(wanted)
    addresses = by_family(texts)
    lanes = []
    for family in FAMILIES:
        values = []
        for text in addresses[family]:
            cls = classify(text) if classes and "/" not in text else None
            values.append(safe(f"{text}  {cls}" if cls else text))
        lanes.append(tuple(values) or (GAP if family in wanted else NONE,))
    return [Fact(safe(label), lanes[0], lanes[1])] if texts or wanted else []


def counted_fact(view: ClusterView, kind: Kind, label: str, v4: str, v6: str) -> Fact:
    """A fact with counts in both lanes. If the objects were not read, it says so instead of showing a zero."""
    if view.state.is_known(kind):
        return Fact(safe(label), (safe(v4),), (safe(v6),))
    return Fact(safe(label.partition(" (")[0]), text=safe(f"unknown: {RESOURCES[kind].plural} were not read"))


def relative(kind: str, key: Key, note: str = "") -> Relative:
    """A related object, by its kind and key, with a short note."""
    name = f"{key[0]}/{key[1]}" if key[0] else key[1]
    target = (DETAILED[kind], key) if kind in DETAILED else None
    return Relative(kind=kind, label=safe(f"{name}  {note}".strip()), key=key, target=target)


def config_map_relatives(view: ClusterView, pod: Pod) -> list[Relative]:
    """The ConfigMap of a controller, if it has one. It can be opened only if it was read."""
    key = config_map_key(pod)
    if key is None:
        return []
    found = relative("ConfigMap", key)
    return [found if found.key in view.state.config_maps else msgspec.structs.replace(found, target=None)]
