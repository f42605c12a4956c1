"""Which cell a finding marks, and how findings are written in a row: one table for all panes."""

from __future__ import annotations

from collections.abc import Iterable

from dsview.analysis.cluster_view import ClusterView
from dsview.checks.engine.registry import REGISTRY
from dsview.core.finding import Finding, Severity
from dsview.core.text import Safe

GLYPHS = {Severity.ERROR: "✖", Severity.WARNING: "▲", Severity.NOTE: "●"}

CELLS: dict[str, tuple[str, ...]] = {
    "DS-API-001": ("cluster_ip", "pod_ip", "pod_cidr"),
    "DS-API-002": ("cluster_ip", "policy"),
    "DS-SVC-001": ("policy", "cluster_ip"),
    "DS-SVC-002": ("policy",),
    "DS-SVC-003": ("families",),
    "DS-SVC-004": ("cluster_ip",),
    "DS-SVC-005": ("cluster_ip",),
    "DS-SVC-006": ("families",),
    "DS-SVC-007": ("vip",),
    "DS-EPS-001": ("ready",),
    "DS-EPS-002": ("ready",),
    "DS-EPS-003": ("ready",),
    "DS-EPS-004": ("ready",),
    "DS-EPS-005": ("ready",),
    "DS-EPS-006": ("ready",),
    "DS-LB-001": ("vip",),
    "DS-LB-002": ("vip",),
    "DS-LB-003": ("vip",),
    "DS-LB-004": ("vip",),
    "DS-LB-005": ("vip",),
    "DS-LB-006": ("vip",),
    "DS-LB-007": ("vip",),
    "DS-LB-008": ("ready",),
    "DS-POD-001": ("pod_ip",),
    "DS-POD-002": ("primary",),
    "DS-POD-003": ("pod_ip",),
    "DS-POD-004": ("pod_ip",),
    "DS-POD-005": ("pod_ip",),
    "DS-NODE-001": ("internal_ip",),
    "DS-NODE-002": ("pod_cidr",),
    "DS-NODE-003": ("pod_cidr",),
    "DS-NODE-004": ("pod_cidr",),
    "DS-NODE-005": ("pod_cidr",),
    "DS-NODE-006": ("internal_ip",),
    "DS-NODE-007": ("pod_cidr",),
    "DS-CLU-006": ("cluster_ip",),
    "DS-NGX-001": ("listen",),
    "DS-NGX-002": ("listen",),
    "DS-NGX-003": ("listen", "ready"),
    "DS-NGX-004": ("listen",),
    "DS-NGX-005": ("policy",),
    "DS-NGX-006": ("listen",),
    "DS-NGX-007": ("listen",),
    "DS-NGX-008": ("listen",),
    "DS-NGX-009": ("listen",),
    "DS-NGX-010": ("listen",),
    "DS-NGX-011": ("listen",),
}
"""The cells that a check is about, best first, without the lane; the finding's family picks the lane."""

_BY_FIELD = (
    ("spec.clusterIP", "cluster_ip"),
    ("spec.externalIPs", "vip"),
    ("spec.loadBalancer", "vip"),
    ("status.loadBalancer", "vip"),
    ("status.podIP", "pod_ip"),
    ("status.addresses", "internal_ip"),
    ("spec.podCIDR", "pod_cidr"),
)
"""For checks of many fields, such as DS-ADR-001: the cell of a field."""


def cell_of(finding: Finding, columns: frozenset[str]) -> str:
    """The id of the column that the finding marks; `flags` where no other fits."""
    names: list[str] = list(CELLS.get(finding.check, ()))
    names[:0] = [name for field, name in _BY_FIELD if finding.field is not None and finding.field.startswith(field)]
    lane: str = {"IPv4": "_v4", "IPv6": "_v6"}.get(finding.family or "", "")
    for name in names:
        lanes: tuple[str, ...] = (name + lane,) if lane else (name, f"{name}_v6", f"{name}_v4")
        for column in (*lanes, name):
            if column in columns:
                return column
    return "flags"


def flagged_cells(findings: Iterable[Finding], columns: frozenset[str]) -> dict[str, Severity]:
    """The worst severity for each column that findings mark."""
    worst: dict[str, Severity] = {}
    for finding in findings:
        column = cell_of(finding, columns)
        if column not in worst or finding.severity.rank < worst[column].rank:
            worst[column] = finding.severity
    return worst


def flags_text(view: ClusterView, findings: Iterable[Finding]) -> Safe:
    """The findings of a row in short: `✖ EPS-001 ● SVC-006`, worst first, folded ones last."""
    return Safe(" ".join(_flags(view, findings)))


def flags_words(view: ClusterView, findings: Iterable[Finding]) -> Safe:
    """The same where there is room: a code that stands alone is followed by its name, `✖ EPS-001 family-empty`."""
    flags = _flags(view, findings)
    code = f"DS-{flags[0].partition(' ')[2]}" if len(flags) == 1 else ""
    return Safe(f"{flags[0]} {REGISTRY[code].slug}") if code in REGISTRY else Safe(" ".join(flags))


def _flags(view: ClusterView, findings: Iterable[Finding]) -> list[str]:
    own: list[str] = []
    folded: list[str] = []
    for finding in sorted(findings, key=lambda f: f.order):
        code = finding.check.removeprefix("DS-")
        text = f"{GLYPHS[finding.severity]} {code}"
        target = folded if view.root_of(finding) is not None else own
        if text not in target:
            target.append(text)
    return [*own, *(text for text in folded if text not in own)]
