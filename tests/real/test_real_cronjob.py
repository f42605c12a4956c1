"""The printed CronJob on a real API server: it is accepted, and its ServiceAccount has exactly the rights it needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import CliRunner

from dsview.cli import cli
from dsview.kinds.registry import RESOURCES
from tests.support.realapi import ASSETS, Json, RealApi

PATH = os.pathsep.join((ASSETS, os.environ.get("PATH", "")))
ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/dsview"
GATEWAYS = {
    "cilium.io",
    "gateway.envoyproxy.io",
    "gateway.networking.k8s.io",
    "gateway.nginx.org",
    "networking.istio.io",
}
"""The groups that this API server does not serve."""


class Installed(msgspec.Struct, frozen=True):
    """The manifest as it was applied, and a kubeconfig of its ServiceAccount."""

    api: RealApi
    documents: list[Json]
    kubeconfig: Path

    @property
    def rules(self) -> list[Json]:
        """The rules of its ClusterRole."""
        (role,) = (each for each in self.documents if each["kind"] == "ClusterRole")
        found: list[Json] = role["rules"]
        return found

    def check(self, *more: str) -> Json:
        """The report of `dsview check` with the arguments of the CronJob."""
        (job,) = (each for each in self.documents if each["kind"] == "CronJob")
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        arguments = [*container["args"], "-o", "json", "--kubeconfig", str(self.kubeconfig), *more]
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code in (0, 1), result.output
        report: Json = json.loads(result.stdout)
        return report


def refused(report: Json) -> set[str]:
    """The resources that the server refused."""
    plurals = {kind.value: resource.plural for kind, resource in RESOURCES.items()}
    return {plurals[source["kind"]] for source in report["sources"] if source["completeness"] == "refused"}


@pytest.fixture(scope="module")
def installed(api: RealApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The manifest, applied twice with kubectl: a pipeline applies it again and again."""
    if not ASSETS or shutil.which("kubectl", path=PATH) is None:
        pytest.skip("there is no kubectl in the folder of KUBEBUILDER_ASSETS, nor in PATH")
    folder = tmp_path_factory.mktemp("cronjob")
    admin = api.write_kubeconfig(folder / "admin")

    def kubectl(*arguments: str, text: str = "") -> str:
        done = subprocess.run(
            ["kubectl", "--kubeconfig", str(admin), *arguments],
            input=text,
            env={"PATH": PATH, "HOME": str(folder)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    manifest = CliRunner().invoke(cli, ["rbac", "--cronjob"]).stdout
    documents = list(yaml.safe_load_all(manifest))
    said = kubectl("apply", "--validate=strict", "-f", "-", text=manifest)
    assert said.count("created") == len(documents)
    assert kubectl("apply", "--validate=strict", "-f", "-", text=manifest).count("unchanged") == len(documents)
    token = kubectl("--namespace", "dsview", "create", "token", "dsview").strip()
    yield Installed(api, documents, api.write_kubeconfig(folder / "dsview", token=token))
    kubectl("delete", "-f", "-", "--wait=false", text=manifest)


def test_its_namespace_admits_its_pods(installed: Installed) -> None:
    (job,) = (each for each in installed.documents if each["kind"] == "CronJob")
    template = job["spec"]["jobTemplate"]["spec"]["template"]
    pods = "/api/v1/namespaces/dsview/pods?dryRun=All"
    one = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "run"}, **template}
    installed.api.create(pods, one)
    # The namespace enforces the restricted standard, so a pod of a root user is refused.
    one["spec"] = {**template["spec"], "securityContext": {"runAsUser": 0}}
    with pytest.raises(OSError, match="violates PodSecurity"):
        installed.api.create(pods, one)


def test_its_rights_are_those_that_a_run_uses(installed: Installed) -> None:
    before = len(installed.api.audit())
    report = installed.check()
    installed.check("--select", "DS-EPS-006")
    assert report["refused"] == []
    assert {each["check"] for each in report["notEvaluated"]} == {"DS-EPS-006"}
    log = installed.api.audit()[before:]
    assert [entry["requestURI"] for entry in log if entry["responseStatus"]["code"] >= 400] == []
    assert {entry["verb"] for entry in log} <= {"get", "list", "watch"}
    used = {(ref.get("apiGroup", ""), ref["resource"]) for entry in log if (ref := entry.get("objectRef"))}
    given = {(group, name) for rule in installed.rules for group in rule["apiGroups"] for name in rule["resources"]}
    assert used == {(group, name) for group, name in given if group not in GATEWAYS}


def test_a_right_that_is_taken_from_it_is_missed(installed: Installed) -> None:
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "dsview"},
    }
    names = {name for rule in installed.rules if rule["apiGroups"][0] not in GATEWAYS for name in rule["resources"]}
    try:
        for taken in sorted(names - {"endpoints"}):
            rules = [{**rule, "resources": [n for n in rule["resources"] if n != taken]} for rule in installed.rules]
            installed.api.request("PUT", ROLE, {**role, "rules": [rule for rule in rules if rule["resources"]]})
            # The API server notices a changed role a moment later.
            for _ in range(20):
                if taken in refused(installed.check()):
                    break
            assert refused(installed.check()) == {taken}
    finally:
        installed.api.request("PUT", ROLE, {**role, "rules": installed.rules})
