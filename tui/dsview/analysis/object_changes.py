"""The differences between two versions of an object that the timeline shows: its families, and a node's readiness."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from dsview.analysis.timeline_entry import Category, Entry, EntryType
from dsview.checks.engine.check import LayerName
from dsview.cluster.family_counts import contribution_of
from dsview.core.address import FAMILIES, Family, families_of
from dsview.core.cidr import cidr_families
from dsview.core.finding import ObjectRef
from dsview.core.listen import ListenSource, ProxyListeners
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service


class TimelineChange(msgspec.Struct, frozen=True):
    """A change of an object: a timeline entry without its time and its object."""

    type: EntryType
    category: Category
    text: str
    families: tuple[Family, ...] = ()
    layer: LayerName | None = None

    def entry(self, at: float, ref: ObjectRef) -> Entry:
        """The timeline entry."""
        return Entry(
            at=at,
            category=self.category,
            type=self.type,
            text=safe(self.text),
            ref=ref,
            families=self.families,
            layer=self.layer,
        )


def family_change(change: EntryType, text: str, layer: LayerName, families: Iterable[Family]) -> TimelineChange:
    """The change of families that were gained or lost in a layer."""
    return TimelineChange(change, Category.FAMILY, text, tuple(families), layer)


def _gained_and_lost(
    before: Iterable[Family], after: Iterable[Family], what: str, layer: LayerName
) -> Iterator[TimelineChange]:
    """The families that something gained and lost. `what` has a placeholder for the family."""
    was, now = set(before), set(after)
    for family in FAMILIES:
        if family in now - was:
            yield family_change(EntryType.GAINED, f"Gained {what.format(family)}.", layer, [family])
        elif family in was - now:
            yield family_change(EntryType.LOST, f"Lost {what.format(family)}.", layer, [family])


def _added_or_deleted(has: Iterable[str], *, is_new: bool) -> TimelineChange:
    if not is_new:
        return TimelineChange(EntryType.DELETED, Category.OBJECT, "Was deleted.")
    return TimelineChange(EntryType.ADDED, Category.OBJECT, f"Was added, with {' and '.join(has) or 'no family'}.")


def _service(old: object, new: object) -> Iterator[TimelineChange]:
    if not isinstance(old, Service) or not isinstance(new, Service):
        item = new if isinstance(new, Service) else old
        if isinstance(item, Service):
            yield _added_or_deleted(item.families, is_new=item is new)
        return
    yield from _gained_and_lost(old.families, new.families, "{}", LayerName.SERVICES)
    vips = (contribution_of(old).vips or (), contribution_of(new).vips or ())
    yield from _gained_and_lost(*vips, "its {} load-balancer address", LayerName.LOAD_BALANCERS)


def _pod(old: object, new: object) -> Iterator[TimelineChange]:
    """Pods are created and deleted all the time, so only a Pod whose families change is worth an entry."""
    if isinstance(old, Pod) and isinstance(new, Pod) and old.ips and new.ips and old.ips != new.ips:
        yield from _gained_and_lost(families_of(old.ips), families_of(new.ips), "{}", LayerName.PODS)


def _node(old: object, new: object) -> Iterator[TimelineChange]:
    if not isinstance(old, Node) or not isinstance(new, Node):
        item = new if isinstance(new, Node) else old
        if isinstance(item, Node):
            yield _added_or_deleted(families_of(item.addresses_of("InternalIP")), is_new=item is new)
        return
    if old.ready is not new.ready:
        change, words = (
            (EntryType.UP, "Came back: it is Ready.") if new.ready else (EntryType.DOWN, "Went down: it is not Ready.")
        )
        yield TimelineChange(change, Category.OBJECT, words)
    before, after = (families_of(node.addresses_of("InternalIP")) for node in (old, new))
    yield from _gained_and_lost(before, after, "its {} InternalIP", LayerName.NODES)
    ranges = (cidr_families(old.cidrs), cidr_families(new.cidrs))
    yield from _gained_and_lost(*ranges, "its {} podCIDR", LayerName.NODES)


def _conf(old: object, new: object) -> Iterator[TimelineChange]:
    if not isinstance(old, ProxyListeners) or not isinstance(new, ProxyListeners):
        return
    if old.source is not ListenSource.READ or new.source is not ListenSource.READ:
        return
    before, after = _ports(old), _ports(new)
    for family in FAMILIES:
        was, now = before[family], after[family]
        for ports, change, words in ((now - was, EntryType.GAINED, "began"), (was - now, EntryType.LOST, "stopped")):
            if ports:
                listed = ", ".join(str(port) for port in sorted(ports))
                text = f"Its proxy {words} listening over {family} on port{'s' if len(ports) > 1 else ''} {listed}."
                yield family_change(change, text, LayerName.LISTENERS, [family])


def _ports(conf: ProxyListeners) -> dict[Family, set[int]]:
    ports: dict[Family, set[int]] = {family: set() for family in FAMILIES}
    for listener in conf.listeners:
        if not listener.internal and listener.port is not None:
            for family in listener.families:
                ports[family].add(listener.port)
    return ports


CHANGES_OF: dict[Kind, Callable[[object, object], Iterator[TimelineChange]]] = {
    Kind.SERVICE: _service,
    Kind.POD: _pod,
    Kind.NODE: _node,
    Kind.PROXY_LISTENERS: _conf,
}
"""By kind, the function that compares two versions of an object. The object is new or deleted if one is None."""
