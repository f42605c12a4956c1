"""The counts by family that are updated as objects change equal those of a walk over all objects."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dsview.cluster.state import ClusterState
from dsview.core.address import FAMILIES, families_of
from dsview.kinds.endpoint_slice import Endpoint, EndpointSlice, pack
from dsview.kinds.kind import Kind
from dsview.kinds.load_balancer import LoadBalancerIngress
from dsview.kinds.metadata import Object
from dsview.kinds.node import Node, NodeAddress
from dsview.kinds.service import Service
from dsview.sources.events import Changed

_KINDS = {Node: Kind.NODE, Service: Kind.SERVICE, EndpointSlice: Kind.ENDPOINT_SLICE}
_names = st.sampled_from("abc")
_families = st.sampled_from([("IPv4",), ("IPv6",), ("IPv4", "IPv6"), ("IPv6", "IPv4")])

nodes = st.builds(
    lambda name, ready, ips: Node(name=name, ready=ready, addresses=tuple(NodeAddress("InternalIP", ip) for ip in ips)),
    _names,
    st.booleans(),
    st.lists(st.sampled_from(["192.0.2.1", "2001:db8::1", "fe80::1", "nonsense"]), max_size=2),
)
services = st.builds(
    lambda name, kind, families, vips: Service(
        name=name, namespace="n", type=kind, ip_families=families, load_balancer_ingress=tuple(vips)
    ),
    _names,
    st.sampled_from(["ClusterIP", "LoadBalancer", "ExternalName"]),
    _families,
    st.lists(
        st.sampled_from(
            [LoadBalancerIngress("203.0.113.1"), LoadBalancerIngress("2001:db8::2"), LoadBalancerIngress(hostname="lb")]
        ),
        max_size=2,
    ),
)


def slice_of(name: str, service: str, family: str, ready: list[bool]) -> EndpointSlice:
    """A slice with an endpoint for each of `ready`."""
    size, rows = pack(
        Endpoint((f"192.0.2.{i}",), ready=is_ready, target=("n", f"p{i}"), target_uid="", node_name="x")
        for i, is_ready in enumerate(ready)
    )
    return EndpointSlice(name=name, namespace="n", service_name=service, address_type=family, size=size, rows=rows)


slices = st.builds(
    slice_of,
    _names,
    st.sampled_from(["a", "b", ""]),
    st.sampled_from([*FAMILIES, "FQDN"]),
    st.lists(st.booleans(), max_size=3),
)
steps = st.lists(st.tuples(st.one_of(nodes, services, slices), st.booleans()), max_size=30)


def recounted(state: ClusterState) -> dict[str, dict[str, int]]:
    """The counts of a walk."""
    found: dict[str, dict[str, int]] = {}
    for family in FAMILIES:
        having = [s for s in state.services if family in s.families]
        balancers = [s for s in having if s.type == "LoadBalancer"]
        vips = {s.key: families_of(tuple(e.ip for e in s.load_balancer_ingress if e.ip)) for s in balancers}
        told = [s for s in balancers if vips[s.key] or not any(e.hostname for e in s.load_balancer_ingress)]
        live = {
            (item.namespace, item.service_name)
            for item in state.endpoint_slices
            if item.address_type == family and any(e.ready for e in item.endpoints())
        }
        internal = [families_of(tuple(a for a in n.addresses_of("InternalIP") if a[:4] != "fe80")) for n in state.nodes]
        found[family] = {
            "nodes": sum(family in has for has in internal),
            "nodes of": len(internal),
            "services": len(having),
            "services of": sum(bool(s.families) for s in state.services),
            "endpoints": sum(s.key in live for s in having),
            "endpoints of": len(having),
            "vips": sum(family in vips[s.key] for s in told),
            "vips of": len(told),
        }
    return found


@settings(max_examples=300, deadline=None)
@given(steps)
def test_counts_kept_on_the_way_are_those_of_a_walk(taken: list[tuple[Object, bool]]) -> None:
    state = ClusterState()
    for item, stays in taken:
        kind = _KINDS[type(item)]
        state.apply(Changed(kind, [item]) if stays else Changed(kind, [], [item.key]))
    family_counts = state.family_counts
    tallies = {
        "nodes": family_counts.nodes,
        "services": family_counts.services,
        "endpoints": family_counts.endpoints,
        "vips": family_counts.load_balancers,
    }
    kept = {
        family: {
            name + suffix: count[family]
            for name, tally in tallies.items()
            for suffix, count in (("", tally.having), (" of", tally.of))
        }
        for family in FAMILIES
    }
    assert kept == recounted(state)
    assert family_counts.unready_nodes == {node.key for node in state.nodes if not node.ready}


def test_a_service_that_loses_its_last_ready_endpoint_of_a_family_has_turned() -> None:
    state = ClusterState()
    state.apply(
        Changed(Kind.ENDPOINT_SLICE, [slice_of("one", "web", "IPv6", [True]), slice_of("two", "web", "IPv6", [True])])
    )
    assert state.family_counts.take_changed_endpoints() == [(("n", "web"), "IPv6", True)]
    state.apply(Changed(Kind.ENDPOINT_SLICE, [slice_of("one", "web", "IPv6", [False])]))
    assert state.family_counts.take_changed_endpoints() == []
    state.apply(Changed(Kind.ENDPOINT_SLICE, [], [("n", "two")]))
    assert state.family_counts.take_changed_endpoints() == [(("n", "web"), "IPv6", False)]


def test_a_service_that_lost_and_regained_an_endpoint_meanwhile_has_not_turned() -> None:
    state = ClusterState()
    state.apply(Changed(Kind.ENDPOINT_SLICE, [slice_of("one", "web", "IPv4", [True])]))
    state.family_counts.take_changed_endpoints()
    for ready in (False, True):
        state.apply(Changed(Kind.ENDPOINT_SLICE, [slice_of("one", "web", "IPv4", [ready])]))
    assert state.family_counts.take_changed_endpoints() == []
