"""No ready endpoint in any family.

## Condition

Ready pods match the selector of a Service, and none of its families has a ready endpoint, for 60 s. A note if no ready
pod matches.

## Why it matters

Nothing answers at any cluster IP of the Service: it has only families that its pods lack, or its slices are outdated.

## Fix

Give the pods a family of the Service, or recreate the Service with a family of its pods. If they have one in common,
the endpoint slice controller is behind: restart kube-controller-manager.

## When it is a false alarm

The workload is scaled to zero, or the selector intentionally matches nothing. This is a note.

## Source

kubernetes/kubernetes staging/src/k8s.io/endpointslice/reconciler.go: a pod becomes an endpoint if it has an address of
a family of the Service.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.endpoint_slice.shared import GRACE, RESTART_CONTROLLER_MANAGER, causes_in_pods
from dsview.checks.engine.check import Check, Harm, HopName, LayerName, Problem
from dsview.checks.engine.context import Context
from dsview.checks.engine.remediation import families, give_family, kubectl, look_at, names, recreate_service, ref
from dsview.core.address import families_of
from dsview.core.finding import Cause, Severity
from dsview.core.plurals import count
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

check = Check(
    code="DS-EPS-008",
    slug="family-dead-everywhere",
    severity=Severity.ERROR,
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE, Kind.POD),
    absence_of=(Kind.ENDPOINT_SLICE, Kind.POD),
    cells=("ready",),
    layer=LayerName.ENDPOINTS,
    hop=HopName.ENDPOINT_SLICES,
    harm=Harm.WHOLE,
    note_breaks=True,
)


def decide(service: Service, ctx: Context) -> Iterator[Problem]:
    """Reports a Service without ready endpoints in any family."""
    has = service.families
    if not service.selector or not has or service.is_manifest:
        return
    if not all(ctx.reads(kind, service.namespace) for kind in (Kind.ENDPOINT_SLICE, Kind.POD)):
        return
    endpoints = ctx.endpoints(service.key)
    # If a family that the Service does not have is live, DS-EPS-001 reports it together with the others.
    if endpoints.is_placeholder or endpoints.live_families:
        return
    if not ctx.older_than(service.created, GRACE):
        return
    pods = ctx.selected_pods(service)
    ready = [pod for pod in pods if pod.ready and ctx.is_eligible(pod)]
    family = has[0] if len(has) == 1 else None
    if not ready:
        if any(pod.ready and pod.phase == "Running" and pod.ips and not pod.deleted for pod in pods):
            # It started less than a minute ago.
            return
        yield Problem(
            message=f"No endpoint in any family: {_why_none(pods)}.",
            severity=Severity.NOTE,
            family=family,
            observed="0 ready",
            expected="a ready pod that the selector matches, unless none is meant to run",
            fix=f"{_pod_fix(pods)}\n{look_at(_list_pods(service))}",
            grace=GRACE,
        )
        return
    if ctx.is_rolling_out(ready) or not any(ctx.older_than(pod.ready_since, GRACE) for pod in ready):
        return
    theirs = families_of(tuple(ip for pod in ready for ip in pod.ips))
    common = [each for each in has if each in theirs]
    verb = "is" if len(ready) == 1 else "are"
    listed = f"{count(len(ready), 'pod')} ({names(pod.name for pod in ready)}) {verb} ready with {families(theirs)}"
    yield Problem(
        message=f"No endpoint in any family: the Service has {families(has)}, {listed}"
        + (": the endpoint slice controller lags behind." if common else "."),
        family=family,
        observed=f"0 ready endpoints of {count(len(ready), 'ready pod')}",
        expected=f"endpoints of {families(has)}",
        fix=RESTART_CONTROLLER_MANAGER if common else _give_common_family(ctx, service, ready),
        related=tuple(ref("Pod", pod) for pod in ready[:20]),
        grace=GRACE,
        causes=(
            *(cause for each in has for cause in causes_in_pods(ready, each)),
            *(Cause("DS-EPS-003", ref("Service", service), each) for each in has),
        ),
    )


def _why_none(pods: list[Pod]) -> str:
    if not pods:
        return "no pod matches the selector"
    if len(pods) == 1:
        return f"Pod {pods[0].name} matches the selector and is not ready"
    return f"none of the {len(pods)} pods that match the selector is ready"


def _pod_fix(pods: list[Pod]) -> str:
    return "Find out why no pod is ready." if pods else "Correct the selector, or scale its workload up."


def _give_common_family(ctx: Context, service: Service, pods: list[Pod]) -> str:
    """Give the pods a family of the Service if their nodes provide it; otherwise give the Service one of theirs."""
    wanted = service.families[0]
    node_families = [
        node.pod_families if not pod.host_network else node.internal
        for pod in pods
        if (node := ctx.node(pod.node_name))
    ]
    if any(wanted in each for each in node_families):
        return give_family(ctx, pods, wanted)
    fields = (".spec.ipFamilies", ".spec.ipFamilyPolicy")
    theirs = families_of(tuple(ip for pod in pods for ip in pod.ips))
    if theirs and ctx.serves(theirs[0]):
        chosen = f"# set ipFamilies to [{theirs[0]}] in it: the cluster's first family is the other one\n"
        is_first = ctx.profile.service_families[:1] == theirs[:1]
        return f"{'' if is_first else chosen}{recreate_service(service, fields)}"
    return give_family(ctx, pods, wanted)


def _list_pods(service: Service) -> str:
    selector = ",".join(f"{key}={value}" for key, value in sorted(service.selector.items()))
    return kubectl(service.namespace, "get", "pods", options=("-l", selector))
