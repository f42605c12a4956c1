"""The differences between two versions of an object that the timeline shows: families and readiness of nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from dsview.analysis.timeline_entry import Entry, Sort, Turn
from dsview.checks.engine.check import LayerName
from dsview.cluster.family_counts import offer_of
from dsview.core.address import FAMILIES, Family, families_of
from dsview.core.cidr import cidr_families
from dsview.core.finding import ObjectRef
from dsview.core.listen import ListenSource, ProxyListeners
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service


class Happening(msgspec.Struct, frozen=True):
    """A change of an object: an entry without its time."""

    turn: Turn
    sort: Sort
    text: str
    families: tuple[Family, ...] = ()
    layer: LayerName | None = None

    def entry(self, at: float, ref: ObjectRef) -> Entry:
        """The entry."""
        return Entry(
            at=at,
            sort=self.sort,
            turn=self.turn,
            text=safe(self.text),
            ref=ref,
            families=self.families,
            layer=self.layer,
        )


def of_families(turn: Turn, text: str, layer: LayerName, families: Iterable[Family]) -> Happening:
    """Families that were gained or lost in a layer."""
    return Happening(turn, Sort.FAMILY, text, tuple(families), layer)


def _came_and_went(
    before: Iterable[Family], after: Iterable[Family], what: str, layer: LayerName
) -> Iterator[Happening]:
    """The families that something gained and lost. `what` has a placeholder for the family."""
    was, now = set(before), set(after)
    for family in FAMILIES:
        if family in now - was:
            yield of_families(Turn.GAINED, f"Gained {what.format(family)}.", layer, [family])
        elif family in was - now:
            yield of_families(Turn.LOST, f"Lost {what.format(family)}.", layer, [family])


def _coming(has: Iterable[str], *, is_new: bool) -> Happening:
    if not is_new:
        return Happening(Turn.DELETED, Sort.OBJECT, "Was deleted.")
    return Happening(Turn.ADDED, Sort.OBJECT, f"Was added, with {' and '.join(has) or 'no family'}.")


def _service(old: object, new: object) -> Iterator[Happening]:
    if not isinstance(old, Service) or not isinstance(new, Service):
        item = new if isinstance(new, Service) else old
        if isinstance(item, Service):
            yield _coming(item.families, is_new=item is new)
        return
    yield from _came_and_went(old.families, new.families, "{}", LayerName.SERVICES)
    vips = (offer_of(old).vips or (), offer_of(new).vips or ())
    yield from _came_and_went(*vips, "its {} load-balancer address", LayerName.LOAD_BALANCERS)


def _pod(old: object, new: object) -> Iterator[Happening]:
    """Pods are created and deleted all the time; only a running Pod with other families is news."""
    if isinstance(old, Pod) and isinstance(new, Pod) and old.ips and new.ips and old.ips != new.ips:
        yield from _came_and_went(families_of(old.ips), families_of(new.ips), "{}", LayerName.PODS)


def _node(old: object, new: object) -> Iterator[Happening]:
    if not isinstance(old, Node) or not isinstance(new, Node):
        item = new if isinstance(new, Node) else old
        if isinstance(item, Node):
            yield _coming(families_of(item.addresses_of("InternalIP")), is_new=item is new)
        return
    if old.ready is not new.ready:
        turn, words = (Turn.UP, "Came back: it is Ready.") if new.ready else (Turn.DOWN, "Went down: it is not Ready.")
        yield Happening(turn, Sort.OBJECT, words)
    before, after = (families_of(node.addresses_of("InternalIP")) for node in (old, new))
    yield from _came_and_went(before, after, "its {} InternalIP", LayerName.NODES)
    ranges = (cidr_families(old.cidrs), cidr_families(new.cidrs))
    yield from _came_and_went(*ranges, "its {} podCIDR", LayerName.NODES)


def _conf(old: object, new: object) -> Iterator[Happening]:
    if not isinstance(old, ProxyListeners) or not isinstance(new, ProxyListeners):
        return
    if old.source is not ListenSource.READ or new.source is not ListenSource.READ:
        return
    before, after = _ports(old), _ports(new)
    for family in FAMILIES:
        was, now = before[family], after[family]
        for ports, turn, words in ((now - was, Turn.GAINED, "began"), (was - now, Turn.LOST, "stopped")):
            if ports:
                listed = ", ".join(str(port) for port in sorted(ports))
                text = f"Its proxy {words} listening over {family} on port{'s' if len(ports) > 1 else ''} {listed}."
                yield of_families(turn, text, LayerName.LISTENERS, [family])


def _ports(conf: ProxyListeners) -> dict[Family, set[int]]:
    found: dict[Family, set[int]] = {family: set() for family in FAMILIES}
    for listener in conf.listeners:
        if not listener.internal and listener.port is not None:
            for family in listener.families:
                found[family].add(listener.port)
    return found


FOLLOWED: dict[Kind, Callable[[object, object], Iterator[Happening]]] = {
    Kind.SERVICE: _service,
    Kind.POD: _pod,
    Kind.NODE: _node,
    Kind.PROXY_LISTENERS: _conf,
}
"""By kind, the changes between two versions of an object, either of which may be missing."""
