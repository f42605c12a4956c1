"""DS-NODE: node addresses and pod ranges, each node against its peers. Asked for all nodes at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator

from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import families, names, quoted, ref, reregister_node
from dsview.cluster.profile import NodeFacts
from dsview.cluster.relations import in_order
from dsview.core.address import FAMILIES, Family, families_of, first_of, is_usable, other, packed
from dsview.core.cidr import Cidr, parse_cidr, parse_cidrs
from dsview.core.finding import ObjectRef, Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Node


def _nodes(ctx: Context) -> list[Node]:
    return sorted(ctx.state.nodes, key=lambda node: node.name)


def _node_ref(name: str) -> ObjectRef:
    return ObjectRef("Node", None, name)


@check(
    "DS-NODE-001",
    "internal-ip-family",
    Severity.ERROR,
    title="Node has no InternalIP of a Service family",
    condition="A Ready node has no usable InternalIP of a family that the cluster serves: an error in a dual-stack "
    "cluster, else a warning. A note where the family is only an ExternalIP, where only peers have it, or on Windows.",
    why="Host-network pods, NodePorts and kubelet traffic of that node do not work over the family.",
    fix="Start the node's kubelet with --node-ip=<IPv4 address>,<IPv6 address> and restart it.",
    not_when="Virtual and Fargate nodes, and nodes that a cloud provider has not initialised yet.",
    source="checks.md §4 and §1.11",
    needs=(Kind.NODE,),
    uses=(Kind.SERVICE, Kind.SERVICE_CIDR),
    of_service_families=True,
)
def internal_ip_family(ctx: Context) -> Iterator[Problem]:
    """Families of S that a node's InternalIPs lack."""
    peers: Counter[Family] = Counter()
    for peer in ctx.nodes.values():
        if peer.ready and not peer.virtual:
            peers.update(peer.internal)
    served = ctx.profile.service_families
    if not served:
        return
    for node in _nodes(ctx):
        facts = ctx.nodes.get(node.name)
        if facts is None or not facts.ready or facts.virtual or facts.uninitialized:
            continue
        for family in FAMILIES:
            if family not in facts.internal and (family in served or peers[family]):
                yield _internal_problem(ctx, node, facts, family)


def _internal_problem(ctx: Context, node: Node, facts: NodeFacts, family: Family) -> Problem:
    has = names(a.address for a in node.addresses if a.type == "InternalIP") or "none"
    if not ctx.serves(family):
        severity = Severity.NOTE
        why = f"other nodes have one, and the cluster serves {families(ctx.profile.service_families)} only"
    elif family in facts.external:
        severity, why = Severity.NOTE, f"its {family} address is an ExternalIP"
    elif "windows" in (node.operating_system, node.labels.get("kubernetes.io/os")):
        severity, why = Severity.NOTE, "it runs Windows"
    else:
        severity = Severity.ERROR if ctx.is_dual() else Severity.WARNING
        why = f"the cluster serves {families(ctx.profile.service_families)}"
    return Problem(
        message=f"No {family} InternalIP: the node reports {has}; {why}.",
        severity=severity,
        object=_node_ref(node.name),
        family=family,
        field="status.addresses",
        observed=has,
        expected=f"an InternalIP of {family}",
        fix=_give_node_ips(ctx, node, family),
    )


def _give_node_ips(ctx: Context, node: Node, lacking: Family) -> str:
    """What to do on the node, with the addresses that it has, in the order of the cluster's families."""
    usable = [address for address in node.addresses_of("InternalIP") if is_usable(address)]
    wanted = dict.fromkeys((*ctx.profile.service_families, lacking))
    ips = ",".join(first_of(tuple(usable), family) or f"<its {family} address>" for family in wanted)
    return safe(f"On node {node.name}, start the kubelet with --node-ip={ips} and restart it.")


@check(
    "DS-NODE-002",
    "pod-cidr-family",
    Severity.ERROR,
    title="Node has a pod range of one family only",
    condition="The node has podCIDRs of one family while some node has two.",
    why="The node registered before the cluster had the second pod range. Its pods get one family for good.",
    fix="Drain the node, delete its Node object and let the kubelet register it again; podCIDRs is immutable.",
    not_when="A CNI annotation supplies the family, or the node's pods have it nevertheless.",
    source="checks.md §4",
    needs=(Kind.NODE,),
    uses=(Kind.POD,),
    of_pods=(),
)
def pod_cidr_family(ctx: Context) -> Iterator[Problem]:
    """One pod range where peers have two."""
    example = next((f.name for f in sorted(ctx.nodes.values(), key=lambda f: f.name) if len(f.cidrs) == 2), None)
    if example is None:
        return
    for node in _nodes(ctx):
        facts = ctx.nodes.get(node.name)
        if facts is None or len(facts.cidrs) != 1 or facts.virtual:
            continue
        family = other(facts.cidrs[0])
        if family in facts.supplied:
            continue
        yield Problem(
            message=f"No {family} podCIDR: the node has {', '.join(node.cidrs)} only, while {example} has both "
            f"families; pods on it get {facts.cidrs[0]} only.",
            object=_node_ref(node.name),
            family=family,
            field="spec.podCIDRs",
            observed=", ".join(node.cidrs),
            expected="a podCIDR of each family",
            fix=reregister_node(node),
            related=(_node_ref(example),),
        )


