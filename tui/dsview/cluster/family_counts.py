"""The number of objects in each layer with each family, updated incrementally.

The overview shows these numbers up to ten times a second, so it must not iterate over 150,000 pods. `PodPatterns`
already counts the pods, and listeners are few.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dsview.core.address import FAMILIES, V4, Family, families_of, is_usable
from dsview.kinds.endpoint_slice import EndpointSlice, is_hidden, is_placeholder
from dsview.kinds.metadata import Key
from dsview.kinds.node import Node
from dsview.kinds.service import Service

ServiceFamily = tuple[Key, Family]
"""A Service and one of its families."""


class Tally:
    """The number of objects that should have a family (`of`), and of those that do (`having`)."""

    __slots__ = ("having", "of")

    def __init__(self) -> None:
        self.having: dict[Family, int] = dict.fromkeys(FAMILIES, 0)
        self.of: dict[Family, int] = dict.fromkeys(FAMILIES, 0)

    def add(self, family: Family, step: int, *, has: bool) -> None:
        """Add one object (`step` 1) or remove it (`step` -1)."""
        self.of[family] += step
        if has:
            self.having[family] += step


class Contribution(msgspec.Struct, frozen=True):
    """What a Service contributes to the counts.

    These are its families and those of its load balancer (None if it has none). `has_only_hostname`: the status of the
    load balancer has a host name but no address.
    """

    families: tuple[Family, ...] = ()
    vips: tuple[Family, ...] | None = None
    has_only_hostname: bool = False


def contribution_of(service: Service | None) -> Contribution:
    """What a Service contributes to the counts; nothing if it is None."""
    if service is None:
        return Contribution()
    families = service.families
    if service.type != "LoadBalancer":
        return Contribution(families)
    entries = service.load_balancer_ingress
    vips = families_of(tuple(entry.ip for entry in entries if entry.ip))
    return Contribution(families, vips, not vips and any(entry.hostname for entry in entries))


def has_ready(item: EndpointSlice | None) -> bool:
    """Whether a slice has a ready endpoint, whose row starts with 1."""
    return item is not None and (item.rows.startswith("1\t") or "\n1\t" in item.rows)


class FamilyCounts:
    """Counts of Nodes, Services, their ready endpoints and their load balancers, by family.

    `nodes`: Nodes with a usable InternalIP of the family. `services`: Services with the family. `endpoints`: Services
    with the family that have a ready endpoint of it. `load_balancers`: LoadBalancer Services with the family that have
    an address of it; `hostname_only` counts those with only a host name, whose families are unknown. `unready_nodes`
    contains the keys of the Nodes that are not Ready, regardless of their addresses.
    """

    def __init__(self) -> None:
        self.nodes = Tally()
        self.services = Tally()
        self.endpoints = Tally()
        self.load_balancers = Tally()
        self.hostname_only = 0
        self.unready_nodes: set[Key] = set()
        self._live: dict[Family, dict[Key, int]] = {family: {} for family in FAMILIES}
        self._was_live: dict[ServiceFamily, bool] = {}

    def update_node(self, old: Node | None, new: Node | None) -> None:
        """Update the counts for one Node."""
        if old is not None and not old.ready:
            self.unready_nodes.discard(old.key)
        if new is not None and not new.ready:
            self.unready_nodes.add(new.key)
        if old is not None and new is not None and old.addresses == new.addresses:
            return
        for node, step in ((old, -1), (new, 1)):
            if node is None:
                continue
            has = families_of(tuple(text for text in node.addresses_of("InternalIP") if is_usable(text)))
            for family in FAMILIES:
                self.nodes.add(family, step, has=family in has)

    def update_service(self, old: Service | None, new: Service | None) -> None:
        """Update the counts for one Service."""
        before, after = contribution_of(old), contribution_of(new)
        if before == after:
            return
        key = (new or old or _NO_SERVICE).key
        for contribution, step in ((before, -1), (after, 1)):
            self._count(key, contribution, step)

    def _count(self, key: Key, contribution: Contribution, step: int) -> None:
        if not contribution.families:
            return
        self.hostname_only += step * contribution.has_only_hostname
        for family in FAMILIES:
            has_family = family in contribution.families
            self.services.add(family, step, has=has_family)
            if not has_family:
                continue
            self.endpoints.add(family, step, has=self.is_live(key, family))
            if contribution.vips is not None and not contribution.has_only_hostname:
                self.load_balancers.add(family, step, has=family in contribution.vips)

    def update_slice(
        self, old: EndpointSlice | None, new: EndpointSlice | None, service_of: Callable[[Key], Service | None]
    ) -> None:
        """Update the counts for one EndpointSlice; `service_of` returns the Service of a key."""
        if old is not None and new is not None and _counts_alike(old, new):
            return
        for item, step in ((old, -1), (new, 1)):
            if item is None or not item.service_name or not has_ready(item):
                continue
            for family in FAMILIES if _is_placeholder(item) else (item.address_type,):
                if family in FAMILIES:
                    self._count_ready_slice((item.namespace, item.service_name), family, step, service_of)

    def _count_ready_slice(
        self, key: Key, family: Family, step: int, service_of: Callable[[Key], Service | None]
    ) -> None:
        live = self._live[family]
        before = live.get(key, 0)
        after = before + step
        if after:
            live[key] = after
        else:
            live.pop(key, None)
        if bool(before) is bool(after):
            return
        self._was_live.setdefault((key, family), bool(before))
        service = service_of(key)
        if service is not None and family in service.families:
            self.endpoints.having[family] += 1 if after else -1

    def is_live(self, service: Key, family: Family) -> bool:
        """Whether a Service has a ready endpoint of a family."""
        return service in self._live[family]

    def take_changed_endpoints(self) -> list[tuple[Key, Family, bool]]:
        """The Services that got their first (True) or lost their last (False) ready endpoint of a family.

        Changes are those since the last call.
        """
        before, self._was_live = self._was_live, {}
        return [(key, family, not was) for (key, family), was in before.items() if self.is_live(key, family) is not was]


def _counts_alike(old: EndpointSlice, new: EndpointSlice) -> bool:
    return (
        old.service_name == new.service_name
        and old.address_type == new.address_type
        and has_ready(old) == has_ready(new)
        and _is_placeholder(old) == _is_placeholder(new)
    )


def _is_placeholder(item: EndpointSlice) -> bool:
    """Whether a slice contains only Cilium's placeholder, or may. It must not count against either family."""
    return item.size == 1 and item.address_type == V4 and (is_placeholder(item.rows) or is_hidden(item.rows))


_NO_SERVICE = Service(name="")
