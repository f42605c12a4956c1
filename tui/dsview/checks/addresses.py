"""DS-API and DS-ADR: fields that contradict each other, and addresses that cannot work or are badly written."""

from __future__ import annotations

from collections.abc import Iterator

from dsview.checks.engine.context import Context
from dsview.checks.engine.registry import Problem, check
from dsview.checks.engine.remediation import FAMILY_FIELDS, count, families, recreate_service
from dsview.core.address import (
    FAMILIES,
    UNUSABLE,
    AddressClass,
    canonical,
    classify,
    family_of,
    is_canonical,
    other,
    same_address,
)
from dsview.core.cidr import parse_cidr
from dsview.core.finding import Severity
from dsview.kinds.endpoint_slices import EndpointSlice, unpack_addresses
from dsview.kinds.kind import Kind
from dsview.kinds.objects import NetworkPolicy, Node, Pod, Service, ServiceCIDR

_ONE_WRITER = "Find the webhook or operator that writes only one of the two fields; the API server keeps them equal."


@check(
    "DS-API-001",
    "singular-differs",
    Severity.ERROR,
    title="Singular and plural field differ",
    condition="clusterIP, podIP, hostIP or podCIDR is not the first entry of its plural field, compared as addresses.",
    why="Old clients read the singular field and new ones the plural, so they use different addresses.",
    fix=_ONE_WRITER,
    not_when="Both fields are empty, or the server is older than the plural field.",
    source="checks.md §4; K:pkg/apis/core/validation/validation.go",
    subjects=(Kind.SERVICE, Kind.POD, Kind.NODE),
)
def singular_differs(item: Service | Pod | Node, ctx: Context) -> Iterator[Problem]:
    """The singular field is not the first of the plural one."""
    match item:
        case Pod():
            if item.pod_ips and item.pod_ip is item.pod_ips[0] and item.host_ips[:1] == (item.host_ip,):
                return
            yield from _differing("status.podIP", item.pod_ip, item.pod_ips, (1, 20), ctx)
            if item.host_ips:
                yield from _differing("status.hostIP", item.host_ip, item.host_ips, (1, 30), ctx)
        case Node():
            yield from _differing("spec.podCIDR", item.pod_cidr, item.pod_cidrs, (1, 20), ctx)
        case Service():
            if not item.is_external_name:
                yield from _differing("spec.clusterIP", item.cluster_ip, item.cluster_ips, (1, 20), ctx)


def _differing(
    field: str, singular: str, plural: tuple[str, ...], since: tuple[int, int], ctx: Context
) -> Iterator[Problem]:
    if not plural:
        # Servers from before the plural field have only the singular one: its absence says nothing there.
        if not singular or ctx.profile.version is None or ctx.profile.version < since:
            return
    elif _is_same(singular, plural[0]):
        return
    first = plural[0] if plural else "nothing"
    yield Problem(
        message=f"{field} is {singular or 'empty'}, but {field}s begins with {first}.",
        family=family_of(first.partition("/")[0]) or family_of(singular.partition("/")[0]),
        field=field,
        observed=singular or "(empty)",
        expected=first,
        fix=_ONE_WRITER,
    )


def _is_same(a: str, b: str) -> bool:
    one, two = (parse_cidr(a), parse_cidr(b)) if "/" in a and "/" in b else (None, None)
    return one.canonical == two.canonical if one and two else same_address(a, b)


