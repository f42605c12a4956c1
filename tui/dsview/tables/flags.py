"""The cell that a finding flags, and how findings are shown in a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.not_judged import settles
from dsview.checks.engine.registry import registry
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.text import Safe

GLYPHS = {Severity.ERROR: "■", Severity.WARNING: "▲", Severity.NOTE: "●"}

_BY_FIELD = (
    ("spec.clusterIP", "cluster_ip"),
    ("spec.externalIPs", "vip"),
    ("spec.loadBalancer", "vip"),
    ("status.loadBalancer", "vip"),
    ("status.podIP", "pod_ip"),
    ("status.addresses", "internal_ip"),
    ("spec.podCIDR", "pod_cidr"),
)
"""The cell of a field, for checks of many fields such as DS-ADR-001."""


def cell_of(finding: Finding, columns: frozenset[str]) -> str:
    """The id of the column that the finding flags; `flags` if there is no better one."""
    names: list[str] = list(registry()[finding.check].cells) if finding.check in registry() else []
    names[:0] = [name for field, name in _BY_FIELD if finding.field is not None and finding.field.startswith(field)]
    lane: str = {"IPv4": "_v4", "IPv6": "_v6"}.get(finding.family or "", "")
    for name in names:
        lanes: tuple[str, ...] = (name + lane,) if lane else (name, f"{name}_v6", f"{name}_v4")
        for column in (*lanes, name):
            if column in columns:
                return column
    return "flags"


def flagged_cells(findings: Iterable[Finding], columns: frozenset[str]) -> dict[str, Severity]:
    """The worst severity for each column that findings flag."""
    worst: dict[str, Severity] = {}
    for finding in findings:
        column = cell_of(finding, columns)
        if column not in worst or finding.severity.rank < worst[column].rank:
            worst[column] = finding.severity
    return worst


def flags_text(view: ClusterView, findings: Iterable[Finding]) -> Safe:
    """The findings of a row, shortened: `■ EPS-001 ● SVC-006`. The worst are first, folded ones last."""
    return Safe(" ".join(_flags(view, findings)))


def flags_words(view: ClusterView, findings: Iterable[Finding]) -> Safe:
    """The same for a wide column: a single code is followed by its slug, `■ EPS-001 family-empty`."""
    flags = _flags(view, findings)
    code = f"DS-{flags[0].partition(' ')[2]}" if len(flags) == 1 else ""
    return Safe(f"{flags[0]} {registry()[code].slug}") if code in registry() else Safe(" ".join(flags))


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


class Remark(NamedTuple):
    """Why a row is incomplete or pending: in a few words, and in one word for a narrow column."""

    text: str = ""
    short: str = ""

    def after(self, text: str) -> Remark:
        """This remark after another one. A narrow column shows only the other one."""
        return Remark("; ".join(filter(None, (text, self.text))), text or self.short)


def settling_remark(view: ClusterView, *refs: ObjectRef) -> Remark:
    """Until when one of these objects has no verdict; empty if all have one."""
    remarks = filter(None, (settles(view.settling, ref) for ref in refs))
    return next((Remark(f"settling {when}", "settling") for when in remarks), Remark())
