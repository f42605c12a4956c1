"""Assertions that checks, traces, the overview and the plan agree about each Service."""

from __future__ import annotations

from collections import Counter

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.hop import Outcome, Trace
from dsview.analysis.overview import overview_now
from dsview.analysis.plan import make_plan
from dsview.analysis.trace import trace_pod, trace_service
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import Finding, Severity
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service

NOTE_OF_FAILURE = "DS-EPS-008"
"""The only check that reports a broken Service as a note."""


def assert_agreement(view: ClusterView) -> None:
    """A Service's trace is broken if it has an error, and only if there is a finding; the overview counts these."""
    failing: Counter[Family] = Counter()
    partial: Counter[Family] = Counter()
    for service in view.state.services:
        trace = trace_service(view, service)
        named = view.findings_of("Service", *service.key)
        errors = [f for f in named if f.severity is Severity.ERROR]
        for family in FAMILIES:
            is_broken = trace.course(family).outcome is Outcome.BROKEN
            if is_broken:
                about = [f for f in findings_along(view, service) if f.family in (family, None)]
                assert any(f.severity is not Severity.NOTE or f.check == NOTE_OF_FAILURE for f in about), trace.course(
                    family
                )
                (partial if is_partial(trace, family) else failing)[family] += 1
            if any(f.family == family for f in errors):
                assert is_broken, (service.key, errors)
        if errors and service.families:
            assert trace.is_broken, (service.key, errors)
    for pod in view.state.controllers.values():
        assert_listeners_agree(view, pod)
    overview = overview_now(view)
    assert (Counter(overview.failing), Counter(overview.partial)) == (failing, partial)
    assert_plan_agrees(view)


def assert_listeners_agree(view: ClusterView, pod: Pod) -> None:
    """A proxy pod's trace is broken only if there is a finding about it, its Services, its Node or its ConfigMap."""
    trace = trace_pod(view, pod)
    about = [*view.findings_of("Pod", *pod.key), *view.findings_of("Node", "", pod.node_name)]
    for service in view.state.selectors.selecting(pod):
        about += view.findings_of("Service", *service.key)
    about += [finding for finding in view.findings if finding.object.kind == "ConfigMap"]
    for family in FAMILIES:
        if trace.course(family).outcome is Outcome.BROKEN:
            relevant = [f for f in about if f.severity is not Severity.NOTE or f.check == NOTE_OF_FAILURE]
            assert any(f.family in (family, None) for f in relevant), trace.course(family)


def findings_along(view: ClusterView, service: Service) -> list[Finding]:
    """The findings about the Service, the Pods behind it and the Nodes."""
    pods = [pod for pod in view.state.pods if is_behind(view, service, pod)]
    findings = [*view.findings_of("Service", *service.key)]
    for pod in pods:
        findings += [*view.findings_of("Pod", *pod.key), *view.findings_of("Node", "", pod.node_name)]
    if service.type == "NodePort":
        findings += [finding for name in view.nodes for finding in view.findings_of("Node", "", name)]
    return findings


def is_behind(view: ClusterView, service: Service, pod: Pod) -> bool:
    """Whether the Service selects the Pod."""
    return any(selecting.key == service.key for selecting in view.state.selectors.selecting(pod))


def is_partial(trace: Trace, family: Family) -> bool:
    """Whether part of the Service still serves the family."""
    return all(trace.hops[i].lane(family).in_part for i in trace.course(family).causes)


def assert_plan_agrees(view: ClusterView) -> None:
    """No Service with ready pods is reported by the plan to have none."""
    for step in make_plan(view).steps:
        key = (step.service.namespace or "", step.service.name)
        service = view.state.services.get(key)
        assert service is not None
        ready = [pod for pod in view.state.pods if pod.ready and not pod.deleted and pod.phase == "Running" and pod.ips]
        if service.selector and any(is_behind(view, service, pod) for pod in ready):
            assert not any("No pod runs behind it" in note for note in step.notes), step
