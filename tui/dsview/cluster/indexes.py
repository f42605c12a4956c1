"""Incremental indexes for queries that would otherwise iterate over all objects."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

import msgspec

from dsview.core.address import FAMILIES, V4, V6, Family, canonical, families_of, is_canonical, is_mapped, packed
from dsview.kinds.endpoint_slice import EndpointSlice
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

Anchor = tuple[str, str, str]


class SelectorIndex:
    """The Services that select a pod.

    Each Service is stored under one label of its selector. A look-up therefore only tries the Services under the few
    labels of the pod, instead of every Service in its namespace.
    """

    def __init__(self) -> None:
        self._by_anchor: dict[Anchor, dict[str, Service]] = {}

    @staticmethod
    def _anchor(service: Service) -> Anchor | None:
        if not service.selector or service.is_external_name:
            return None
        # The longest value is the most specific one: more pods share `tier=web` than the instance name of a chart.
        key, value = max(service.selector.items(), key=lambda pair: (len(pair[1]), pair))
        return (service.namespace, key, value)

    def replace(self, old: Service | None, new: Service | None) -> None:
        """Update the index for one Service."""
        if old is not None and (anchor := self._anchor(old)) is not None:
            services = self._by_anchor[anchor]
            services.pop(old.name, None)
            if not services:
                del self._by_anchor[anchor]
        if new is not None and (anchor := self._anchor(new)) is not None:
            self._by_anchor.setdefault(anchor, {})[new.name] = new

    def selecting(self, pod: Pod) -> list[Service]:
        """The Services whose selector matches the pod's labels."""
        selecting_services: list[Service] = []
        labels = pod.labels
        for key, value in labels.items():
            services = self._by_anchor.get((pod.namespace, key, value))
            if services:
                selecting_services.extend(
                    s for s in services.values() if all(labels.get(k) == v for k, v in s.selector.items())
                )
        return selecting_services


class SliceIndex:
    """The EndpointSlices of each Service."""

    def __init__(self) -> None:
        self._by_service: dict[Key, dict[str, EndpointSlice]] = {}

    def replace(self, old: EndpointSlice | None, new: EndpointSlice | None) -> None:
        """Update the index for one slice."""
        if old is not None and old.service_name:
            key = (old.namespace, old.service_name)
            slices = self._by_service[key]
            slices.pop(old.name, None)
            if not slices:
                del self._by_service[key]
        if new is not None and new.service_name:
            self._by_service.setdefault((new.namespace, new.service_name), {})[new.name] = new

    def of(self, service: Key) -> list[EndpointSlice]:
        """The slices of a Service, sorted by name."""
        slices = self._by_service.get(service)
        return [slices[name] for name in sorted(slices)] if slices else []


def address_key(text: str) -> str:
    """The canonical spelling of an address: the text itself if it is already canonical."""
    if is_canonical(text) and not is_mapped(text):
        return text
    return canonical(text) or text


_EMBEDDED_V4 = b"\0" * 10
"""The prefixes of v4-mapped and v4-compatible addresses, which need further parsing."""


_FAMILIES_BY_SIZES: dict[int, tuple[Family, ...]] = {0: (), 4: (V4,), 16: (V6,), 4 | 16: (V4, V6)}


class Addresses(msgspec.Struct, frozen=True, gc=False):
    """The parsed addresses of a pod: canonical text, packed bytes (None if the text is not an address), families."""

    keys: tuple[str, ...]
    raws: tuple[bytes | None, ...]
    families: tuple[Family, ...]


@lru_cache(maxsize=64)
def read_addresses(texts: tuple[str, ...]) -> Addresses:
    """The parsed addresses of a pod. The cache is small: several indexes request the same pod in succession."""
    raws: list[bytes | None] = []
    sizes = 0
    for text in texts:
        socket_family = AF_INET6 if ":" in text else AF_INET
        try:
            raw = inet_pton(socket_family, text)
            if inet_ntop(socket_family, raw) != text or raw.startswith(_EMBEDDED_V4):
                break
        except (OSError, ValueError):
            break
        raws.append(raw)
        sizes |= len(raw)
    else:
        families: tuple[Family, ...] = _FAMILIES_BY_SIZES[sizes]
        if len(families) == 2 and ":" in texts[0]:
            families = (V6, V4)
        return Addresses(texts, tuple(raws), families)
    return Addresses(tuple(map(address_key, texts)), tuple(map(packed, texts)), families_of(texts))


