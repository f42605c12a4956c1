"""NetworkPolicies."""

from __future__ import annotations

import msgspec
from msgspec import field

from dsview.kinds.annotations import plain_annotations
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import NO_LABELS, Labels, Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire, texts, without_empty


class IPBlock(msgspec.Struct, frozen=True, gc=False):
    """An ipBlock peer of a NetworkPolicy."""

    cidr: str
    excepts: tuple[str, ...] = ()


class PolicyRule(msgspec.Struct, frozen=True, gc=False):
    """One ingress or egress rule. `has_selectors` is true if a peer is not an ipBlock.

    Without peers, the rule applies to everyone. `is_dns_only`: all of its ports are those of DNS.
    """

    blocks: tuple[IPBlock, ...]
    has_selectors: bool
    has_peers: bool
    is_dns_only: bool = False


class LabelRequirement(msgspec.Struct, frozen=True, gc=False):
    """One of a selector's matchExpressions."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class LabelSelector(msgspec.Struct, frozen=True, gc=False):
    """A metav1.LabelSelector. Without requirements it selects everything."""

    match_labels: Labels = NO_LABELS
    match_expressions: tuple[LabelRequirement, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Whether the labels satisfy every requirement.

        The rules are those of kubernetes/kubernetes staging/src/k8s.io/apimachinery/pkg/labels/selector.go.
        """
        if any(labels.get(key) != value for key, value in self.match_labels.items()):
            return False
        return all(_satisfies(requirement, labels) for requirement in self.match_expressions)


def _satisfies(requirement: LabelRequirement, labels: Labels) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False


class NetworkPolicy(Object, frozen=True, gc=False):
    """A networking.k8s.io NetworkPolicy. A direction that is missing from `policy_types` is not restricted."""

    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[PolicyRule, ...] = ()
    egress: tuple[PolicyRule, ...] = ()


class IPBlockWire(Wire):
    """An ipBlock peer."""

    cidr: str = ""
    except_: list[str] | None = field(name="except", default=None)


class Peer(Wire):
    """from[] or to[] of a NetworkPolicy rule."""

    ip_block: IPBlockWire | None = None


class PolicyPort(Wire):
    """ports[] of a rule."""

    port: int | str | None = None


class RuleWire(Wire):
    """ingress[] or egress[] of a NetworkPolicy."""

    ports: list[PolicyPort] | None = None

    from_: list[Peer] | None = field(name="from", default=None)
    to: list[Peer] | None = None


class Requirement(Wire):
    """matchExpressions[] of a selector."""

    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class Selector(Wire):
    """A metav1.LabelSelector."""

    match_labels: dict[str, str] | None = None
    match_expressions: list[Requirement] | None = None


class NetworkPolicySpec(Wire):
    """spec of a NetworkPolicy."""

    pod_selector: Selector | None = None
    policy_types: list[str] | None = None
    ingress: list[RuleWire] | None = None
    egress: list[RuleWire] | None = None


class NetworkPolicyWire(Wire):
    """networking.k8s.io/v1 NetworkPolicy."""

    metadata: ObjectMeta
    spec: NetworkPolicySpec | None = None


_DNS_PORTS = frozenset({53, 5353, 853, "53", "dns", "dns-tcp", "dns-udp"})
"""5353 is what OpenShift's DNS pods listen on."""


def _policy_rule(rule: RuleWire, peers: list[Peer] | None) -> PolicyRule:
    blocks = tuple(IPBlock(p.ip_block.cidr, texts(p.ip_block.except_)) for p in peers or () if p.ip_block)
    return PolicyRule(
        blocks,
        has_selectors=len(blocks) < len(peers or ()),
        has_peers=bool(peers),
        is_dns_only=bool(rule.ports) and all(port.port in _DNS_PORTS for port in rule.ports or ()),
    )


def _decode(o: NetworkPolicyWire) -> NetworkPolicy:
    spec = o.spec or NetworkPolicySpec()
    selector = spec.pod_selector or Selector()
    types = texts(spec.policy_types) or ("Ingress", *(("Egress",) if spec.egress else ()))
    return NetworkPolicy(
        **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
        pod_selector=LabelSelector(
            selector.match_labels or NO_LABELS,
            tuple(LabelRequirement(r.key, r.operator, texts(r.values)) for r in selector.match_expressions or ()),
        ),
        policy_types=types,
        ingress=tuple(_policy_rule(rule, rule.from_) for rule in spec.ingress or ()),
        egress=tuple(_policy_rule(rule, rule.to) for rule in spec.egress or ()),
    )


def _encode(item: NetworkPolicy) -> Json:
    selector = item.pod_selector
    expressions = [
        without_empty(key=r.key, operator=r.operator, values=list(r.values)) for r in selector.match_expressions
    ]
    spec = {
        "podSelector": without_empty(matchLabels=dict(selector.match_labels), matchExpressions=expressions),
        "policyTypes": list(item.policy_types),
        **without_empty(
            ingress=[_encode_rule(r, "from") for r in item.ingress], egress=[_encode_rule(r, "to") for r in item.egress]
        ),
    }
    return {"spec": spec}


def _encode_rule(rule: PolicyRule, direction: str) -> Json:
    peers: list[Json] = [{"ipBlock": without_empty(cidr=b.cidr, except_=list(b.excepts))} for b in rule.blocks]
    if rule.has_selectors:
        peers.append({"podSelector": {}})
    ports: Json = {"ports": [{"port": 53}]} if rule.is_dns_only else {}
    return {direction: peers, **ports} if rule.has_peers else ports


NETWORK_POLICY = Resource(
    kind=Kind.NETWORK_POLICY,
    group="networking.k8s.io",
    versions=("v1",),
    plural="networkpolicies",
    namespaced=True,
    has_protobuf=True,
    alias="policy",
    wire=NetworkPolicyWire,
    decode=_decode,
    encode=_encode,
)
