"""DS-EPS: whether a Service has ready endpoints in each of its families."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import (
    FAMILY_FIELDS,
    count,
    families,
    kubectl,
    names,
    patch_service,
    recreate_pods,
    recreate_service,
    ref,
)
from dsview.cluster.profile import KUBERNETES, Confidence
from dsview.core.address import FAMILIES, Family, families_of, family_of, other
from dsview.core.finding import Cause, ObjectRef, Severity
from dsview.kinds.endpoint_slices import Endpoint, EndpointSlice, unpack_addresses
from dsview.kinds.kind import Kind
from dsview.kinds.objects import Pod, Service

CONTROLLER = "endpointslice-controller.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
GRACE = 60.0
PARTIAL_GRACE = 120.0
_OF_CONTROLLER_MANAGER = ("-l", "component=kube-controller-manager", "--tail=100")


def lacking(ctx: Context, service: Service, family: Family) -> dict[str, Endpoint]:
    """The ready endpoints that the other family has and this one has not, by identity."""
    found = ctx.endpoints(service.key)
    ready = found.of(family).ready
    return {identity: e for identity, e in found.of(other(family)).ready.items() if identity not in ready}


def causes(ctx: Context, service: Service, endpoints: dict[str, Endpoint], family: Family) -> tuple[Cause, ...]:
    """What would explain that these endpoints lack a family: their pods, or the nodes of their pods (checks.md §3)."""
    found: dict[Cause, None] = {}
    nodes: dict[Cause, None] = {}
    for endpoint in endpoints.values():
        namespace, name = endpoint.target
        if name:
            found[Cause("DS-POD-001", ObjectRef("Pod", namespace, name), family)] = None
        pod = ctx.pod_behind(service, endpoint)
        node = endpoint.node_name or (pod.node_name if pod is not None else "")
        if node:
            nodes[Cause("DS-NODE-002", ObjectRef("Node", None, node), family)] = None
    return (*found, *nodes)


def _pods(ctx: Context, service: Service, endpoints: dict[str, Endpoint]) -> list[Pod]:
    return sorted(ctx.pods_behind(service, endpoints.values()), key=lambda pod: pod.key)


def _without(pods: list[Pod], family: Family) -> list[Pod]:
    return [pod for pod in pods if family not in families_of(pod.ips)]


def _explain(
    ctx: Context, service: Service, endpoints: dict[str, Endpoint], family: Family
) -> tuple[str, str | None, tuple[ObjectRef, ...]]:
    """Why a family is short of endpoints: a sentence, a fix, the objects it is about."""
    pods = _pods(ctx, service, endpoints)
    without = _without(pods, family)
    if without:
        have = names(ip for pod in without for ip in pod.ips)
        listed = names(pod.name for pod in without)
        verb = "has" if len(without) == 1 else "have"
        related = tuple(ref("Pod", pod) for pod in without[:20])
        return f"{listed} {verb} {have} only", recreate_pods(without), related
    if pods:
        look = kubectl("kube-system", "logs", options=_OF_CONTROLLER_MANAGER)
        text = f"the pods have {family} addresses, so the endpoint slice controller lags behind"
        return text, look, tuple(ref("Pod", pod) for pod in pods[:20])
    addresses = names(a for e in endpoints.values() for a in e.addresses)
    has_targets = any(endpoint.target[1] for endpoint in endpoints.values())
    why = "the pods could not be read" if has_targets else "the slices do not say of which pods"
    return f"only {addresses} {'is' if len(endpoints) == 1 else 'are'} there, and {why}", None, ()


def _settling_for(service: Service, family: Family) -> str | None:
    """A patch that leaves the Service that family only; None where the API server would refuse it."""
    if len(service.families) != 2 or service.families[0] != family:
        return None
    return patch_service(service, ipFamilyPolicy="SingleStack")


def _has_held(ctx: Context, service: Service, endpoints: dict[str, Endpoint], seconds: float) -> bool:
    """Whether the objects' own times allow that a gap is that old (checks.md §3, grace)."""
    if not ctx.older_than(service.created, seconds):
        return False
    pods = _pods(ctx, service, endpoints)
    has_unknown = len(pods) < len(endpoints)
    return has_unknown or any(ctx.older_than(pod.ready_since, seconds) for pod in pods)