@check(
    "DS-API-002",
    "policy-families-ips-disagree",
    Severity.ERROR,
    title="Policy, families and cluster IPs of a Service disagree",
    condition="clusterIPs and ipFamilies differ in number or in family, a SingleStack Service has two families, "
    "or a RequireDualStack Service has one.",
    why="Each component believes another of the three fields, so one family works in some places only.",
    fix="Recreate the Service; these fields cannot be brought back into agreement by an update.",
    not_when="ipFamilies is empty, as a watch may deliver it: it is inferred from clusterIPs first.",
    source="checks.md §4; K:pkg/apis/core/validation/validation.go, ValidateServiceClusterIPsRelatedFields",
    subjects=(Kind.SERVICE,),
)
def policy_families_ips_disagree(service: Service, ctx: Context) -> Iterator[Problem]:
    """The three fields that say which families a Service has contradict each other."""
    if service.is_external_name:
        return
    ips = service.real_cluster_ips
    named = service.families
    fix = _with_agreeing_fields(service, ctx)
    if ips and not service.is_headless:
        found = [family_of(ip) for ip in ips]
        if list(service.ip_families or named) != found:
            differing = [family for family in FAMILIES if (family in named) != (family in found)]
            shown = [f"{ip} ({family or 'no address'})" for ip, family in zip(ips, found, strict=True)]
            yield Problem(
                message=f"ipFamilies says {families(named)}, but clusterIPs holds {', '.join(shown)}.",
                family=differing[0] if len(differing) == 1 else None,
                field="spec.clusterIPs",
                observed=", ".join(ips),
                expected=", ".join(f"an {family} address" for family in named),
                fix=fix,
            )
    if service.ip_family_policy == "SingleStack" and len(named) == 2:
        yield Problem(
            message=f"ipFamilyPolicy is SingleStack, but the Service has {families(named)}.",
            family=named[1],
            field="spec.ipFamilyPolicy",
            observed=", ".join(named),
            expected=named[0],
            fix=fix,
        )
    if service.ip_family_policy == "RequireDualStack" and len(named) == 1:
        yield Problem(
            message=f"ipFamilyPolicy is RequireDualStack, but the Service has {named[0]} only.",
            family=other(named[0]),
            field="spec.ipFamilyPolicy",
            observed=named[0],
            expected="IPv4 and IPv6",
            fix=fix,
        )


def _with_agreeing_fields(service: Service, ctx: Context) -> str:
    """Commands that recreate the Service with the families it names, as far as the API server would take them."""
    served = ctx.profile.service_families
    if len(served) == 1 and (service.ip_family_policy == "RequireDualStack" or set(service.families) - set(served)):
        return recreate_service(service, FAMILY_FIELDS)
    is_cut = service.ip_family_policy == "SingleStack" and len(service.ip_families) > 1
    return recreate_service(service, (".spec.ipFamilies[1:]",) if is_cut else ())


Located = tuple[str, str]
"""Field and address."""


def _addresses(item: object) -> Iterator[Located]:
    """The address fields of an object that others are to reach it by (DS-ADR-001)."""
    match item:
        case Pod():
            if item.phase not in {"Succeeded", "Failed"}:
                for i, ip in enumerate(item.ips):
                    yield f"status.podIPs[{i}]", ip
        case Node():
            for i, address in enumerate(item.addresses):
                if address.type == "InternalIP":
                    yield f"status.addresses[{i}]", address.address
        case Service():
            if item.is_external_name:
                return
            for i, ip in enumerate(item.real_cluster_ips):
                yield f"spec.clusterIPs[{i}]", ip
            for i, ip in enumerate(item.external_ips):
                yield f"spec.externalIPs[{i}]", ip
            for i, entry in enumerate(item.load_balancer_ingress):
                if entry.ip:
                    yield f"status.loadBalancer.ingress[{i}].ip", entry.ip


@check(
    "DS-ADR-001",
    "unusable-address",
    Severity.ERROR,
    title="Address that cannot be reached from elsewhere",
    condition="A podIP, InternalIP, cluster IP, external IP or load-balancer IP is unspecified, loopback, link-local, "
    "multicast, site-local (fec0::/10), v4-mapped, or no address at all. A warning for load-balancer IPs.",
    why="Nothing outside the machine can use such an address; the family looks present and does not work.",
    fix="Correct what assigns the address: kubelet --node-ip, the CNI plug-in, or the load balancer's pool.",
    not_when="A link-local load-balancer IP is taken as intended.",
    source="checks.md §4 and §1.9; RFC 4291, RFC 3879",
    subjects=(Kind.POD, Kind.NODE, Kind.SERVICE),
)
def unusable_address(item: Pod | Node | Service, ctx: Context) -> Iterator[Problem]:
    """An address of a class that nobody else can reach."""
    for field, text in _addresses(item):
        cls = classify(text)
        if cls is not None and cls not in UNUSABLE:
            continue
        is_vip = field.startswith("status.loadBalancer")
        if is_vip and cls is AddressClass.LINK_LOCAL:
            continue
        what = "is not an IP address" if cls is None else f"is {_ARTICLE.get(cls, '')}{cls}"
        yield Problem(
            message=f"{field} {text} {what}: nothing beyond its own machine or link can reach it."
            if cls is not None and cls is not AddressClass.V4_MAPPED
            else f"{field} {text} {what}{'; Kubernetes takes it as IPv4, most other software as IPv6' if cls else ''}.",
            severity=Severity.WARNING if is_vip else None,
            family=family_of(text),
            field=field,
            observed=text,
            expected="a global or private unicast address",
        )


