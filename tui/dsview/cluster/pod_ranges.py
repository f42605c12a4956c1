"""The number of pods within the podCIDRs of their node, which determines whether DS-POD-004 is meaningful.

It is updated incrementally. If the ranges of nodes change, the pods of all these nodes are counted again in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable

from dsview.cluster.indexes import counts_alike, holds_address, read_addresses
from dsview.core.address import FAMILIES, Family
from dsview.core.cidr import Cidr, parse_cidrs
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod

_Spans = dict[int, list[tuple[bytes, bytes]]]
"""The first and last address of each range, by the length of an address in bytes."""

SHARE = 0.9
"""The share of pods that must conform in a family."""


class PodRangeConformity:
    """Counts of pods, and of those inside the ranges of their node, by family."""

    def __init__(self) -> None:
        self._ranges: dict[str, tuple[Cidr, ...]] = {}
        self._spans: dict[str, _Spans] = {}
        self._counts: dict[str, list[int]] = {}
        self._totals = [0, 0, 0, 0]
        self._stale: set[str] = set()

    def update_node(self, old: Node | None, new: Node | None) -> None:
        """Update the counts for one node: its pods are counted again if its ranges changed."""
        if old is not None and new is not None and old.cidrs == new.cidrs:
            return
        node = new if new is not None else old
        if node is None:
            return
        for i, count in enumerate(self._counts.pop(node.name, ())):
            self._totals[i] -= count
        if new is None or not new.cidrs:
            self._ranges.pop(node.name, None)
            self._spans.pop(node.name, None)
            self._stale.discard(node.name)
        else:
            self._ranges[new.name] = ranges = parse_cidrs(new.cidrs)
            self._spans[new.name] = {
                size: [(cidr.first, cidr.last) for cidr in ranges if len(cidr.first) == size]
                for size in {len(cidr.first) for cidr in ranges}
            }
            self._stale.add(new.name)

    def update_pod(self, old: Pod | None, new: Pod | None) -> None:
        """Update the counts for one pod."""
        if old is not None and new is not None and counts_alike(old, new):
            return
        for pod, step in ((old, -1), (new, 1)):
            if pod is not None and pod.node_name not in self._stale:
                self._add(pod, step)

    def families(self, pods: Iterable[Pod]) -> tuple[Family, ...]:
        """The families in which enough pods conform.

        `pods` are all pods, which are only read if the ranges of a node changed.
        """
        if self._stale:
            stale, self._stale = self._stale, set()
            for pod in pods:
                if pod.node_name in stale:
                    self._add(pod, 1)
        n4, in4, n6, in6 = self._totals
        enough = ((n4, in4), (n6, in6))
        return tuple(f for f, (n, inside) in zip(FAMILIES, enough, strict=True) if n and inside >= SHARE * n)

    def ranges_of(self, node: str) -> tuple[Cidr, ...]:
        """The pod ranges of a node."""
        return self._ranges.get(node, ())

    def _add(self, pod: Pod, step: int) -> None:
        spans = self._spans.get(pod.node_name)
        if not spans or not holds_address(pod):
            return
        counts = self._counts.setdefault(pod.node_name, [0, 0, 0, 0])
        totals = self._totals
        for raw in read_addresses(pod.ips).raws:
            of_family = spans.get(len(raw)) if raw is not None else None
            if raw is None or of_family is None:
                continue
            at = 0 if len(raw) == 4 else 2
            counts[at] += step
            totals[at] += step
            for first, last in of_family:
                if first <= raw <= last:
                    counts[at + 1] += step
                    totals[at + 1] += step
                    break
