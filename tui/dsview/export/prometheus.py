"""Metrics in the Prometheus text format, for the textfile collector, a Pushgateway or a scrape.

The names and labels are stable. docs/metrics.md explains them, and a test compares it with this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from dsview import __version__
from dsview.analysis.cluster_summary import ClusterSummary
from dsview.core.address import FAMILIES
from dsview.core.text import safe

METRICS: dict[str, str] = {
    "dsview_build_info": "Always 1; the version of dsview.",
    "dsview_last_run_timestamp_seconds": "When these metrics were written, in seconds since the epoch.",
    "dsview_up": "Whether the cluster could be read (1) or not (0).",
    "dsview_cluster_info": "Always 1; mode, confidence of the mode, and version of the cluster.",
    "dsview_complete": "Whether everything was read and every check was evaluated (1), or something is missing (0).",
    "dsview_kind_refused": "Always 1; a kind that the cluster did not permit dsview to read.",
    "dsview_layer_objects": "Objects of a layer that should have the address family.",
    "dsview_layer_objects_with_family": "Objects of a layer that have the address family.",
    "dsview_services_failing": "Services that do not work over the address family.",
    "dsview_services_partially_failing": "Services that work only partly over the address family.",
    "dsview_cluster_findings": "Findings by severity, including those that other findings explain.",
    "dsview_cluster_root_causes": "Findings that no other finding explains.",
    "dsview_cluster_exempted_findings": "Findings that the policy or an annotation exempts; not in other metrics.",
    "dsview_cluster_skipped_checks": "Checks that options or the configuration exclude.",
    "dsview_findings": "Findings of a check by severity and address family.",
    "dsview_check_evaluated": "Whether a check was evaluated (1) or could not be evaluated (0).",
}
"""The help text of every metric, in output order. All metrics are gauges."""


class Sample(msgspec.Struct, frozen=True):
    """One value of a metric."""

    metric: str
    value: float
    labels: dict[str, str] = {}


class Target(msgspec.Struct, frozen=True):
    """A cluster by the name of its context. `summary` is None if it could not be read."""

    context: str
    summary: ClusterSummary | None


def render_metrics(targets: Sequence[Target], made_at: float) -> str:
    """The metrics of these clusters. `made_at` is epoch seconds."""
    samples = [
        Sample("dsview_build_info", 1, {"version": __version__}),
        Sample("dsview_last_run_timestamp_seconds", made_at),
    ]
    for target in targets:
        samples += _of_cluster(target)
    by_metric: dict[str, list[Sample]] = {}
    for sample in samples:
        by_metric.setdefault(sample.metric, []).append(sample)
    return "".join(_metric(name, text, by_metric[name]) for name, text in METRICS.items() if name in by_metric)


def _of_cluster(target: Target) -> Iterator[Sample]:
    context = {"context": target.context}
    summary = target.summary
    yield Sample("dsview_up", summary is not None, context)
    if summary is None:
        return
    info = {"mode": summary.mode, "confidence": summary.confidence, "kubernetes_version": summary.version}
    yield Sample("dsview_cluster_info", 1, context | info)
    yield Sample("dsview_complete", summary.is_complete, context)
    for kind in summary.refused:
        yield Sample("dsview_kind_refused", 1, context | {"kind": kind})
    for layer in summary.layers:
        for family in FAMILIES:
            count = layer.count(family)
            if count is not None:
                labels = context | {"layer": _label(layer.name), "family": family}
                yield Sample("dsview_layer_objects", count.of, labels)
                yield Sample("dsview_layer_objects_with_family", count.having, labels)
    for family in FAMILIES:
        labels = context | {"family": family}
        yield Sample("dsview_services_failing", summary.failing.get(family, 0), labels)
        yield Sample("dsview_services_partially_failing", summary.partial.get(family, 0), labels)
    for severity, number in summary.severities.items():
        yield Sample("dsview_cluster_findings", number, context | {"severity": severity.value})
    yield Sample("dsview_cluster_root_causes", summary.causes, context)
    yield Sample("dsview_cluster_exempted_findings", summary.exempted, context)
    yield Sample("dsview_cluster_skipped_checks", summary.skipped, context)
    for entry in summary.counts:
        yield Sample(
            "dsview_findings",
            entry.number,
            context
            | {
                "check": entry.check,
                "severity": entry.severity.value,
                "layer": _label(entry.layer or "none"),
                "family": entry.family or "none",
            },
        )
    for code, is_evaluated in sorted(_evaluated(summary)):
        yield Sample("dsview_check_evaluated", is_evaluated, context | {"check": code})


def _evaluated(summary: ClusterSummary) -> Iterable[tuple[str, bool]]:
    yield from ((code, True) for code in summary.evaluated)
    yield from ((code, False) for code in summary.not_evaluated)


def _label(layer: str) -> str:
    return layer.lower().replace(" ", "_")


def _metric(name: str, text: str, samples: Iterable[Sample]) -> str:
    lines = "".join(f"{name}{_labels(sample.labels)} {_number(sample.value)}\n" for sample in samples)
    return f"# HELP {name} {text}\n# TYPE {name} gauge\n{lines}"


def _labels(labels: dict[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return safe(value).replace("\\", r"\\").replace('"', r"\"")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"
