"""The number of objects of each layer with each family, updated incrementally.

The overview shows these numbers up to ten times a second, and iterating over 150,000 pods would be too slow.
`PodPatterns` already counts pods, and listeners are few.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dsview.core.address import FAMILIES, Family, families_of, is_usable
from dsview.kinds.endpoint_slice import EndpointSlice, is_placeholder
from dsview.kinds.metadata import Key
from dsview.kinds.node import Node
from dsview.kinds.service import Service

Turn = tuple[Key, Family]
"""A Service and one of its families."""


class Tally:
    """The number of objects in which a family is expected (`of`), and the number of these that have it (`having`)."""

    __slots__ = ("having", "of")

    def __init__(self) -> None:
        self.having: dict[Family, int] = dict.fromkeys(FAMILIES, 0)
        self.of: dict[Family, int] = dict.fromkeys(FAMILIES, 0)

    def add(self, family: Family, step: int, *, has: bool) -> None:
        """Add one object to the counts, or remove it."""
        self.of[family] += step
        if has:
            self.having[family] += step


class Offer(msgspec.Struct, frozen=True):
    """What a Service adds to the counts: its families, those of its load balancer, and whether only a name is known."""

    families: tuple[Family, ...] = ()
    vips: tuple[Family, ...] | None = None
    is_named: bool = False


def offer_of(service: Service | None) -> Offer:
    """What a Service adds to the counts; nothing if it is None."""
    if service is None:
        return Offer()
    families = service.families
    if service.type != "LoadBalancer":
        return Offer(families)
    entries = service.load_balancer_ingress
    vips = families_of(tuple(entry.ip for entry in entries if entry.ip))
    return Offer(families, vips, not vips and any(entry.hostname for entry in entries))


def has_ready(item: EndpointSlice | None) -> bool:
    """Whether a slice has a ready endpoint: in `rows`, each of them starts with 1."""
    return item is not None and (item.rows.startswith("1\t") or "\n1\t" in item.rows)


class FamilyCounts:
    """Counts of Nodes, Services, their ready endpoints and their load balancers, by family.

    `nodes`: with a usable InternalIP. `services`: with the family among their own. `endpoints`: Services with the
    family that have a ready endpoint of it. `load_balancers`: LoadBalancer Services with the family that have an
    address of it; `named` counts those with only a host name, whose families are unknown. `unready_nodes` contains the
    keys of the Nodes that are not Ready, regardless of their addresses.
    """

    def __init__(self) -> None:
        self.nodes = Tally()
        self.services = Tally()
        self.endpoints = Tally()
        self.load_balancers = Tally()
        self.named = 0
        self.unready_nodes: set[Key] = set()
        self._live: dict[Family, dict[Key, int]] = {family: {} for family in FAMILIES}
        self._turned: dict[Turn, bool] = {}

    def follow_node(self, old: Node | None, new: Node | None) -> None:
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

    def follow_service(self, old: Service | None, new: Service | None) -> None:
        """Update the counts for one Service."""
        before, after = offer_of(old), offer_of(new)
        if before == after:
            return
        key = (new or old or _NO_SERVICE).key
        for offer, step in ((before, -1), (after, 1)):
            self._count(key, offer, step)

    def _count(self, key: Key, offer: Offer, step: int) -> None:
        if not offer.families:
            return
        self.named += step * offer.is_named
        for family in FAMILIES:
            is_offered = family in offer.families
            self.services.add(family, step, has=is_offered)
            if not is_offered:
                continue
            self.endpoints.add(family, step, has=self.is_live(key, family))
            if offer.vips is not None and not offer.is_named:
                self.load_balancers.add(family, step, has=family in offer.vips)

    def follow_slice(
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
                    self._turn((item.namespace, item.service_name), family, step, service_of)

    def _turn(self, key: Key, family: Family, step: int, service_of: Callable[[Key], Service | None]) -> None:
        live = self._live[family]
        before = live.get(key, 0)
        after = before + step
        if after:
            live[key] = after
        else:
            live.pop(key, None)
        if bool(before) is bool(after):
            return
        self._turned.setdefault((key, family), bool(before))
        service = service_of(key)
        if service is not None and family in service.families:
            self.endpoints.having[family] += 1 if after else -1

    def is_live(self, service: Key, family: Family) -> bool:
        """Whether a Service has a ready endpoint of a family."""
        return service in self._live[family]

    def take_changed_endpoints(self) -> list[tuple[Key, Family, bool]]:
        """The Services that gained (True) or lost (False) all ready endpoints of a family since the last call."""
        turned, self._turned = self._turned, {}
        return [(key, family, not was) for (key, family), was in turned.items() if self.is_live(key, family) is not was]


def _counts_alike(old: EndpointSlice, new: EndpointSlice) -> bool:
    return (
        old.service_name == new.service_name
        and old.address_type == new.address_type
        and has_ready(old) == has_ready(new)
        and _is_placeholder(old) == _is_placeholder(new)
    )


def _is_placeholder(item: EndpointSlice) -> bool:
    """Whether a slice represents endpoints that the API does not contain. It is not counted against either family."""
    return item.size == 1 and is_placeholder(item.rows)


_NO_SERVICE = Service(name="")
