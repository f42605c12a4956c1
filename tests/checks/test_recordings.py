"""Real API servers in four modes: no warning or error without a reason in the data."""

from __future__ import annotations

import pytest

from dsview.core.finding import Severity
from tests.support.clusters import RECORDINGS, from_path

# Why each warning of the recordings is right.
BORNE_OUT = {
    "DS-LB-004": "nobody serves load balancers in these clusters, so the LoadBalancer Services have no address",
    "DS-NGX-005": "the controller's Service is SingleStack in a dual-stack cluster",
    "DS-ADR-002": "the loader wrote fd00:16:0::10, which RFC 5952 writes fd00:16::10",
}


@pytest.mark.parametrize(
    ("folder", "mode", "codes"),
    [
        ("dual-two-nodes", "dual-ipv4-first", {"DS-LB-004", "DS-NGX-005"}),
        ("dual-ipv6-first", "dual-ipv6-first", {"DS-LB-004", "DS-ADR-002"}),
        ("ipv4-only", "ipv4", {"DS-LB-004"}),
        ("ipv6-only", "ipv6", {"DS-LB-004", "DS-ADR-002"}),
    ],
)
def test_a_recorded_cluster_has_no_unfounded_warning(folder: str, mode: str, codes: set[str]) -> None:
    session = from_path(RECORDINGS / folder)
    assert (session.profile.mode, session.profile.confidence.value) == (mode, "declared")
    grave = {finding.check for finding in session.findings if finding.severity is not Severity.NOTE}
    assert grave == codes
    assert codes <= BORNE_OUT.keys()
    assert session.counts()[Severity.ERROR] == 0


def test_the_blog_posts_services_are_flagged_as_it_describes_them() -> None:
    session = from_path(RECORDINGS / "dual-two-nodes")
    flags = {(f.object.name, f.check) for f in session.findings}
    assert flags == {
        ("my-service", "DS-SVC-002"),
        ("my-service-3", "DS-SVC-006"),
        ("ingress-nginx-controller", "DS-NGX-005"),
        ("ingress-nginx-controller", "DS-LB-004"),
        ("lb", "DS-LB-004"),
    }


def test_a_viewer_is_told_what_was_not_evaluated() -> None:
    session = from_path(RECORDINGS / "dual-two-nodes-as-viewer")
    assert (session.profile.mode, session.profile.confidence.value) == ("dual-ipv4-first", "observed")
    reasons = {entry.check: entry.reason for entry in session.not_evaluated()}
    assert "nodes: not permitted" in reasons["DS-NODE-001"]
    assert "servicecidrs" in reasons["DS-SVC-004"]
    assert "DS-SVC-001" not in reasons
    assert not [f for f in session.findings if f.object.kind == "Node"]
