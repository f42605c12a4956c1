"""DS-POD: whether each pod has the addresses that its node and its Services ask for."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import families, names, quoted, recreate_pods, ref
from dsview.core.address import Family, families_of, family_of, is_mapped, is_usable, packed
from dsview.core.cidr import parse_cidrs
from dsview.core.finding import Cause, ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Node, Pod


def _node_ref(pod: Pod) -> ObjectRef:
    return ObjectRef("Node", None, pod.node_name)


@check(
    "DS-POD-001",
    "pod-lacks-family",
    Severity.WARNING,
    title="Pod lacks a family that its node gives to pods",
    condition="A running pod of the pod network has no address of a family that its node's pods have. An error where "
    "a Service with that family selects the pod; a note where the pod asks its CNI for addresses of its own.",
    why="The pod was created before its node had the family. It never gets the address without being recreated, and "
    "drops out of every Service in that family.",
    fix="Recreate the pod.",
    not_when="The pod is pending, finished, terminating, younger than 60 s, or on the host's network.",
    source="checks.md §4",
    subjects=(Kind.POD,),
    needs=(Kind.NODE, Kind.SERVICE),
)
def pod_lacks_family(pod: Pod, ctx: Context) -> Iterator[Problem]:
    """A family of P(node) that the pod has no address of."""
    node = ctx.node(pod.node_name)
    if node is None or pod.host_network:
        return
    has = families_of(pod.ips)
    missing = [family for family in node.pod_families if family not in has]
    if not missing or not ctx.elig(pod):
        return
    selecting = ctx.state.selectors.selecting(pod)
    for family in missing:
        wanting = sorted(s.name for s in selecting if family in s.families)
        severity = Severity.NOTE if pod.ipam else Severity.ERROR if wanting else None
        effect = f"; {names(wanting)} cannot reach it over {family}" if wanting else ""
        asked = f" It asks its CNI for addresses of its own ({names(pod.ipam)})." if pod.ipam else ""
        yield Problem(
            message=f"No {family} address: the pod has {names(pod.ips)} only, while node {pod.node_name} gives its "
            f"pods {families(node.pod_families)}{effect}.{asked}",
            severity=severity,
            family=family,
            field="status.podIPs",
            observed=", ".join(pod.ips),
            expected=f"addresses of {families(node.pod_families)}",
            fix=recreate_pods([pod]),
            related=(_node_ref(pod), *(ObjectRef("Service", pod.namespace, name) for name in wanting)),
            causes=(Cause("DS-NODE-002", _node_ref(pod), family),),
        )


_LOCAL_PROVIDERS = {"kind", "k3s", "k0s", "minikube", "rke2"}
_PROVIDED = "alpha.kubernetes.io/provided-node-ip"


def _has_cloud_order(node: Node) -> bool:
    """Whether an external cloud provider orders the node's addresses and no --node-ip overrides it."""
    scheme = node.provider_id.partition(":")[0]
    return bool(scheme) and scheme not in _LOCAL_PROVIDERS and not node.annotation(_PROVIDED)


@check(
    "DS-POD-002",
    "order-differs",
    Severity.NOTE,
    title="Pod's first family differs from its host's",
    condition="A dual-stack pod's first podIP is of another family than its first hostIP.",
    why="podIP, probes and the downward API show the other family than the node does.",
    fix="Give the kubelet an explicit --node-ip=<first>,<second> in the wanted order.",
    not_when="An external cloud provider orders the node's addresses and no --node-ip was given.",
    source="checks.md §4 and §1.8",
    subjects=(Kind.POD,),
    uses=(Kind.NODE,),
)
def order_differs(pod: Pod, ctx: Context) -> Iterator[Problem]:
    """The lists of podIPs and hostIPs begin with different families."""
    has = families_of(pod.ips)
    if len(has) != 2 or not pod.host_addresses:
        return
    host = family_of(pod.host_addresses[0])
    if host is None or host == has[0] or not ctx.elig(pod):
        return
    node = ctx.state.nodes.get(("", pod.node_name))
    if node is not None and _has_cloud_order(node):
        return
    yield Problem(
        message=f"podIPs begins with {has[0]} ({pod.ips[0]}), hostIPs with {host} ({pod.host_addresses[0]}).",
        family=has[0],
        field="status.podIPs[0]",
        observed=has[0],
        expected=host,
        related=(_node_ref(pod),),
    )


