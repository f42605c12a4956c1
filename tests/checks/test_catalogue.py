"""The registry holds the specification's catalogue: these codes, slugs and severities, written down by hand."""

from __future__ import annotations

import pytest

from dsview.checks.engine.check import Check
from dsview.checks.engine.registry import all_checks

CATALOGUE = {
    "DS-API-001": ("singular-differs", "error"),
    "DS-API-002": ("policy-families-ips-disagree", "error"),
    "DS-ADR-001": ("unusable-address", "error"),
    "DS-ADR-002": ("not-canonical", "note"),
    "DS-SVC-001": ("prefer-stuck", "warning"),
    "DS-SVC-002": ("single-in-dual", "note"),
    "DS-SVC-003": ("family-not-configured", "error"),
    "DS-SVC-004": ("cluster-ip-out-of-range", "error"),
    "DS-SVC-005": ("duplicate-cluster-ip", "error"),
    "DS-SVC-006": ("primary-differs", "note"),
    "DS-SVC-007": ("external-ip-family", "warning"),
    "DS-EPS-001": ("family-empty", "error"),
    "DS-EPS-002": ("family-partial", "warning"),
    "DS-EPS-003": ("slice-absent", "warning"),
    "DS-EPS-004": ("useless-slice", "warning"),
    "DS-EPS-005": ("selectorless-half", "warning"),
    "DS-EPS-006": ("endpoints-wrong-family", "warning"),
    "DS-EPS-007": ("secondary-unproved", "note"),
    "DS-EPS-008": ("family-dead-everywhere", "error"),
    "DS-EPS-009": ("stale-address", "error"),
    "DS-POD-001": ("pod-lacks-family", "warning"),
    "DS-POD-002": ("order-differs", "note"),
    "DS-POD-003": ("host-network-stale", "warning"),
    "DS-POD-004": ("outside-pod-cidr", "note"),
    "DS-POD-005": ("duplicate-pod-ip", "error"),
    "DS-POD-006": ("family-unused", "warning"),
    "DS-POD-007": ("probe-refused", "warning"),
    "DS-NODE-001": ("internal-ip-family", "error"),
    "DS-NODE-002": ("pod-cidr-family", "error"),
    "DS-NODE-003": ("pod-cidr-overlap", "error"),
    "DS-NODE-004": ("cidr-collision", "error"),
    "DS-NODE-005": ("pod-cidr-order", "error"),
    "DS-NODE-006": ("provided-node-ip", "warning"),
    "DS-NODE-007": ("no-pod-cidr", "error"),
    "DS-CLU-001": ("layers-disagree", "warning"),
    "DS-CLU-002": ("primaries-disagree", "warning"),
    "DS-CLU-003": ("service-cidr-unconfigured", "warning"),
    "DS-CLU-004": ("service-cidr-not-ready", "warning"),
    "DS-CLU-005": ("service-cidr-full", "warning"),
    "DS-CLU-006": ("no-common-family", "error"),
    "DS-CLU-007": ("node-port-addresses", "warning"),
    "DS-CLU-008": ("cluster-cidr-one-family", "warning"),
    "DS-CLU-009": ("corefile-no-ip6-arpa", "note"),
    "DS-CLU-010": ("control-plane-flags-disagree", "warning"),
    "DS-CLU-011": ("dns-forward-family", "warning"),
    "DS-CLU-012": ("corefile-drops-aaaa", "warning"),
    "DS-LB-001": ("vip-family-missing", "warning"),
    "DS-LB-002": ("vip-order", "note"),
    "DS-LB-003": ("vip-foreign-family", "warning"),
    "DS-LB-004": ("pending", "warning"),
    "DS-LB-005": ("source-ranges-miss-family", "error"),
    "DS-LB-006": ("requested-ip-family", "warning"),
    "DS-LB-007": ("hostname-only", "note"),
    "DS-LB-008": ("local-policy-gap", "warning"),
    "DS-GW-001": ("gateway-address-family", "warning"),
    "DS-GW-002": ("gateway-backend-disjoint", "error"),
    "DS-LSN-001": ("service-family-no-listener", "error"),
    "DS-LSN-002": ("family-switched-off", "error"),
    "DS-LSN-003": ("controller-service-single", "warning"),
    "DS-LSN-004": ("replicas-differ", "error"),
    "DS-LSN-005": ("family-not-in-cluster", "error"),
    "DS-NET-001": ("policy-one-family", "warning"),
    "DS-NET-002": ("except-asymmetry", "warning"),
    "DS-NET-003": ("ingress-status-family", "warning"),
    "DS-NET-004": ("backend-disjoint", "error"),
    "DS-NET-005": ("controller-lacks-backend-family", "warning"),
    "DS-NET-006": ("webhook-odd-family", "warning"),
    "DS-NGX-001": ("no-v6-listen", "error"),
    "DS-NGX-002": ("disabled-but-published", "error"),
    "DS-NGX-003": ("service-family-no-listener", "error"),
    "DS-NGX-004": ("inert-v6-listen", "note"),
    "DS-NGX-005": ("controller-service-single", "warning"),
    "DS-NGX-006": ("bind-address-one-family", "warning"),
    "DS-NGX-007": ("uneven-servers", "error"),
    "DS-NGX-008": ("replicas-differ", "error"),
    "DS-NGX-009": ("bind-clash", "error"),
    "DS-NGX-010": ("real-ip-v4-only", "warning"),
    "DS-NGX-011": ("acl-one-family", "warning"),
}
"""The severity is the first that the catalogue names: what holds where no condition beside it makes it another."""

OTHER_DEFAULT = {
    "DS-LB-005": "warning",  # an error only beside a VIP of the family
    "DS-LSN-002": "note",  # an error only beside a Service with the family
    "DS-NGX-002": "note",  # an error only beside a Service with IPv6
}


def test_the_registry_holds_the_catalogue_and_nothing_else() -> None:
    found = {entry.code: (entry.slug, entry.severity.value) for entry in all_checks()}
    wanted = {code: (slug, OTHER_DEFAULT.get(code, severity)) for code, (slug, severity) in CATALOGUE.items()}
    assert found == wanted


@pytest.mark.parametrize("entry", all_checks(), ids=lambda entry: entry.code)
def test_every_check_explains_itself_in_sentences(entry: Check) -> None:
    assert entry.title
    assert not entry.title.endswith(".")
    for text in (entry.condition, entry.why, entry.fix, entry.not_when):
        assert text.endswith("."), text
    assert entry.source
    assert entry.subjects or entry.needs, "what it is evaluated from"


def test_only_the_unproved_family_is_kept_out_of_reports() -> None:
    assert [entry.code for entry in all_checks() if entry.detail_only] == ["DS-EPS-007"]
