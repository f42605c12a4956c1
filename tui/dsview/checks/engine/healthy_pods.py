"""Recognises healthy pods, for which no check has findings, at a tenth of the cost of running all checks.

A healthy pod may be missed, because all checks then run for it, but no other pod may be called healthy. A property test
verifies that no check reports such a pod or schedules a recheck of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from dsview.cluster.node_facts import NodeFacts
from dsview.cluster.profile import Profile
from dsview.cluster.state import ClusterState
from dsview.core.address import family_of
from dsview.core.cidr import Cidr, parse_cidrs
from dsview.kinds.endpoint_slice import EndpointSlice
from dsview.kinds.pod import Pod

_V4_IN_V6 = b"\0" * 10
"""The prefixes of v4-mapped and v4-compatible addresses."""


def _good_first_bytes() -> tuple[frozenset[int], frozenset[int]]:
    """First bytes of addresses that DS-ADR-001 never reports: unicast, and not in a special range."""
    v4 = frozenset(range(1, 224)) - {127, 169}
    v6 = frozenset((*range(0x20, 0x40), 0xFC, 0xFD))
    return v4, v6


_GOOD_V4, _GOOD_V6 = _good_first_bytes()


class HealthyPods:
    """Tells healthy pods from others until the state or the profile changes. `nodes` are the facts of nodes by name."""

    def __init__(self, state: ClusterState, profile: Profile, nodes: Mapping[str, NodeFacts]) -> None:
        self._nodes = nodes
        self._shared = state.pod_addresses
        self._events = state.events_about if len(state.events_about) else None
        self._service_ranges = parse_cidrs(profile.service_cidrs)
        self._ranges_of = state.conformity.ranges_of if profile.conforming else _no_ranges

    def __contains__(self, pod: Pod) -> bool:
        ips = pod.pod_ips
        # DS-API-001 also compares the identity of the strings: `decode` makes equal ones identical.
        if pod.host_network or not ips or pod.pod_ip is not ips[0] or pod.host_ips[:1] != (pod.host_ip,):
            return False
        if self._events is not None and pod.key in self._events:
            return False
        ranges = self._ranges_of(pod.node_name)
        sizes = 0
        for text in ips:
            raw = self._ordinary_address(text, ranges)
            if raw is None:
                return False
            sizes |= len(raw)
        facts = self._nodes.get(pod.node_name)
        if sizes == 20:  # 4 and 16: both families
            is_usual = facts is None or not facts.minority_first
            return is_usual and family_of(pod.host_ip) == ("IPv6" if ":" in ips[0] else "IPv4")
        return facts is None or facts.pod_families in ((), ("IPv4" if sizes == 4 else "IPv6",))

    def _ordinary_address(self, text: str, ranges: tuple[Cidr, ...]) -> bytes | None:
        """The packed address if it is canonical, unicast, not shared, and in the right range; otherwise None."""
        kind = AF_INET6 if ":" in text else AF_INET
        try:
            raw = inet_pton(kind, text)
        except (OSError, ValueError):
            return None
        if raw[0] not in (_GOOD_V6 if kind is AF_INET6 else _GOOD_V4) or inet_ntop(kind, raw) != text:
            return None
        size = len(raw)
        if self._shared.is_shared(text):
            return None
        for cidr in self._service_ranges:
            if len(cidr.first) == size and cidr.first <= raw <= cidr.last:
                return None
        for cidr in ranges:
            if len(cidr.first) == size and not cidr.first <= raw <= cidr.last:
                return None
        return raw


def has_ordinary_addresses(item: EndpointSlice) -> bool:
    """Whether every address of a slice has its addressType and is canonical, so that DS-ADR-002 can skip them."""
    kind = AF_INET if item.address_type == "IPv4" else AF_INET6 if item.address_type == "IPv6" else None
    if kind is None:
        return False
    try:
        for row in item.packed():
            text = row.split("\t", 2)[1]
            raw = inet_pton(kind, text)
            if inet_ntop(kind, raw) != text or raw.startswith(_V4_IN_V6):
                return False
    except (OSError, ValueError):
        return False
    return True


def _no_ranges(node: str) -> tuple[Cidr, ...]:
    return ()