_ARTICLE = {
    AddressClass.V4_MAPPED: "an IPv4 address written as ",
    AddressClass.MULTICAST: "a ",
    AddressClass.LOOPBACK: "a ",
}


def _written(item: object) -> Iterator[Located]:
    """The fields whose spelling DS-ADR-002 looks at: addresses and CIDRs that are the object's own."""
    yield from _addresses(item)
    match item:
        case Node():
            for i, entry in enumerate(item.addresses):
                if entry.type == "ExternalIP":
                    yield f"status.addresses[{i}]", entry.address
            for i, cidr in enumerate(item.cidrs):
                yield f"spec.podCIDRs[{i}]", cidr
        case Service() if not item.is_external_name:
            for i, cidr in enumerate(item.load_balancer_source_ranges):
                # The API server takes white space around these, whatever its version.
                yield f"spec.loadBalancerSourceRanges[{i}]", cidr.strip()
            if item.load_balancer_ip:
                yield "spec.loadBalancerIP", item.load_balancer_ip
        case EndpointSlice():
            if item.address_type != "FQDN":
                for i, row in enumerate(item.packed()):
                    for address in unpack_addresses(row):
                        yield f"endpoints[{i}].addresses", address
        case ServiceCIDR():
            for i, cidr in enumerate(item.cidrs):
                yield f"spec.cidrs[{i}]", cidr
        case NetworkPolicy():
            for direction, rules in (("ingress", item.ingress), ("egress", item.egress)):
                for i, rule in enumerate(rules):
                    for block in rule.blocks:
                        for cidr in (block.cidr, *block.excepts):
                            yield f"spec.{direction}[{i}]", cidr


def _better_spelling(text: str) -> str | None:
    """How the text should be written; None where it is well written, or is no address."""
    if "/" in text:
        cidr = parse_cidr(text)
        if cidr is None or cidr.canonical == text:
            return None
        return cidr.canonical
    # A zone is no part of the address; that it cannot be reached by others is DS-ADR-001.
    address = text.partition("%")[0]
    return None if is_canonical(address) else canonical(address)


@check(
    "DS-ADR-002",
    "not-canonical",
    Severity.NOTE,
    title="Address or CIDR not in canonical form",
    condition="An IPv6 address is not written as RFC 5952 wants it, an IPv4 address has leading zeros, or a CIDR "
    "has bits set behind its prefix. A warning from Kubernetes 1.36 on.",
    why="Comparisons as text miss it, and from 1.36 the API server refuses to take leading zeros, mapped addresses "
    "and host bits again.",
    fix="Write the canonical form.",
    not_when="Where nothing compares addresses as text: the address works until the object has to be written again.",
    source="checks.md §4; RFC 5952; KEP-4858",
    subjects=(Kind.POD, Kind.NODE, Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.SERVICE_CIDR, Kind.NETWORK_POLICY),
)
def not_canonical(item: object, ctx: Context) -> Iterator[Problem]:
    """A spelling that other software, or a newer API server, does not take for the same."""
    if isinstance(item, EndpointSlice) and ctx.has_plain_addresses(item):
        return
    wrong = [(field, text, better) for field, text in _written(item) if (better := _better_spelling(text)) is not None]
    if not wrong:
        return
    version = ctx.profile.version
    fields = dict.fromkeys(field for field, _, _ in wrong)
    for field in fields:
        of_field = [(text, better) for name, text, better in wrong if name == field]
        text, better = of_field[0]
        more = f" ({count(len(of_field), 'address')} in this field)" if len(of_field) > 1 else ""
        yield Problem(
            message=f"{field} {text} is not in canonical form; it is {better}{more}.",
            severity=Severity.WARNING if version is not None and version >= (1, 36) else None,
            family=family_of(better.partition("/")[0]),
            field=field,
            observed=text,
            expected=better,
        )
