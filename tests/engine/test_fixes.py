"""A fix that is a patch removes its finding and causes no other; no two fixes contradict, and none opens access."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dsview.core.address import FAMILIES, V4, V6, Family
from dsview.core.cidr import parse_cidrs
from dsview.core.finding import Finding, Severity
from dsview.kinds.config_map import ConfigMap
from dsview.kinds.container import Container, ContainerPort
from dsview.kinds.kind import Kind
from dsview.kinds.load_balancer import LoadBalancerIngress
from dsview.kinds.metadata import OwnerRef
from dsview.kinds.node import Node, NodeAddress
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service, ServicePort
from dsview.kinds.service_cidr import ServiceCIDR
from dsview.session.session import Session
from dsview.sources.events import Item
from tests.engine.objects import START, some_objects
from tests.engine.test_agreement import session_of
from tests.support.agreement import assert_agreement
from tests.support.repairs import Objects, is_patch, patches_in, repaired, served, slice_of, sync_slices

LONG_AGO = START - 100_000
FAMILY_SETS: tuple[tuple[Family, ...], ...] = ((V4,), (V6,), (V4, V6), (V6, V4))
CONTROLLER = Container(
    "controller",
    "registry.test/ingress-nginx/controller:v1",
    ("/nginx-ingress-controller", "--publish-service=shop/edge"),
    (ContainerPort("http", 80, "TCP"), ContainerPort("https", 443, "TCP")),
    ("httpGet",),
)


SHORT = {"DS-EPS-001", "DS-EPS-002", "DS-EPS-003", "DS-EPS-008"}
"""Checks of which one takes the place of another where a Service gets or loses its other family."""


def _ips(number: int, families: Iterable[Family]) -> tuple[str, ...]:
    return tuple({V4: f"10.244.{number}.7", V6: f"fd00:244:{number}::7"}[family] for family in families)


@st.composite
def clusters(draw: st.DrawFn) -> Objects:
    """Three Services with their pods on two nodes, with possible faults."""
    served_families = draw(st.sampled_from(FAMILY_SETS[2:] * 3 + FAMILY_SETS[:1]))
    objects: Objects = {}

    def add(kind: Kind, item: Item) -> None:
        objects[(kind, item.key)] = item

    ranges = {V4: "10.96.0.0/16", V6: "fd00:96::/112"}
    add(Kind.SERVICE_CIDR, ServiceCIDR(name="kubernetes", cidrs=tuple(ranges[f] for f in served_families)))
    for number in (1, 2):
        internal = draw(st.sampled_from([FAMILIES, FAMILIES, (V4,)]))
        cidrs = draw(st.sampled_from([FAMILIES, FAMILIES, (V4,)]))
        texts = {V4: f"192.0.2.{number}", V6: f"2001:db8::{number}"}
        add(
            Kind.NODE,
            Node(
                name=f"n{number}",
                created=LONG_AGO,
                ready=True,
                kubelet_version="v1.36.0",
                addresses=tuple(NodeAddress("InternalIP", texts[f]) for f in internal),
                pod_cidrs=tuple({V4: f"10.244.{number}.0/24", V6: f"fd00:244:{number}::/64"}[f] for f in cidrs),
                provider_id=draw(st.sampled_from(["", "", "hcloud://1"])),
            ),
        )
    number = 0
    for name in ("web", "api", "edge"):
        for index in range(draw(st.integers(0, 2))):
            number += 1
            on_host = draw(st.sampled_from([False, False, False, True]))
            ips = _ips(number, draw(st.sampled_from(((V4, V6), (V4, V6), (V4,), (V6,)))))
            add(
                Kind.POD,
                Pod(
                    name=f"{name}-{index}",
                    namespace="shop",
                    uid=f"u{number}",
                    created=LONG_AGO,
                    labels={"app": name, "pod-template-hash": "a"},
                    owner=OwnerRef("ReplicaSet", f"{name}-a"),
                    node_name=draw(st.sampled_from(["n1", "n2"])),
                    host_network=on_host,
                    phase="Running",
                    ready=draw(st.sampled_from([True, True, True, False])),
                    ready_since=LONG_AGO,
                    start_time=LONG_AGO,
                    pod_ip=ips[0],
                    pod_ips=ips,
                    containers=(CONTROLLER,) if name == "edge" else (),
                ),
            )
        service = draw(_services(name))
        add(Kind.SERVICE, service)
        if service.selector and draw(st.sampled_from([True, True, True, False])):
            sync_slices(objects, service)
        else:
            pods = [item for item in objects.values() if isinstance(item, Pod) and item.labels.get("app") == name]
            families = service.families[:1] if service.selector else draw(st.sampled_from(FAMILY_SETS))
            for family in families:
                add(Kind.ENDPOINT_SLICE, slice_of(service, family, pods, by_hand=not service.selector))
    if draw(st.booleans()):
        data = draw(st.sampled_from([{}, {"disable-ipv6": "true"}]))
        add(Kind.CONFIG_MAP, ConfigMap(name="ingress-nginx-controller", namespace="shop", data=data))
    return objects


@st.composite
def _services(draw: st.DrawFn, name: str) -> Service:
    families = draw(st.sampled_from(FAMILY_SETS))
    policies = ["SingleStack", "PreferDualStack"] if len(families) == 1 else ["PreferDualStack", "RequireDualStack"]
    kind = draw(st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer", "LoadBalancer"]))
    service = served(
        Service(
            name=name,
            namespace="shop",
            uid=name,
            created=LONG_AGO,
            type=kind,
            cluster_ip=draw(st.sampled_from(["", "", "", "None"])) if kind == "ClusterIP" else "",
            ip_families=families,
            ip_family_policy=draw(st.sampled_from(policies)),
            selector=draw(st.sampled_from([{"app": name}, {"app": name}, {"app": name}, {}])),
            ports=(ServicePort("http", "TCP", 80, "http", 30080),),
            external_ips=draw(st.sampled_from([(), (), ("198.51.100.7",), ("2001:db8:7::7",)])),
        )
    )
    if kind != "LoadBalancer":
        return service
    entries = [(), ("203.0.113.7",), ("2001:db8:1::7",), ("203.0.113.7", "2001:db8:1::7")]
    vips = tuple(LoadBalancerIngress(ip) for ip in draw(st.sampled_from(entries)))
    ranges = draw(st.sampled_from([(), (), ("198.51.100.0/24",), ("0.0.0.0/0",), ("2001:db8:9::/48",)]))
    fields: dict[str, Any] = {"load_balancer_ingress": vips, "load_balancer_source_ranges": ranges}
    return Service(**{**{f: getattr(service, f) for f in service.__struct_fields__}, **fields})


def evaluated(objects: Objects) -> Session:
    """A session of these objects."""
    return session_of([(kind, item) for (kind, _), item in objects.items()])


def grave(session: Session) -> dict[Any, Finding]:
    """The errors and warnings, by identity."""
    return {finding.identity: finding for finding in session.findings if finding.severity is not Severity.NOTE}


def was_there(finding: Finding, before: Iterable[Finding]) -> bool:
    """Whether it repeats an earlier finding in other words: a family of a Service has no endpoint."""
    return finding.check in SHORT and any(
        f.check in SHORT and f.object == finding.object and f.family in (finding.family, None) for f in before
    )


@given(clusters())
def test_a_patch_removes_its_finding_and_raises_no_other(objects: Objects) -> None:
    session = evaluated(objects)
    assert_agreement(session)
    before = grave(session)
    for finding in list(session.findings):
        if is_patch(finding):
            after = evaluated(repaired(objects, finding))
            assert after.findings.get(finding.identity) is None, finding
            raised = [f for identity, f in grave(after).items() if identity not in before]
            assert all(was_there(f, before.values()) for f in raised), (finding, raised)


@given(st.one_of(clusters().map(lambda found: [(k, i) for (k, _), i in found.items()]), some_objects(largest=9)))
def test_no_two_fixes_set_a_field_to_two_values_and_none_lets_the_world_in(objects: list[tuple[Kind, Item]]) -> None:
    session = session_of(objects)
    values: dict[tuple[str, Any, str], dict[str, Finding]] = {}
    for finding in session.findings:
        for patch in patches_in(finding.fix or "", with_later=True):
            for path, value in patch.fields().items():
                values.setdefault((patch.kind, patch.key, path), {})[json.dumps(value)] = finding
            ranges = patch.body.get("spec", {}).get("loadBalancerSourceRanges")
            service = session.state.services.get(patch.key)
            if ranges is not None and service is not None:
                added = set(ranges) - set(service.load_balancer_source_ranges)
                assert all(cidr.prefix_length in (32, 128) for cidr in parse_cidrs(added)), finding
        for world in ("::/0", "0.0.0.0/0"):
            assert world not in (finding.fix or "") or world in (finding.observed or ""), finding
    for field, found in values.items():
        assert len(found) == 1, (field, found)