class AddressIndex:
    """The Services by cluster IP."""

    def __init__(self) -> None:
        self._services: dict[str, set[Key]] = {}

    def replace(self, old: Service | None, new: Service | None) -> None:
        """Update the index for one Service."""
        for service in (old,) if old is not None else ():
            for text in service.real_cluster_ips:
                key = address_key(text)
                services = self._services.get(key)
                if services is not None:
                    services.discard(service.key)
                    if not services:
                        del self._services[key]
        for service in (new,) if new is not None else ():
            for text in service.real_cluster_ips:
                self._services.setdefault(address_key(text), set()).add(service.key)

    def holders(self, text: str) -> list[Key]:
        """The Services with that cluster IP, sorted."""
        return sorted(self._services.get(address_key(text), ()))


def holds_address(pod: Pod) -> bool:
    """Whether the pod currently uses its addresses. Finished and terminating pods only keep them in their status."""
    return not pod.host_network and pod.phase == "Running" and not pod.deleted


MAX_SHARERS = 100
"""The maximum number of pods with the same address that are compared with each other.

If there are more, usually all addresses in a capture are the same, and comparing every pair would be too slow.
"""


class PodAddressIndex:
    """The running pods that share an address. An address of a single pod takes only one dict entry."""

    def __init__(self) -> None:
        self._owner: dict[str, Pod] = {}
        self._shared: dict[str, dict[Key, Pod]] = {}

    def replace(self, old: Pod | None, new: Pod | None) -> list[Key]:
        """Update the index for one pod. Returns the other pods whose sharing changed."""
        before = read_addresses(old.ips).keys if old is not None and holds_address(old) else ()
        after = read_addresses(new.ips).keys if new is not None and holds_address(new) else ()
        if before == after and new is not None and self._shared.keys().isdisjoint(after):
            self._owner.update(dict.fromkeys(after, new))
            return []
        touched: set[Key] = set()
        if old is not None:
            for text in before:
                self._remove(text, old, touched)
        if new is not None:
            for text in after:
                self._add(text, new, touched)
        return sorted(touched) if touched else []

    def _remove(self, text: str, pod: Pod, touched: set[Key]) -> None:
        shared = self._shared.get(text)
        if shared is not None:
            shared.pop(pod.key, None)
            if len(shared) <= MAX_SHARERS:
                touched.update(shared)
            if len(shared) == 1:
                self._owner[text] = next(iter(shared.values()))
                del self._shared[text]
        elif (owner := self._owner.get(text)) is not None and owner.key == pod.key:
            del self._owner[text]

    def _add(self, text: str, pod: Pod, touched: set[Key]) -> None:
        shared = self._shared.get(text)
        if shared is None:
            owner = self._owner.setdefault(text, pod)
            if owner is pod:
                return
            if owner.key == pod.key:
                self._owner[text] = pod
                return
            shared = self._shared[text] = {owner.key: owner}
        if len(shared) <= MAX_SHARERS:
            touched.update(key for key in shared if key != pod.key)
        shared[pod.key] = pod

    def is_shared(self, canonical_text: str) -> bool:
        """Whether several running pods have the address, which must be in canonical spelling."""
        return bool(self._shared) and canonical_text in self._shared

    def sharing(self, text: str) -> list[Key]:
        """The running pods with an address that several have, sorted; empty if it is not shared.

        If there are more than `MAX_SHARERS`, any `MAX_SHARERS + 1` of them.
        """
        shared = self._shared.get(address_key(text), {})
        return list(islice(shared, MAX_SHARERS + 1)) if len(shared) > MAX_SHARERS else sorted(shared)


_ENOUGH_PODS = 3
"""The number of running pods that is enough to conclude that no pod in the cluster has a family."""