def _ranges(node: Node) -> list[tuple[int, Cidr]]:
    return [(i, cidr) for i, text in enumerate(node.cidrs) if (cidr := parse_cidr(text)) is not None]


@check(
    "DS-NODE-003",
    "pod-cidr-overlap",
    Severity.ERROR,
    title="Pod ranges of two nodes overlap",
    condition="A podCIDR of the node shares addresses with a podCIDR of another node. A warning where Cilium gives out "
    "pod ranges itself.",
    why="Two pods can get one address, and routes to the range lead to one of the nodes only.",
    fix="Drain and re-register one of the nodes.",
    not_when="The CNI plug-in gives out addresses by itself and ignores podCIDRs.",
    source="checks.md §4",
    needs=(Kind.NODE,),
)
def pod_cidr_overlap(ctx: Context) -> Iterator[Problem]:
    """Pod ranges that share addresses."""
    rows = sorted(
        (
            (cidr.family, cidr.first, cidr.last, node.name, i, cidr, node)
            for node in _nodes(ctx)
            for i, cidr in _ranges(node)
        ),
        key=lambda row: row[:5],
    )
    clashes: dict[tuple[str, int], tuple[Node, Cidr, dict[str, Cidr]]] = {}
    widest = None
    for row in rows:
        _, first, _, name, i, cidr, node = row
        if widest is not None and widest[0] == cidr.family and first <= widest[2] and widest[3] != name:
            clashes.setdefault((name, i), (node, cidr, {}))[2][widest[3]] = widest[5]
            clashes.setdefault((widest[3], widest[4]), (widest[6], widest[5], {}))[2][name] = cidr
        if widest is None or widest[0] != cidr.family or cidr.last > widest[2]:
            widest = row
    for (name, i), (node, cidr, others) in sorted(clashes.items(), key=lambda item: item[0]):
        by_cilium = any(key.endswith("-pod-cidr") for key, _ in node.annotations)
        yield Problem(
            message=f"podCIDR {cidr.text} overlaps "
            f"{names(f'{c.text} of node {n}' for n, c in sorted(others.items()))}.",
            severity=Severity.WARNING if by_cilium else None,
            object=_node_ref(name),
            family=cidr.family,
            field=f"spec.podCIDRs[{i}]",
            observed=cidr.text,
            expected="a range of its own",
            fix=reregister_node(node),
            related=tuple(map(_node_ref, sorted(others))),
        )


@check(
    "DS-NODE-004",
    "cidr-collision",
    Severity.ERROR,
    title="Pod range collides with Service or node addresses",
    condition="A podCIDR overlaps a Service range, or contains the InternalIP of a node.",
    why="Packets to a Service or a node are taken for pod traffic, or the other way round.",
    fix="Renumber one of the ranges.",
    not_when="The CNI plug-in gives out addresses by itself and ignores podCIDRs.",
    source="checks.md §4",
    needs=(Kind.NODE,),
    uses=(Kind.SERVICE_CIDR,),
)
def cidr_collision(ctx: Context) -> Iterator[Problem]:
    """A podCIDR that other addresses lie in."""
    services = parse_cidrs(ctx.profile.service_cidrs)
    addresses = sorted(
        (len(raw), raw, text, node.name)
        for node in ctx.state.nodes
        for text in node.addresses_of("InternalIP")
        if is_usable(text) and (raw := packed(text)) is not None
    )
    keys = [(size, raw) for size, raw, _, _ in addresses]
    for node in _nodes(ctx):
        for i, cidr in _ranges(node):
            size = len(cidr.first)
            inside = addresses[bisect_left(keys, (size, cidr.first)) : bisect_right(keys, (size, cidr.last))]
            hit = next((s for s in services if s.overlaps(cidr)), None)
            if hit is None and not inside:
                continue
            what = (
                f"overlaps the Service range {hit.text}"
                if hit is not None
                else f"contains InternalIP {inside[0][2]} of node {inside[0][3]}"
            )
            yield Problem(
                message=f"podCIDR {cidr.text} {what}.",
                object=_node_ref(node.name),
                family=cidr.family,
                field=f"spec.podCIDRs[{i}]",
                observed=cidr.text,
                expected="a range apart from Services and nodes",
                related=tuple(_node_ref(name) for _, _, _, name in inside[:20]),
            )


