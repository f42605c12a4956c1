"""DS-NET-003 to 005: Ingresses between their controller's families and those of their backends."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import count, families, names, recreate_pods, ref
from dsview.cluster.controllers import argument, controllers_of, publish_service_key
from dsview.core.address import FAMILIES, Family, families_of
from dsview.core.finding import ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Ingress, Key, Pod, Service


def _backends(ingress: Ingress, ctx: Context) -> list[tuple[Service, tuple[Family, ...]]]:
    """The backends that have a ready endpoint, each with the families of those."""
    found = []
    for name in dict.fromkeys(backend.service for backend in ingress.backends):
        service = ctx.state.services.get((ingress.namespace, name))
        if service is None or service.is_external_name:
            continue
        live = ctx.endpoints(service.key).live_families
        if live:
            found.append((service, live))
    return found


_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def _copies_status(pod: Pod) -> bool:
    """Whether a controller writes its Service's addresses into Ingresses (I:internal/ingress/status/status.go)."""
    return not argument(pod, "publish-status-address") and argument(pod, "update-status") not in _FALSE


@check(
    "DS-NET-003",
    "ingress-status-family",
    Severity.WARNING,
    title="Ingress status lacks a family of its load balancer",
    condition="The controller's publish Service has a load-balancer IP of a family, and the status of the Ingress "
    "has none of it, for two minutes.",
    why="DNS that follows the Ingress status publishes one family only.",
    fix="Restart the controller; look at its log for status updates.",
    not_when="The controller is told other addresses (--publish-status-address), to write none "
    "(--update-status=false), or to watch another namespace only (--watch-namespace).",
    source="checks.md §4",
    subjects=(Kind.INGRESS,),
    needs=(Kind.SERVICE, Kind.POD),
    uses=(Kind.INGRESS_CLASS,),
)
def ingress_status_family(ingress: Ingress, ctx: Context) -> Iterator[Problem]:
    """What the Service got did not reach the Ingress."""
    writers: dict[Key, list[Pod]] = {}
    for pod in controllers_of(ingress, ctx.state):
        key = publish_service_key(pod)
        if key is not None and _copies_status(pod):
            writers.setdefault(key, []).append(pod)
    has = families_of(tuple(entry.ip for entry in ingress.load_balancer_ingress if entry.ip))
    for key, pods in writers.items():
        service = ctx.state.services.get(key)
        if service is None:
            continue
        for family in FAMILIES:
            texts = [e.ip for e in service.load_balancer_ingress if e.ip and families_of((e.ip,)) == (family,)]
            if not texts or family in has:
                continue
            if not ctx.older_than(max(ingress.created, service.created), 120):
                continue
            yield Problem(
                message=f"No {family} in the status, while Service {'/'.join(key)} has {names(texts)}.",
                family=family,
                field="status.loadBalancer.ingress",
                observed=families(has),
                expected=names(texts),
                fix=recreate_pods(pods),
                related=(ref("Service", service),),
                grace=120,
            )


@check(
    "DS-NET-004",
    "backend-disjoint",
    Severity.ERROR,
    title="Ingress controller shares no family with a backend",
    condition="The ready endpoints of a backend Service have no family in common with the controller's pods.",
    why="Every request to the backend fails. That client and backend differ in family would be fine: nginx is between.",
    fix="Recreate the backend's or the controller's pods with the missing family.",
    not_when="Ingresses of other controllers' classes are left out, and so are ExternalName backends.",
    source="checks.md §4",
    subjects=(Kind.INGRESS,),
    needs=(Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.POD),
    uses=(Kind.INGRESS_CLASS,),
)
def backend_disjoint(ingress: Ingress, ctx: Context) -> Iterator[Problem]:
    """No family in common."""
    pods = controllers_of(ingress, ctx.state)
    has = families_of(tuple(ip for pod in pods for ip in pod.ips))
    for service, live in _backends(ingress, ctx) if has else ():
        if not set(live) & set(has):
            yield Problem(
                message=f"Backend {service.name} has {families(live)} endpoints only, the controller's pods have "
                f"{families(has)} only.",
                family=live[0],
                field=f"spec.rules[{service.name}]",
                observed=f"backend {families(live)}, controller {families(has)}",
                expected="a family in common",
                fix=recreate_pods(pods[:1]),
                related=(ref("Service", service), *(ref("Pod", pod) for pod in pods[:20])),
                grace=60,
            )


@check(
    "DS-NET-005",
    "controller-lacks-backend-family",
    Severity.WARNING,
    title="Ingress controller lacks a family of its backends",
    condition="A backend Service has ready endpoints of a family that a controller pod has no address of.",
    why="ingress-nginx takes the endpoints of all slices, so requests that fall on the missing family fail now "
    "and then.",
    fix="Recreate the controller's pods with both families, or make the backend SingleStack.",
    not_when="The controller's pods are being replaced, and the new ones have the family.",
    source="checks.md §4",
    subjects=(Kind.INGRESS,),
    needs=(Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.POD),
    uses=(Kind.INGRESS_CLASS,),
)
def controller_lacks_backend_family(ingress: Ingress, ctx: Context) -> Iterator[Problem]:
    """A controller pod that cannot reach some endpoints."""
    pods = [pod for pod in controllers_of(ingress, ctx.state) if ctx.elig(pod)]
    backends = _backends(ingress, ctx) if pods else []
    for family in FAMILIES:
        without = [pod for pod in pods if family not in families_of(pod.ips)]
        # Where a pod shares no family at all with the backend, DS-NET-004 or its like says so.
        having = [service for service, live in backends if family in live and len(live) == 2]
        only = [service for service, live in backends if live == (family,) and len(without) < len(pods)]
        found = having + only
        if not without or not found:
            continue
        yield Problem(
            message=f"{names(s.name for s in found)} {'has' if len(found) == 1 else 'have'} {family} endpoints, but "
            f"{count(len(without), 'controller pod')} ({names(p.name for p in without)}) cannot reach them.",
            family=family,
            observed=f"{len(without)} of {len(pods)} controller pods without {family}",
            expected=f"{family} on every controller pod",
            fix=recreate_pods(without),
            related=(
                *(ref("Service", s) for s in found),
                *(ObjectRef("Pod", p.namespace, p.name) for p in without[:20]),
            ),
            grace=60,
        )