class PodCounts:
    """The number of running pods on the pod network of each node, by their families, primary first.

    This is the last source of P(n). Pods younger than 60 s are included: they do not change a majority, and a count
    that depends on the clock could not be updated incrementally. `unknown` is the number of pods whose families are
    unknown, for example because a capture hides their addresses. They are in no other count.
    """

    def __init__(self) -> None:
        self._by_node: dict[str, dict[tuple[Family, ...], int]] = {}
        self._total: dict[tuple[Family, ...], int] = {}
        self.unknown = 0
        self._touched: set[str] = set()

    @property
    def unused(self) -> tuple[Family, ...]:
        """The families that no pod on the pod network has, if there are enough pods to tell (DS-POD-006)."""
        if self.unknown or sum(self._total.values()) < _ENOUGH_PODS:
            return ()
        return tuple(family for family in FAMILIES if not any(family in pattern for pattern in self._total))

    def fill(self, groups: Iterable[tuple[str, tuple[Family, ...], int]]) -> None:
        """Add groups of pods: their node, their families, and how many there are."""
        for node, families, number in groups:
            self._count(node, families, number)

    def replace(self, old: Pod | None, new: Pod | None) -> None:
        """Update the counts for one pod."""
        if old is not None and new is not None and counts_alike(old, new):
            return
        for pod, step in ((old, -1), (new, 1)):
            if pod is not None and pod.node_name and pod.ips and holds_address(pod):
                self._count(pod.node_name, read_addresses(pod.ips).families, step)

    def _count(self, node: str, families: tuple[Family, ...], step: int) -> None:
        if not families:
            self.unknown += step
            return
        of_node = self._by_node.setdefault(node, {})
        self._touched.add(node)
        for counts in (of_node, self._total):
            number = counts.get(families, 0) + step
            if number:
                counts[families] = number
            else:
                del counts[families]
        if not of_node:
            del self._by_node[node]

    def of(self, node: str) -> tuple[int, int, int]:
        """The number of pods on a node, of those with IPv4, and of those with IPv6."""
        pods = v4 = v6 = 0
        for families, number in self._by_node.get(node, {}).items():
            pods += number
            v4 += number if V4 in families else 0
            v6 += number if V6 in families else 0
        return (pods, v4, v6)

    def minority_first(self, node: str) -> tuple[Family, ...]:
        """If the dual-stack pods of a node differ in their first family, the rarer first family; both on a tie."""
        counts = self._by_node.get(node, {})
        v4_first, v6_first = counts.get((V4, V6), 0), counts.get((V6, V4), 0)
        if not v4_first or not v6_first:
            return ()
        return FAMILIES if v4_first == v6_first else (V4,) if v4_first < v6_first else (V6,)

    def take_touched(self) -> set[str]:
        """The nodes whose counts changed since the last call."""
        touched, self._touched = self._touched, set()
        return touched

    def touch(self, other: PodCounts) -> None:
        """Mark all nodes of another instance, which this one replaces, as changed."""
        self._touched.update(other._by_node, other._touched)


def counts_alike(old: Pod, new: Pod) -> bool:
    """Whether two states of a pod count the same: it uses the same addresses on the same node."""
    return old.ips == new.ips and old.node_name == new.node_name and holds_address(old) == holds_address(new)


class PodPatterns:
    """The number of running pods by their families, separately for those that use the cluster DNS and for the others.

    DS-CLU-006 looks for families without a common one, and only searches for the pods if there are any.
    """

    def __init__(self) -> None:
        self.counts: dict[tuple[tuple[Family, ...], bool], int] = {}

    def fill(self, groups: Iterable[tuple[tuple[Family, ...], bool, int]]) -> None:
        """Add groups of pods: their families, whether they use the cluster DNS, and how many there are."""
        for families, uses_dns, number in groups:
            self.counts[families, uses_dns] = self.counts.get((families, uses_dns), 0) + number

    def replace(self, old: Pod | None, new: Pod | None) -> bool:
        """Update the counts for one pod.

        Returns whether the pods of a pattern, or what checks read from them, changed.
        """
        if old is not None and new is not None and _runs_alike(old, new):
            return False
        changed = False
        for pod, step in ((old, -1), (new, 1)):
            if pod is None or pod.phase != "Running" or pod.deleted or not pod.ips:
                continue
            changed = True
            pattern = (read_addresses(pod.ips).families, uses_cluster_dns(pod))
            count = self.counts.get(pattern, 0) + step
            if count:
                self.counts[pattern] = count
            else:
                self.counts.pop(pattern, None)
        return changed


def _runs_alike(old: Pod, new: Pod) -> bool:
    return (
        old.ips == new.ips
        and old.phase == new.phase
        and old.deleted == new.deleted
        and old.start_time == new.start_time
        and old.dns_policy == new.dns_policy
        and old.host_network == new.host_network
    )


def uses_cluster_dns(pod: Pod) -> bool:
    """Whether the pod resolves names with the cluster DNS Service.

    `ClusterFirst` on the host network means the resolver of the node (kubernetes/kubernetes
    pkg/kubelet/network/dns/dns.go).
    """
    return pod.dns_policy == "ClusterFirstWithHostNet" or (pod.dns_policy == "ClusterFirst" and not pod.host_network)