@check(
    "DS-NODE-005",
    "pod-cidr-order",
    Severity.ERROR,
    title="Pod ranges in another order than on other nodes",
    condition="Two dual-stack nodes name the families of their podCIDRs in different order.",
    why="kube-controller-manager matches podCIDRs with its --cluster-cidr by position, and stops where they do "
    "not fit.",
    fix="Restore the order of --cluster-cidr, or re-register the nodes that differ.",
    not_when="Something else than kube-controller-manager allocates podCIDRs.",
    source="checks.md §4",
    needs=(Kind.NODE,),
)
def pod_cidr_order(ctx: Context) -> Iterator[Problem]:
    """Nodes whose order is not that of most dual nodes."""
    dual = [(node, facts) for node in _nodes(ctx) if (facts := ctx.nodes.get(node.name)) and len(facts.cidrs) == 2]
    orders = Counter(facts.cidrs for _, facts in dual)
    if len(orders) < 2:
        return
    (first, n), (_, m) = orders.most_common(2)
    if n == m:
        oldest = min(dual, key=lambda pair: (pair[0].created, pair[0].name))
        first = oldest[1].cidrs
    example = next(node.name for node, facts in dual if facts.cidrs == first)
    for node, facts in dual:
        if facts.cidrs != first:
            yield Problem(
                message=f"podCIDRs name {' before '.join(facts.cidrs)} ({', '.join(node.cidrs)}), on {example} and "
                f"most nodes {' before '.join(first)}.",
                object=_node_ref(node.name),
                field="spec.podCIDRs",
                observed=", ".join(node.cidrs),
                expected=f"{' before '.join(first)}",
                fix=reregister_node(node),
                related=(_node_ref(example),),
            )


@check(
    "DS-NODE-006",
    "provided-node-ip",
    Severity.WARNING,
    title="Kubelet's --node-ip and the node's addresses disagree",
    condition="The families in the annotation alpha.kubernetes.io/provided-node-ip are not those of the InternalIPs.",
    why="The kubelet was told of families that the cloud provider does not report, or the other way round.",
    fix="Configure the cloud controller for both families, or correct the kubelet's --node-ip.",
    not_when="The cloud provider is still setting the node up.",
    source="checks.md §4",
    subjects=(Kind.NODE,),
)
def provided_node_ip(node: Node, ctx: Context) -> Iterator[Problem]:
    """What the kubelet was given, against what the cloud reports."""
    facts = ctx.node(node.name)
    given = tuple(part.strip() for part in node.annotation("alpha.kubernetes.io/provided-node-ip").split(","))
    provided = families_of(tuple(text for text in given if is_usable(text)))
    if facts is None or facts.virtual or facts.uninitialized or not provided:
        return
    if set(provided) != set(facts.internal):
        differing = next(f for f in FAMILIES if (f in provided) != (f in facts.internal))
        yield Problem(
            message=f"The kubelet's --node-ip is {', '.join(given)} ({families(provided)}), but the node's "
            f"InternalIPs are {families(facts.internal)}.",
            family=differing,
            field="status.addresses",
            observed=families(facts.internal),
            expected=families(provided),
        )


_EXHAUSTED = ("CIDRNotAvailable", "CIDRAssignmentFailed")


@check(
    "DS-NODE-007",
    "no-pod-cidr",
    Severity.ERROR,
    title="Node has no pod range",
    condition="The node has no podCIDRs while other nodes have some, or an event CIDRNotAvailable or "
    "CIDRAssignmentFailed names it.",
    why="The cluster's pod range is used up in one of the families; then a node gets neither. No pod starts there.",
    fix="Give kube-controller-manager a larger --cluster-cidr.",
    not_when="The CNI supplies pod ranges itself, as annotations or the addresses of the node's pods show.",
    source="checks.md §4",
    needs=(Kind.NODE,),
    uses=(Kind.EVENT,),
)
def no_pod_cidr(ctx: Context) -> Iterator[Problem]:
    """Nodes that were left without a range."""
    peers = sum(1 for facts in ctx.nodes.values() if facts.cidrs)
    events = {e.involved_name: e for e in in_order(ctx.state.events) if e.reason in _EXHAUSTED}
    for node in _nodes(ctx):
        facts = ctx.nodes.get(node.name)
        if facts is None or node.cidrs or facts.virtual:
            continue
        event = events.get(node.name)
        if event is None and (facts.supplied or not peers or not ctx.older_than(node.created, 60)):
            continue
        said = f" {quoted(event)}" if event is not None else ""
        yield Problem(
            message=f"No podCIDR{f', while {peers} other nodes have one' if peers else ''}.{said}",
            object=_node_ref(node.name),
            field="spec.podCIDRs",
            observed="none",
            expected="a podCIDR of each family",
            related=(ref("Event", event),) if event is not None else (),
            grace=0 if event is not None else 60,
        )