@check(
    "DS-EPS-001",
    "family-empty",
    Severity.ERROR,
    title="No ready endpoint in one family",
    condition="A family of the Service has no ready endpoint while the other one has some, for 60 s.",
    why="Connections to the cluster IP of that family are refused or time out; clients that prefer it fail or "
    "are slow.",
    fix="Recreate the pods (or mend their nodes) so that they get the family, or make the Service SingleStack.",
    not_when="The Service has no selector: DS-EPS-005 looks at those.",
    source="checks.md §4 and §1.7",
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE,),
    uses=(Kind.POD,),
)
def family_empty(service: Service, ctx: Context) -> Iterator[Problem]:
    """A family without a single ready endpoint."""
    if not service.selector:
        return
    found = ctx.endpoints(service.key)
    for family in service.families:
        rest = other(family)
        ready = found.live(rest)
        if found.live(family) or not ready:
            continue
        missing = lacking(ctx, service, family)
        if not _has_held(ctx, service, missing, GRACE):
            continue
        why, fix, related = _explain(ctx, service, missing, family)
        # Where the cluster serves no such family, no pod gets it by being recreated.
        if ctx.profile.confidence is Confidence.DECLARED and not ctx.serves(family):
            fix = _settling_for(service, rest) or recreate_service(service, FAMILY_FIELDS)
        yield Problem(
            message=f"{family}: 0 of {count(ready, 'ready endpoint')}; {why}.",
            family=family,
            observed=f"{family}: 0 ready, {rest}: {ready} ready",
            expected=f"{family}: {ready} ready",
            fix=fix or _settling_for(service, rest),
            related=related,
            grace=GRACE,
            causes=causes(ctx, service, missing, family),
        )


@check(
    "DS-EPS-002",
    "family-partial",
    Severity.WARNING,
    title="Fewer ready endpoints in one family",
    condition="Both families have ready endpoints, but not equally many, for 120 s.",
    why="The family with fewer endpoints carries its load on fewer pods, and loses it sooner.",
    fix="Recreate the pods that lack the family.",
    not_when="A rollout is under way, or the Service has no selector.",
    source="checks.md §4",
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE,),
    uses=(Kind.POD,),
)
def family_partial(service: Service, ctx: Context) -> Iterator[Problem]:
    """Both families live, one less than the other."""
    has = service.families
    if not service.selector or len(has) != 2:
        return
    found = ctx.endpoints(service.key)
    v4, v6 = (found.live(family) for family in FAMILIES)
    if not v4 or not v6 or v4 == v6 or ctx.is_rolling_out(service):
        return
    family = FAMILIES[0] if v4 < v6 else FAMILIES[1]
    missing = lacking(ctx, service, family)
    if not ctx.older_than(service.created, PARTIAL_GRACE):
        return
    why, fix, related = _explain(ctx, service, missing, family)
    yield Problem(
        message=f"{family}: {min(v4, v6)} of {count(max(v4, v6), 'ready endpoint')}; {why}.",
        family=family,
        observed=f"{family}: {min(v4, v6)} ready, {other(family)}: {max(v4, v6)} ready",
        expected=f"{family}: {max(v4, v6)} ready",
        fix=fix,
        related=related,
        grace=PARTIAL_GRACE,
        causes=causes(ctx, service, missing, family),
    )


