"""The totals of a cluster, for a row of the fleet and for the metrics.

Their size does not depend on the number of objects. They come from the overview, so the two never differ.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.family_coverage import Layer
from dsview.analysis.overview import WorstCause, missing_checks, overview_now
from dsview.checks.engine.check import LayerName
from dsview.checks.engine.registry import all_checks, registry
from dsview.core.address import Family
from dsview.core.finding import Severity
from dsview.core.text import Safe, safe
from dsview.kinds.kind import Kind
from dsview.kinds.registry import CORE_KINDS, RESOURCES
from dsview.sources.events import Health


class FindingCount(msgspec.Struct, frozen=True, kw_only=True):
    """The number of shown findings of a check with one severity and family. `layer` is their layer in the overview."""

    check: str
    severity: Severity
    layer: LayerName | None
    family: Family | None
    number: int


class LayerFlag(msgspec.Struct, frozen=True, kw_only=True):
    """The worst severity of the findings about a layer and a family."""

    layer: LayerName
    family: Family
    severity: Severity


class ClusterSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one cluster.

    Attributes:
        verdict, is_complete, families, layers, flags, failing, partial, worst: As in the overview.
        severities: The number of shown findings of every severity, including folded ones.
        causes: The number of findings that no other explains.
        evaluated, not_evaluated: The codes of checks.
        skipped: The number of checks that the policy skips.
        refused: The core kinds that the server refused, by their plural names.
        unread: The core kinds that were permitted but not read completely, by their plural names.
        missing: The number of checks that could not be evaluated, without opt-in checks.
    """

    name: Safe
    version: Safe
    mode: str
    confidence: str
    verdict: Safe
    is_complete: bool
    families: tuple[Family, ...]
    layers: tuple[Layer, ...]
    flags: tuple[LayerFlag, ...]
    failing: dict[Family, int]
    partial: dict[Family, int]
    severities: dict[Severity, int]
    exempted: int
    causes: int
    worst: tuple[WorstCause, ...]
    counts: tuple[FindingCount, ...]
    evaluated: tuple[str, ...]
    not_evaluated: tuple[str, ...]
    skipped: int
    refused: tuple[str, ...]
    unread: tuple[str, ...]
    missing: int

    @property
    def is_partial(self) -> bool:
        """Whether something that was requested could not be read."""
        return bool(self.refused or self.unread or self.missing)


def summarize(view: ClusterView) -> ClusterSummary:
    """The totals of a cluster in its current state."""
    overview = overview_now(view)
    not_evaluated = tuple(entry.check for entry in view.not_evaluated())
    left_out = {*not_evaluated, *view.skipped}
    severities = view.counts()
    return ClusterSummary(
        name=safe(view.source.name),
        version=safe(view.state.server.version or ""),
        mode=view.profile.mode,
        confidence=view.profile.confidence.value,
        verdict=overview.verdict,
        is_complete=overview.is_complete,
        families=overview.families,
        layers=overview.layers,
        flags=tuple(
            LayerFlag(layer=layer, family=family, severity=severity)
            for (layer, family), severity in overview.flags.items()
        ),
        failing=overview.failing,
        partial=overview.partial,
        severities={severity: severities.get(severity, 0) for severity in Severity},
        exempted=view.exempted,
        causes=overview.causes,
        worst=overview.worst,
        counts=_counts(view),
        evaluated=tuple(check.code for check in all_checks() if check.code not in left_out),
        not_evaluated=not_evaluated,
        skipped=len(view.skipped),
        refused=tuple(
            RESOURCES[kind].plural for kind in CORE_KINDS if view.state.status(kind).health is Health.REFUSED
        ),
        unread=tuple(RESOURCES[kind].plural for kind in CORE_KINDS if _is_unread(view, kind)),
        missing=missing_checks(view),
    )


def _is_unread(view: ClusterView, kind: Kind) -> bool:
    status = view.state.status(kind)
    return status.health in (Health.FAILED, Health.LOADING) or bool(status.cut_off)


def _counts(view: ClusterView) -> tuple[FindingCount, ...]:
    numbers = Counter((finding.check, finding.severity, finding.family) for finding in view.findings)
    return tuple(
        FindingCount(check=check, severity=severity, layer=registry()[check].layer, family=family, number=number)
        for (check, severity, family), number in sorted(
            numbers.items(), key=lambda item: (item[0][0], item[0][1].rank, item[0][2] or "")
        )
    )
