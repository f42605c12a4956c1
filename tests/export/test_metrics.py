"""Metrics: the official parser reads them, and their names and labels are those of docs/metrics.md."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from dsview.analysis.cluster_summary import ClusterSummary, summarize
from dsview.analysis.overview import overview_now
from dsview.checks.engine.policy import Policy
from dsview.checks.engine.registry import registry
from dsview.cli import cli
from dsview.core.text import Safe
from dsview.export.prometheus import METRICS, Target, render_metrics
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from tests.support.clusters import settle

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
NOW = 1_800_000_000.0

LABELS = {
    "dsview_build_info": {"version"},
    "dsview_last_run_timestamp_seconds": set(),
    "dsview_up": {"context"},
    "dsview_cluster_info": {"context", "mode", "confidence", "kubernetes_version"},
    "dsview_complete": {"context"},
    "dsview_kind_refused": {"context", "kind"},
    "dsview_layer_objects": {"context", "layer", "family"},
    "dsview_layer_objects_with_family": {"context", "layer", "family"},
    "dsview_services_failing": {"context", "family"},
    "dsview_services_partially_failing": {"context", "family"},
    "dsview_cluster_findings": {"context", "severity"},
    "dsview_cluster_root_causes": {"context"},
    "dsview_cluster_exempted_findings": {"context"},
    "dsview_cluster_skipped_checks": {"context"},
    "dsview_findings": {"context", "check", "severity", "layer", "family"},
    "dsview_check_evaluated": {"context", "check"},
}
"""The contract. Whoever changes a line here breaks somebody's alert."""


def troubled(policy: Policy | None = None) -> Session:
    return settle(Session(DemoSource("troubled"), policy=policy))


def parsed(summary: ClusterSummary | None, context: str = "prod") -> dict[str, Metric]:
    text = render_metrics([Target(context, summary)], NOW)
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(metrics: dict[str, Metric], name: str, **labels: str) -> float:
    found = [s.value for s in metrics[name].samples if labels.items() <= s.labels.items()]
    assert len(found) == 1, (name, labels, found)
    return float(found[0])


@pytest.fixture(scope="module")
def session() -> Session:
    return troubled()


@pytest.fixture(scope="module")
def metrics(session: Session) -> dict[str, Metric]:
    summary = msgspec.structs.replace(summarize(session), refused=("nodes",))
    return parsed(summary)


def test_names_types_and_labels_are_the_contract(metrics: dict[str, Metric]) -> None:
    assert list(metrics) == list(METRICS) == list(LABELS)
    for name, metric in metrics.items():
        assert metric.type == "gauge"
        assert metric.documentation == METRICS[name]
        assert all(set(sample.labels) == LABELS[name] for sample in metric.samples)


def test_docs_name_every_metric_with_its_labels_and_its_help() -> None:
    rows = re.findall(r"^\| `(dsview_\w+)` \| (.*?) ?\| (.*?) \|$", DOCS.read_text(), re.MULTILINE)
    assert {name: set(re.findall(r"`(\w+)`", labels)) for name, labels, _ in rows} == LABELS
    assert {name: text for name, _, text in rows} == METRICS


def test_sums_are_those_of_the_overview(session: Session, metrics: dict[str, Metric]) -> None:
    found = overview_now(session)
    for layer in found.layers:
        assert layer.v6 is not None
        label = layer.name.lower().replace(" ", "_")
        assert value(metrics, "dsview_layer_objects", layer=label, family="IPv6") == layer.v6.of
        assert value(metrics, "dsview_layer_objects_with_family", layer=label, family="IPv6") == layer.v6.having
    assert value(metrics, "dsview_services_failing", family="IPv6") == found.failing["IPv6"]
    assert value(metrics, "dsview_cluster_root_causes") == found.causes


def test_every_finding_is_counted_once(session: Session, metrics: dict[str, Metric]) -> None:
    by_check = sum(sample.value for sample in metrics["dsview_findings"].samples)
    by_severity = sum(sample.value for sample in metrics["dsview_cluster_findings"].samples)
    assert by_check == by_severity == len(list(session.findings))


def test_a_check_that_was_not_evaluated_is_zero_and_one_that_was_skipped_is_not_there(session: Session) -> None:
    summary = msgspec.structs.replace(summarize(session), not_evaluated=("DS-SVC-001",), evaluated=("DS-SVC-002",))
    metrics = parsed(summary)
    assert value(metrics, "dsview_check_evaluated", check="DS-SVC-001") == 0
    assert value(metrics, "dsview_check_evaluated", check="DS-SVC-002") == 1

    some = parsed(summarize(troubled(Policy(select=("DS-SVC-*",)))))
    checks = {sample.labels["check"] for sample in some["dsview_check_evaluated"].samples}
    assert checks
    assert all(code.startswith("DS-SVC-") for code in checks)
    assert value(some, "dsview_complete") == 0
    assert value(some, "dsview_cluster_skipped_checks") == len(registry()) - len(checks)


def test_a_cluster_that_could_not_be_read_is_down_and_nothing_else_is_said_of_it() -> None:
    metrics = parsed(None)
    assert value(metrics, "dsview_up", context="prod") == 0
    assert set(metrics) == {"dsview_build_info", "dsview_last_run_timestamp_seconds", "dsview_up"}


def test_hostile_names_stay_in_their_label(session: Session) -> None:
    hostile = 'x"} 1\ndsview_up{context="y\\\x1b]0;owned\x07'
    text = render_metrics([Target(hostile, msgspec.structs.replace(summarize(session), version=Safe(hostile)))], NOW)
    assert "\x1b" not in text
    metrics = {family.name: family for family in text_string_to_metric_families(text)}
    assert len(metrics["dsview_up"].samples) == 1
    assert metrics["dsview_up"].samples[0].labels["context"].startswith('x"} 1\\x0adsview_up{context="y\\')


def test_check_prints_metrics() -> None:
    result = CliRunner().invoke(cli, ["check", "--demo", "-o", "prometheus", "--fail-on", "never"])
    metrics = {family.name: family for family in text_string_to_metric_families(result.stdout)}
    assert result.exit_code == 0
    assert value(metrics, "dsview_up", context="troubled") == 1


def test_check_says_down_where_the_cluster_does_not_answer(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: gone\n"
        "clusters: [{name: gone, cluster: {server: 'http://127.0.0.1:1'}}]\n"
        "contexts: [{name: gone, context: {cluster: gone, user: ''}}]\n"
    )
    result = CliRunner().invoke(cli, ["check", "--kubeconfig", str(kubeconfig), "-o", "prometheus", "--timeout", "20s"])
    metrics = {family.name: family for family in text_string_to_metric_families(result.stdout)}
    assert result.exit_code == 3
    assert value(metrics, "dsview_up", context="gone") == 0
