"""The commands that dsview prints, run with a real kubectl, and the effect on the finding."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dsview.core.finding import Finding
from tests.real.real import PODS, SERVICES, Real, pod, service
from tests.support.realapi import ASSETS, Json, RealApi

OpenReal = Callable[..., Real]
NODES = "/api/v1/nodes"
PATH = os.pathsep.join((ASSETS, os.environ.get("PATH", "")))
SINGLE = {"ipFamilyPolicy": "SingleStack"}
BALANCED = {"type": "LoadBalancer", "ipFamilyPolicy": "PreferDualStack", "loadBalancerSourceRanges": ["192.0.2.0/24"]}


@pytest.fixture(scope="module", autouse=True)
def kubectl() -> None:
    """Whether kubectl is available."""
    if not ASSETS or shutil.which("kubectl", path=PATH) is None:
        pytest.skip("there is no kubectl in the folder of KUBEBUILDER_ASSETS, nor in PATH")


def node(name: str, *cidrs: str) -> Json:
    """A node as a kubelet registers it."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {"podCIDRs": list(cidrs)}}


def finding(one: Real, check: str, name: str) -> Finding | None:
    """The finding of a check about an object of this name."""
    return next((found for found in one.session.findings if (found.check, found.object.name) == (check, name)), None)


def run(folder: Path, script: str) -> str:
    """The output of the commands, which must succeed one after the other."""
    done = subprocess.run(
        ["/bin/sh", "-ec", script],
        env={"PATH": PATH, "KUBECONFIG": str(folder / "kubeconfig"), "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize(
    ("body", "check"),
    [
        (service("single", **SINGLE), "DS-SVC-002"),
        (service("single-v6", **SINGLE, ipFamilies=["IPv6"]), "DS-SVC-002"),
        (service("single-headless", **SINGLE, clusterIP="None"), "DS-SVC-002"),
        (service("ranges", **BALANCED), "DS-LB-005"),
        (node("node-of-one", "10.64.1.0/24"), "DS-NODE-002"),
    ],
    ids=lambda value: value if isinstance(value, str) else value["metadata"]["name"],
)
def test_a_fix_that_is_pasted_mends_what_it_is_printed_for(
    api: RealApi, real: OpenReal, tmp_path: Path, body: Json, check: str
) -> None:
    if body["kind"] == "Node":
        # What a node has is compared with what others have.
        api.create(NODES, body, node("node-of-both", "10.64.0.0/24", "fd00:10:244::/64"))
    else:
        api.create(SERVICES, body)
    one = real().settle()
    name = body["metadata"]["name"]
    one.until(lambda: finding(one, check, name) is not None, "it is flagged")
    found = finding(one, check, name)
    assert found is not None
    assert found.fix
    run(tmp_path, found.fix)
    one.until(lambda: finding(one, check, name) is None, "it is flagged no more")
    one.assert_recovers()


def test_hostile_text_in_a_printed_command_is_one_word_that_kubectl_takes_for_a_name(
    api: RealApi, real: OpenReal, tmp_path: Path
) -> None:
    from dsview.checks.engine.remediation import kubectl

    api.create(PODS, pod("bystander"))
    real().settle()
    command = kubectl("default", "delete", "pod", "x; kubectl delete pod bystander #\n--all")
    with pytest.raises(AssertionError, match="not found"):
        run(tmp_path, command)
    assert "bystander" in run(tmp_path, kubectl("default", "get", "pod", "bystander"))
