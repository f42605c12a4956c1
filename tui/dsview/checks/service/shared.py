"""What the checks of Services share: which one is the cluster's DNS, and how a Service gets its second family."""

from __future__ import annotations

from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import give_family, patch_service
from dsview.checks.load_balancer.shared import TYPE, closing_ranges, limits_nobody, source_ranges
from dsview.core.address import families_of, other
from dsview.core.cidr import cidr_families
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Pod, Service

_OPENSHIFT_DNS = ("openshift-dns", "dns-default")


def is_cluster_dns(service: Service) -> bool:
    """Whether the Service is the cluster's DNS: kubeadm's name, the label that distributions keep, or OpenShift's."""
    if service.key == _OPENSHIFT_DNS:
        return True
    return service.namespace == "kube-system" and (
        service.name == "kube-dns" or service.labels.get("k8s-app") == "kube-dns"
    )


def add_family(ctx: Context, service: Service) -> str:
    """Commands after which a Service of one family has both and serves both: what has to be there first comes first.

    The patch lets nobody in over the new family who is not among the source ranges.
    """
    has = service.families[0]
    missing = other(has)
    spec: dict[str, object] = {"ipFamilies": [has, missing]}
    if service.ip_family_policy not in {"PreferDualStack", "RequireDualStack"}:
        spec = {"ipFamilyPolicy": "PreferDualStack", **spec}
    ranges = source_ranges(service) if service.type == TYPE else ()
    if cidr_families(ranges) == (has,) and not limits_nobody(ranges):
        spec["loadBalancerSourceRanges"] = closing_ranges(service, missing)
    patch = patch_service(service, **spec)
    first = _needed_first(ctx, service)
    return f"{first}\n# then: {patch}" if first else patch


def _needed_first(ctx: Context, service: Service) -> str:
    """What an added family needs to lead anywhere; nothing where it would, or where nothing tells."""
    has = service.families[0]
    missing = other(has)
    if not ctx.knows(Kind.ENDPOINT_SLICE):
        return ""
    found = ctx.endpoints(service.key)
    if found.live(missing) or not found.live(has):
        return ""
    if not service.selector:
        return (
            f"# first: add an EndpointSlice of addressType {missing}, labelled "
            f"kubernetes.io/service-name={service.name}: the Service has no selector."
        )
    lacking: dict[str, Pod] = {}
    for endpoint in found.of(has).ready.values():
        pod = ctx.addressed_pod(service, endpoint.target) if endpoint.target[1] else None
        if pod is not None and pod.ips and missing not in families_of(pod.ips):
            lacking[pod.name] = pod
    return give_family(ctx, [lacking[name] for name in sorted(lacking)], missing)
