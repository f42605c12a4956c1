"""The interface that analyses and tables read: a cluster, its findings and their checks, in their current state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from dsview.analysis.timeline import Timeline
from dsview.checks.engine.availability import NotEvaluated
from dsview.checks.engine.finding_index import FindingIndex
from dsview.checks.engine.policy import Policy
from dsview.checks.engine.settling import Settling
from dsview.cluster.node_facts import NodeFacts
from dsview.cluster.profile import Profile
from dsview.cluster.state import Change, ClusterState
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.kinds.kind import Kind
from dsview.sources.events import Source, Traffic


class Delta(msgspec.Struct):
    """What changed in a cluster in one batch. `everything`: every row may have changed."""

    changes: list[Change] = msgspec.field(default_factory=list)
    findings: set[ObjectRef] = msgspec.field(default_factory=set)
    nodes: set[str] = msgspec.field(default_factory=set)
    profile: bool = False
    statuses: bool = False
    everything: bool = False

    def __bool__(self) -> bool:
        return bool(self.changes or self.findings or self.nodes or self.profile or self.statuses or self.everything)


class ClusterView(Protocol):
    """A cluster and its findings. A `Session` implements it; analyses use nothing else of a session."""

    state: ClusterState
    source: Source
    policy: Policy
    timeline: Timeline

    @property
    def findings(self) -> FindingIndex:
        """The findings that are shown: after their grace period and not exempted."""

    @property
    def settling(self) -> Settling:
        """The pending findings: within a grace period, or about objects that are still changing."""

    @property
    def profile(self) -> Profile:
        """What is inferred about the cluster."""

    @property
    def nodes(self) -> dict[str, NodeFacts]:
        """The families of each node, by name."""

    @property
    def exempted(self) -> int:
        """The number of exempted findings."""

    @property
    def exempted_findings(self) -> list[Finding]:
        """The findings that the policy or an annotation exempts, in the order of reports."""

    @property
    def skipped(self) -> tuple[str, ...]:
        """The checks that the policy skips, by code."""

    @property
    def traffic(self) -> Mapping[Kind | None, Traffic]:
        """The requests to the server so far, by kind; empty for a source without a server."""

    @property
    def now(self) -> float:
        """The time that checks use, epoch seconds."""

    @property
    def was_settled(self) -> bool:
        """Whether everything was read and evaluated at least once."""

    def findings_of(self, kind: str, namespace: str, name: str) -> tuple[Finding, ...]:
        """The shown findings about an object, the worst first."""

    def details_of(self, kind: str, namespace: str, name: str) -> tuple[Finding, ...]:
        """The findings that are shown only in the detail of the object."""

    def root_of(self, finding: Finding) -> Finding | None:
        """The finding that explains this one, or None."""

    def counts(self) -> dict[Severity, int]:
        """The number of shown findings of each severity, including folded ones."""

    def not_evaluated(self) -> list[NotEvaluated]:
        """The checks that could not be evaluated, by code."""