@check(
    "DS-POD-003",
    "host-network-stale",
    Severity.WARNING,
    title="Host-network pod has fewer families than its node",
    condition="A running pod on the host's network has addresses of fewer families than its node's InternalIPs, or an "
    "event HostIPsIPFamilyMismatch names it.",
    why="The node got a family after the pod started; what binds the pod's addresses still serves the old one only.",
    fix="Recreate the pod.",
    not_when="The process binds every address of the node: it serves the new family, and only the report is old.",
    source="checks.md §4",
    subjects=(Kind.POD,),
    needs=(Kind.NODE,),
    uses=(Kind.EVENT,),
)
def host_network_stale(pod: Pod, ctx: Context) -> Iterator[Problem]:
    """The podIPs are a strict part of the node's InternalIPs, by family."""
    if not pod.host_network:
        return
    node = ctx.node(pod.node_name)
    has = set(families_of(pod.ips))
    missing: list[Family] = [f for f in node.internal if f not in has] if node is not None else []
    is_part = node is not None and bool(missing) and has <= set(node.internal)
    event = None if is_part else _mismatch_event(pod, ctx)
    if not (is_part or event) or not ctx.elig(pod):
        return
    node_has = families(node.internal) if node is not None else "unknown families"
    family = missing[0] if missing else None
    yield Problem(
        message=f"The pod has {names(pod.ips)} only, but node {pod.node_name} has {node_has} now."
        if is_part
        else f"An event says that the pod's addresses do not fit its host's: {event}",
        family=family,
        field="status.podIPs",
        observed=", ".join(pod.ips),
        expected=f"addresses of {node_has}",
        fix=recreate_pods([pod]),
        related=(_node_ref(pod),),
        causes=(Cause("DS-NODE-001", _node_ref(pod), family),),
    )


def _mismatch_event(pod: Pod, ctx: Context) -> str | None:
    for event in reversed(ctx.state.events_about.about(pod.key)):
        is_mismatch = event.involved_kind == "Pod" and event.reason == "HostIPsIPFamilyMismatch"
        if is_mismatch and event.last_seen >= pod.start_time:
            return quoted(event)
    return None


@check(
    "DS-POD-004",
    "outside-pod-cidr",
    Severity.NOTE,
    title="Pod address outside its node's pod range",
    condition="A podIP lies outside its node's podCIDRs of that family, where at least 90 % of the cluster's pods lie "
    "inside theirs.",
    why="The address comes from an older range of the node; routes to it may be gone.",
    fix="Recreate the pod.",
    not_when="The CNI does not use podCIDRs, which is seen by how many pods conform.",
    source="checks.md §4",
    subjects=(Kind.POD,),
    needs=(Kind.NODE,),
)
def outside_pod_cidr(pod: Pod, ctx: Context) -> Iterator[Problem]:
    """A podIP that is not of its node."""
    conforming = ctx.profile.conforming
    if pod.host_network or not conforming:
        return
    node = ctx.state.nodes.get(("", pod.node_name))
    if node is None:
        return
    ranges = parse_cidrs(node.cidrs)
    for i, text in enumerate(pod.ips):
        raw = packed(text)
        of_family = [c for c in ranges if raw is not None and len(c.first) == len(raw) and c.family in conforming]
        if of_family and not any(c.contains(raw) for c in of_family) and ctx.elig(pod):
            yield Problem(
                message=f"{text} lies outside {', '.join(c.text for c in of_family)}, the pod range of node "
                f"{pod.node_name}.",
                family=family_of(text),
                field=f"status.podIPs[{i}]",
                observed=text,
                expected=f"an address of {', '.join(c.text for c in of_family)}",
                fix=recreate_pods([pod]),
                related=(_node_ref(pod),),
            )


@check(
    "DS-POD-005",
    "duplicate-pod-ip",
    Severity.ERROR,
    title="Pod address that is not the pod's alone",
    condition="Two running pods share a podIP, or a podIP lies in a Service range.",
    why="Traffic for one pod reaches the other, or a Service takes it.",
    fix="Recreate the younger pod; look at the CNI's address management.",
    not_when="One of the two has finished: it keeps its address on paper only.",
    source="checks.md §4",
    subjects=(Kind.POD,),
    uses=(Kind.SERVICE_CIDR,),
)
def duplicate_pod_ip(pod: Pod, ctx: Context) -> Iterator[Problem]:
    """An address of two pods, or of a pod and the Services."""
    if pod.host_network:
        return
    ranges = parse_cidrs(ctx.profile.service_cidrs)
    for i, text in enumerate(pod.ips):
        # What nobody can reach (DS-ADR-001) is nobody's; a mapped address is an IPv4 address in odd clothes.
        if not is_usable(text) and not is_mapped(text):
            continue
        raw = packed(text)
        inside = next((c for c in ranges if c.contains(raw)), None)
        sharing = [key for key in ctx.state.pod_addresses.sharing(text) if key != pod.key]
        if (inside is None and not sharing) or not ctx.elig(pod):
            continue
        pods = [other for key in sharing if (other := ctx.state.pods.get(key)) is not None and ctx.elig(other)]
        if pods:
            listed = names(f"{other.namespace}/{other.name}" for other in pods)
            message = f"{text} is also the address of {listed}."
        elif inside is not None:
            message = f"{text} lies in the Service range {inside.text}."
        else:
            continue
        yield Problem(
            message=message,
            family=family_of(text),
            field=f"status.podIPs[{i}]",
            observed=text,
            expected="an address of its own, outside the Service ranges",
            # The same command at each of them: one that moves is enough.
            fix=recreate_pods([max((pod, *pods), key=lambda each: (each.start_time, each.key))]),
            related=tuple(ref("Pod", other) for other in pods),
        )
