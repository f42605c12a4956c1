"""Over which families a Service fails, according to its findings. The trace shows it and the overview counts it."""

from __future__ import annotations

from enum import IntEnum

from dsview.analysis.cluster_view import ClusterView
from dsview.checks.engine.check import Harm
from dsview.checks.engine.registry import registry
from dsview.cluster.endpoints import service_endpoints
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import Finding, Severity
from dsview.kinds.kind import Kind
from dsview.kinds.service import Service


class Loss(IntEnum):
    """How much of a Service fails over a family."""

    PART = 1
    WHOLE = 2


def loss_of(view: ClusterView, finding: Finding) -> Loss | None:
    """The effect of a finding on its Service over `families_of_loss`; None if every client is still served."""
    if finding.object.kind != Kind.SERVICE.value:
        return None
    check = registry()[finding.check]
    if finding.severity is Severity.NOTE and not check.note_breaks:
        return None
    match check.harm:
        case Harm.WHOLE:
            return Loss.WHOLE
        case Harm.PART:
            return Loss.PART
        case Harm.OF_RELATED:
            return Loss.PART if _do_others_serve(view, finding) else Loss.WHOLE
        case Harm.OF_RELATED_IF_SURE:
            if finding.severity is not Severity.ERROR:
                return None
            return Loss.PART if _do_others_serve(view, finding) else Loss.WHOLE
        case Harm.BY_SEVERITY:
            return Loss.PART if finding.severity is Severity.ERROR else None


def is_likely_loss(finding: Finding) -> bool:
    """Whether a Service likely fails because of a finding, at least in part: it relies on a default."""
    if finding.object.kind != Kind.SERVICE.value or finding.severity is not Severity.WARNING:
        return False
    return registry()[finding.check].harm is Harm.OF_RELATED_IF_SURE


def _do_others_serve(view: ClusterView, finding: Finding) -> bool:
    """Whether replicas that the finding does not name still serve."""
    if finding.family is None:
        return False
    key = (finding.object.namespace or "", finding.object.name)
    return len(finding.related) < service_endpoints(view.state, key).live(finding.family)


def families_of_loss(view: ClusterView, finding: Finding) -> tuple[Family, ...]:
    """The family of a finding about a Service; all families of the Service if the finding names none."""
    if finding.family is not None:
        return (finding.family,)
    service = view.state.services.get((finding.object.namespace or "", finding.object.name))
    return service.families if service is not None else ()


def losses_of(view: ClusterView, service: Service) -> dict[Family, Loss]:
    """The families over which a Service fails, completely or partly."""
    losses: dict[Family, Loss] = {}
    for finding in view.findings_of(Kind.SERVICE.value, *service.key):
        loss = loss_of(view, finding)
        for family in families_of_loss(view, finding) if loss is not None else ():
            losses[family] = max(loss or Loss.PART, losses.get(family, Loss.PART))
    if service.type == "NodePort":
        for family in closed_node_ports(view):
            if family in service.families:
                losses.setdefault(family, Loss.PART)
    return losses


def closed_node_ports(view: ClusterView) -> tuple[Family, ...]:
    """The families that no node has, according to a finding. No node port answers over them."""
    nodes = view.nodes
    missing = [f for f in FAMILIES if nodes and not any(f in facts.internal for facts in nodes.values())]
    return tuple(family for family in missing if any(_lacks(view, name, family) for name in nodes))


def _lacks(view: ClusterView, node: str, family: Family) -> bool:
    findings = view.findings_of(Kind.NODE.value, "", node)
    return any(f.family == family and f.severity is not Severity.NOTE for f in findings)
