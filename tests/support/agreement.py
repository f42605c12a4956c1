"""Checks, traces, the overview and the plan agree about each Service."""

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

NOTED = "DS-EPS-008"
"""The one check whose note says that a Service is broken."""


def assert_agreement(view: ClusterView) -> None:
    """Every Service's trace breaks where an error names it, and nowhere without a finding; the overview counts this."""
    failing: Counter[Family] = Counter()
    partial: Counter[Family] = Counter()
    for service in view.state.services:
        found = trace_service(view, service)
        named = view.findings_of("Service", *service.key)
        errors = [f for f in named if f.severity is Severity.ERROR]
        for family in FAMILIES:
            is_broken = found.course(family).outcome is Outcome.BROKEN
            if is_broken:
                about = [f for f in on_the_way(view, service) if f.family in (family, None)]
                assert any(f.severity is not Severity.NOTE or f.check == NOTED for f in about), found.course(family)
                (partial if is_in_part(found, family) else failing)[family] += 1
            if any(f.family == family for f in errors):
                assert is_broken, (service.key, errors)
        if errors and service.families:
            assert found.is_broken, (service.key, errors)
    for pod in view.state.controllers.values():
        assert_listeners_agree(view, pod)
    told = overview_now(view)
    assert (Counter(told.failing), Counter(told.partial)) == (failing, partial)
    assert_plan_agrees(view)


def assert_listeners_agree(view: ClusterView, pod: Pod) -> None:
    """The trace of a proxy pod breaks nowhere without a finding about it, its Services, its Node or its settings."""
    found = trace_pod(view, pod)
    about = [*view.findings_of("Pod", *pod.key), *view.findings_of("Node", "", pod.node_name)]
    for service in view.state.selectors.selecting(pod):
        about += view.findings_of("Service", *service.key)
    about += [finding for finding in view.book if finding.object.kind == "ConfigMap"]
    for family in FAMILIES:
        if found.course(family).outcome is Outcome.BROKEN:
            weighty = [f for f in about if f.severity is not Severity.NOTE or f.check == NOTED]
            assert any(f.family in (family, None) for f in weighty), found.course(family)


def on_the_way(view: ClusterView, service: Service) -> list[Finding]:
    """The findings about the Service, the Pods behind it and the Nodes."""
    pods = [pod for pod in view.state.pods if is_behind(view, service, pod)]
    found = [*view.findings_of("Service", *service.key)]
    for pod in pods:
        found += [*view.findings_of("Pod", *pod.key), *view.findings_of("Node", "", pod.node_name)]
    if service.type == "NodePort":
        found += [finding for name in view.nodes for finding in view.findings_of("Node", "", name)]
    return found


def is_behind(view: ClusterView, service: Service, pod: Pod) -> bool:
    """Whether the Service selects the Pod."""
    return any(selecting.key == service.key for selecting in view.state.selectors.selecting(pod))


def is_in_part(found: Trace, family: Family) -> bool:
    """Whether some of it still serves the family."""
    return all(found.hops[i].lane(family).in_part for i in found.course(family).causes)


def assert_plan_agrees(view: ClusterView) -> None:
    """The plan calls no Service ready that has no endpoint, and none without pods that has ready ones."""
    for step in make_plan(view).steps:
        key = (step.service.namespace or "", step.service.name)
        service = view.state.services.get(key)
        assert service is not None
        ready = [pod for pod in view.state.pods if pod.ready and not pod.deleted and pod.phase == "Running" and pod.ips]
        if service.selector and any(is_behind(view, service, pod) for pod in ready):
            assert not any("No pod runs behind it" in note for note in step.notes), step
