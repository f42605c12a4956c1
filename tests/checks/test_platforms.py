"""Healthy clusters of many platforms, with objects as in their documentation: none of them has a finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsview.cluster.completeness import Completeness, completeness
from dsview.core.address import Family
from dsview.core.finding import Severity
from dsview.kinds.registry import CORE_KINDS
from tests.support.agreement import assert_agreement
from tests.support.clusters import DATA, from_path

DUAL: tuple[Family, ...] = ("IPv4", "IPv6")
PLATFORMS: dict[str, tuple[Family, ...]] = {
    "aks": DUAL,
    "antrea": DUAL,
    "calico": DUAL,
    "cilium": DUAL,
    "eks-ipv4": ("IPv4",),
    "eks-ipv6": ("IPv6",),
    "gke": DUAL,
    "k3s": DUAL,
    "kind": DUAL,
    "kube-ovn": DUAL,
    "kube-router": DUAL,
    "kubeadm": DUAL,
    "kubeedge": ("IPv4",),
    "openshift": DUAL,
    "openshift-vsphere": DUAL,
    "ovn-kubernetes": DUAL,
    "rke2": DUAL,
    "virtual-kubelet": DUAL,
    "windows": DUAL,
}
"""The Service families of each."""


def _path(name: str) -> Path:
    return DATA / "platforms" / f"{name}.yaml"


@pytest.mark.parametrize("name", PLATFORMS)
def test_nothing_at_warning_or_above_fires_on_a_healthy_platform(name: str) -> None:
    session = from_path(_path(name))
    grave = [str((f.check, f.object, f.message)) for f in session.findings if f.severity is not Severity.NOTE]
    assert not grave, "\n".join(grave)
    # An incomplete list would silence the checks that rely on absence.
    assert {kind for kind in CORE_KINDS if completeness(session.state, kind) is not Completeness.COMPLETE} == set()
    assert session.profile.service_families == PLATFORMS[name]
    assert not [entry for entry in session.not_evaluated() if "failed on" in entry.reason]
    assert_agreement(session)


def test_every_platform_cites_the_page_that_shows_its_objects() -> None:
    assert {path.stem for path in (DATA / "platforms").iterdir()} == PLATFORMS.keys()
    for name in PLATFORMS:
        comment = [line for line in _path(name).read_text().splitlines() if line.startswith("# ")]
        assert any(line.startswith("# https://") for line in comment), name