@check(
    "DS-EPS-003",
    "slice-absent",
    Severity.WARNING,
    title="No EndpointSlice of a family",
    condition="The Service has a selector and a family, but no EndpointSlice of that address type, not even an "
    "empty one.",
    why="Nothing keeps endpoints for that family: its cluster IP leads nowhere.",
    fix="Look at kube-controller-manager; its endpointslice controller makes a slice for each family.",
    not_when="The Service is younger than 60 s, or only some namespaces are read.",
    source="checks.md §4 and §1.7",
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE,),
)
def slice_absent(service: Service, ctx: Context) -> Iterator[Problem]:
    """A family for which no slice was ever made."""
    read = ctx.state.status(Kind.ENDPOINT_SLICE).namespaces
    if not service.selector or (read is not None and service.namespace not in read):
        return
    if not ctx.older_than(service.created, GRACE):
        return
    found = ctx.endpoints(service.key)
    for family in service.families:
        if found.of(family).slices == 0:
            yield Problem(
                message=f"The Service has {family}, but there is no EndpointSlice of addressType {family} for it.",
                family=family,
                observed="no slice",
                expected=f"a slice of addressType {family}, with or without endpoints",
                fix=kubectl("kube-system", "logs", options=_OF_CONTROLLER_MANAGER),
                grace=GRACE,
            )


@check(
    "DS-EPS-004",
    "useless-slice",
    Severity.WARNING,
    title="EndpointSlice that nothing uses",
    condition="The endpoint slice controller keeps a slice of a family that its Service has not, an address is of "
    "another family than the slice's addressType (an error), or a Service with a cluster IP has a slice of type FQDN.",
    why="kube-proxy ignores such a slice, or takes in addresses of the wrong family.",
    fix="Delete the slice; look for what wrote it.",
    not_when="The Service gave up the family less than 60 s ago.",
    source="checks.md §4",
    subjects=(Kind.ENDPOINT_SLICE,),
    needs=(Kind.SERVICE,),
)
def useless_slice(item: EndpointSlice, ctx: Context) -> Iterator[Problem]:
    """A slice of a family that its Service has not, or with addresses of another family."""
    if item.address_type in FAMILIES and not ctx.has_plain_addresses(item):
        for i, row in enumerate(item.packed()):
            wrong = [a for a in unpack_addresses(row) if family_of(a) != item.address_type]
            if wrong:
                yield Problem(
                    message=f"endpoints[{i}] holds {names(wrong)}, which is not {item.address_type}.",
                    severity=Severity.ERROR,
                    family=family_of(wrong[0]),
                    field=f"endpoints[{i}].addresses",
                    observed=names(wrong),
                    expected=f"an {item.address_type} address",
                    fix=_delete(item),
                )
    service = ctx.state.services.get((item.namespace, item.service_name)) if item.service_name else None
    if service is None or service.is_external_name:
        return
    related = (ref("Service", service),)
    if item.address_type == "FQDN" and service.real_cluster_ips:
        yield Problem(
            message=f"addressType is FQDN: kube-proxy cannot serve the cluster IP of Service {service.name} from it.",
            field="addressType",
            observed="FQDN",
            expected=families(service.families),
            fix=_delete(item),
            related=related,
        )
    elif item.managed_by == CONTROLLER and service.families and item.address_type not in service.families:
        yield Problem(
            message=f"addressType is {item.address_type}, but Service {service.name} has "
            f"{families(service.families)} only.",
            family=next((f for f in FAMILIES if f == item.address_type), None),
            field="addressType",
            observed=item.address_type,
            expected=families(service.families),
            fix=_delete(item),
            related=related,
            grace=GRACE,
        )


def _delete(item: EndpointSlice) -> str:
    return kubectl(item.namespace, "delete", "endpointslice", item.name)


