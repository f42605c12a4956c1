"""Code shared by the checks of Services: which one is the cluster DNS, and how a Service gets its second family."""

from __future__ import annotations

from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import give_family, make_listen, patch_service, switch_on
from dsview.checks.load_balancer.shared import closing_ranges, ranges_to_add
from dsview.core.address import Family, families_of, other
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from dsview.listeners.front_doors import door_of_service
from dsview.listeners.proxies import closed_ports, proxies_behind, switched_off

_OPENSHIFT_DNS = ("openshift-dns", "dns-default")


def is_cluster_dns(service: Service) -> bool:
    """Whether the Service is the cluster DNS: kubeadm's name, the label that distributions keep, or OpenShift's."""
    if service.key == _OPENSHIFT_DNS:
        return True
    return service.namespace == "kube-system" and (
        service.name == "kube-dns" or service.labels.get("k8s-app") == "kube-dns"
    )


def cluster_dns(ctx: Context) -> list[Service]:
    """The Services that pods may use to resolve names. The one with kubeadm's name is first."""
    candidates = (*ctx.state.services.in_namespace("kube-system"), *ctx.state.services.in_namespace(_OPENSHIFT_DNS[0]))
    return sorted(filter(is_cluster_dns, candidates), key=lambda service: (service.name != "kube-dns", service.key))


def add_family(ctx: Context, service: Service) -> str:
    """Commands that make a single-stack Service serve both families, prerequisites first.

    If source ranges limit access, the patch admits no clients over the new family.
    """
    has = service.families[0]
    missing = other(has)
    spec: dict[str, object] = {"ipFamilies": [has, missing]}
    if service.ip_family_policy not in {"PreferDualStack", "RequireDualStack"}:
        spec = {"ipFamilyPolicy": "PreferDualStack", **spec}
    if ranges_to_add(service, missing):
        spec["loadBalancerSourceRanges"] = closing_ranges(service, missing)
    patch = patch_service(service, **spec)
    first = "\n".join(
        filter(None, (_endpoint_prerequisites(ctx, service), _listener_prerequisites(ctx, service, missing)))
    )
    return f"{first}\n# then: {patch}" if first else patch


def _listener_prerequisites(ctx: Context, service: Service, missing: Family) -> str:
    """What the proxies behind a Service need to listen on an added family; empty if they do or if there are none."""
    pods = proxies_behind(ctx.state, service.key) or ()
    switches = (switched_off(ctx.state, pod, missing) for pod in pods)
    switch = next((each for each in switches if each is not None), None)
    if switch is not None:
        return switch_on(switch, pods)
    having = [pod for pod in pods if pod.ready and missing in families_of(pod.ips)]
    not_listening = [(pod, ports) for pod in having if (ports := closed_ports(ctx.state, service, pod, missing))]
    door = door_of_service(ctx.state, service.key)
    if not_listening and door is not None:
        return door.controller.open_fix(ctx.state, service, missing)
    return (
        make_listen(ctx.state, [pod for pod, _ in not_listening], not_listening[0][1], missing) if not_listening else ""
    )


def _endpoint_prerequisites(ctx: Context, service: Service) -> str:
    """What an added family needs to have an endpoint; empty if it has one or if that is unknown."""
    has = service.families[0]
    missing = other(has)
    if not ctx.knows(Kind.ENDPOINT_SLICE):
        return ""
    endpoints = ctx.endpoints(service.key)
    if not service.selector:
        if endpoints.live(missing) or not endpoints.live(has):
            return ""
        return (
            f"# first: add an EndpointSlice of addressType {missing}, labelled "
            f"kubernetes.io/service-name={service.name}: the Service has no selector."
        )
    keys = {endpoint.target for endpoint in endpoints.of(has).ready.values() if endpoint.target[1]}
    pods = [pod for key in sorted(keys) if (pod := ctx.addressed_pod(service, key)) is not None and pod.ips]
    if not keys or any(has not in of_pods for of_pods, _ in ctx.state.pod_patterns.counts):
        # Otherwise all ready pods are in the slices; only pods without the Service's family may be missing there.
        others = (pod for pod in ctx.selected_pods(service) if pod.key not in keys)
        pods += [pod for pod in others if pod.ready and ctx.is_eligible(pod)]
    lacking: dict[Family, list[Pod]] = {has: [], missing: []}
    for pod in pods:
        pod_families = families_of(pod.ips)
        if len(pod_families) < len(lacking):
            for family in lacking.keys() - set(pod_families):
                lacking[family].append(pod)
    lines = [give_family(ctx, without, family) for family, without in lacking.items()]
    return "\n".join(dict.fromkeys(filter(None, lines)))