@check(
    "DS-EPS-005",
    "selectorless-half",
    Severity.WARNING,
    title="Hand-made endpoints in one family only",
    condition="The Service has no selector, and one of its families has no ready endpoint while the other one has. "
    "A note for headless Services.",
    why="Nobody but the author of the slices can add the missing ones; the family's cluster IP leads nowhere.",
    fix="Add an EndpointSlice of the missing family, or make the Service SingleStack.",
    not_when="default/kubernetes, whose endpoints the API servers write.",
    source="checks.md §4 and §1.2",
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE,),
)
def selectorless_half(service: Service, ctx: Context) -> Iterator[Problem]:
    """Slices written by hand, for one family of two."""
    if service.selector or service.is_external_name or service.key == KUBERNETES:
        return
    found = ctx.endpoints(service.key)
    for family in service.families:
        rest = other(family)
        if found.live(family) or not found.live(rest):
            continue
        yield Problem(
            message=f"No selector, and its slices hold {count(found.live(rest), f'{rest} endpoint')} but no {family} "
            "one.",
            severity=Severity.NOTE if service.is_headless else None,
            family=family,
            observed=f"{family}: 0, {rest}: {found.live(rest)}",
            expected=f"an EndpointSlice of addressType {family}",
            fix=_add_by_hand(service, family),
        )


def _add_by_hand(service: Service, family: Family) -> str:
    """How a slice is added to those that someone wrote, and what to do where one family is enough."""
    options = ("-l", f"{SERVICE_NAME}={service.name}", "-o", "yaml")
    mine = kubectl(service.namespace, "get", "endpointslices", options=options)
    single = _settling_for(service, other(family))
    enough = f"\n# or, where {other(family)} is enough:\n{single}" if single else ""
    return f"{mine}\n# add one of addressType {family} with the same label and ports{enough}"


@check(
    "DS-EPS-006",
    "endpoints-wrong-family",
    Severity.WARNING,
    title="Endpoints object holds the wrong family",
    condition="The Service has a selector, and its Endpoints object holds an address of another family than the "
    "Service's first one.",
    why="Software that still reads Endpoints takes the address for one of the first family.",
    fix="Restart what writes it: kube-controller-manager, or a custom controller.",
    not_when="It holds the first family only: that is right, also for a dual-stack Service.",
    source="checks.md §4 and §1.6",
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINTS,),
    opt_in=True,
)
def endpoints_wrong_family(service: Service, ctx: Context) -> Iterator[Problem]:
    """Addresses of the second family in Endpoints."""
    item = ctx.state.endpoints.get(service.key)
    if item is None or not service.selector or not service.families:
        return
    first = service.families[0]
    wrong = [a for a in item.addresses if (family := family_of(a)) is not None and family != first]
    if wrong:
        yield Problem(
            message=f"The Endpoints object holds {names(wrong)}, but the Service's first family is {first}.",
            family=other(first),
            observed=names(wrong),
            expected=f"{first} addresses only",
            related=(ObjectRef("Endpoints", *service.key),),
        )


_NETWORK_PROBES = {"httpGet", "tcpSocket", "grpc"}


@check(
    "DS-EPS-007",
    "secondary-unproved",
    Severity.NOTE,
    title="Second family is never probed",
    condition="A dual-stack Service's pods have network probes, which test status.podIP only.",
    why="Ready says nothing about the second family: a process that binds one family only looks healthy.",
    fix="Bind `::` in the container, and probe both families, for example with an exec probe.",
    not_when="The process binds ::, or an address of each family. The API cannot tell: it is shown in the detail only.",
    source="checks.md §4 and §1.8; k/k#101324",
    subjects=(Kind.SERVICE,),
    needs=(Kind.ENDPOINT_SLICE, Kind.POD),
    detail_only=True,
)
def secondary_unproved(service: Service, ctx: Context) -> Iterator[Problem]:
    """Probes see the first address of a pod only."""
    if len(service.families) != 2 or not service.selector:
        return
    probed = [
        pod
        for pod in ctx.endpoint_pods(service)
        if len(families_of(pod.ips)) == 2 and any(p in _NETWORK_PROBES for c in pod.containers for p in c.probes)
    ]
    if probed:
        first = families_of(probed[0].ips)[0]
        yield Problem(
            message=f"Probes test {first} only, the pods' first address; that {other(first)} works is not proven.",
            family=other(first),
            related=tuple(ref("Pod", pod) for pod in probed[:20]),
        )
