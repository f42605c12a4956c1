"""What is distributed with dsview: the CronJob, the container, the krew manifest, and its User-Agent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from dsview.cli import cli, program_name
from dsview.export.rbac import cluster_role, cronjob

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["rbac", *arguments], standalone_mode=False)


@pytest.fixture(scope="module")
def objects() -> dict[str, dict[str, Any]]:
    return {item["kind"]: item for item in yaml.safe_load_all(cronjob("registry.example.com/dsview:1.2.3"))}


def test_the_cronjob_comes_with_all_that_it_needs(objects: dict[str, dict[str, Any]]) -> None:
    assert list(objects) == ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "CronJob"]
    account = objects["ServiceAccount"]["metadata"]
    binding = objects["ClusterRoleBinding"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", **account}]
    assert binding["roleRef"]["name"] == objects["ClusterRole"]["metadata"]["name"]
    pod = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == account["name"]
    assert objects["CronJob"]["metadata"]["namespace"] == account["namespace"]


def test_the_cronjob_has_no_right_but_to_read(objects: dict[str, dict[str, Any]]) -> None:
    rules = objects["ClusterRole"]["rules"]
    # A check reads no single object except named ConfigMaps.
    assert all(set(rule["verbs"]) <= {"list", "watch"} or rule.get("resourceNames") for rule in rules)
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}
    resources = {resource for rule in rules for resource in rule["resources"]}
    assert not resources & {"secrets", "pods/exec", "*"}
    assert objects["ClusterRole"] == yaml.safe_load(cluster_role(with_exec=False, with_details=False))


def test_the_cronjob_runs_as_nobody_and_writes_nothing(objects: dict[str, dict[str, Any]]) -> None:
    pod = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["image"] == "registry.example.com/dsview:1.2.3"
    assert "--no-exec" in container["args"]


def test_the_arguments_of_the_cronjob_are_such_that_dsview_takes(objects: dict[str, dict[str, Any]]) -> None:
    (container,) = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    result = CliRunner().invoke(cli, [*container["args"], "--demo", "healthy"], standalone_mode=False)
    assert result.return_value == 0


def test_the_command_prints_the_cronjob_and_refuses_an_invalid_image() -> None:
    assert run("--cronjob", "--image", "a/b:1").stdout == cronjob("a/b:1")
    assert isinstance(run("--cronjob", "--image", "a\nb").exception, click.UsageError)


def test_the_container_is_of_a_user_without_a_name_and_copies_what_there_is() -> None:
    lines = (ROOT / "Containerfile").read_text().splitlines()
    assert "USER 65532:65532" in lines
    assert lines[-1] == 'CMD ["check"]'
    sources = [
        source for line in lines if line.startswith("COPY ") and "--from" not in line for source in line.split()[1:-1]
    ]
    assert sources
    assert all((ROOT / source).exists() for source in sources)
    allowed = {
        line.removeprefix("!") for line in (ROOT / ".containerignore").read_text().splitlines() if line[0] == "!"
    }
    assert {source.removeprefix("./") for source in sources} <= allowed


def test_the_krew_manifest_names_one_archive_for_each_platform() -> None:
    manifest = yaml.safe_load((ROOT / "docs" / "krew.yaml").read_text())
    assert manifest["metadata"]["name"] == "dsview"
    uris = [platform["uri"] for platform in manifest["spec"]["platforms"]]
    assert len(set(uris)) == len(uris)
    for platform in manifest["spec"]["platforms"]:
        labels = platform["selector"]["matchLabels"]
        assert platform["uri"].endswith(f"kubectl-dsview-{labels['os']}-{labels['arch']}.tar.gz")
        assert platform["bin"] == "kubectl-dsview"
    # krew-index refuses longer ones.
    assert len(manifest["spec"]["shortDescription"]) <= 50


@pytest.mark.parametrize(
    ("command", "environment", "name"),
    [
        ("/usr/bin/dsview", {}, "dsview"),
        ("/usr/bin/dsview", {"KUBECTL_PATH": "/usr/bin/kubectl"}, "dsview"),
        ("/usr/bin/kubectl-dsview", {}, "kubectl dsview"),
        ("/usr/bin/kubectl-dsview", {"KUBECTL_PATH": "/opt/1.37/kubectl"}, "kubectl dsview"),
        ("/usr/bin/kubectl-dsview", {"KUBECTL_PATH": "/usr/bin/oc"}, "oc dsview"),
        ("kubectl-dsview", {"KUBECTL_PATH": "/x/\x1b[31m"}, "\\x1b[31m dsview"),
    ],
)
def test_it_calls_itself_as_it_was_started(command: str, environment: dict[str, str], name: str) -> None:
    assert program_name(command, environment) == name


def test_the_release_steps_name_files_that_there_are() -> None:
    text = (ROOT / "docs" / "releasing.md").read_text()
    for name in re.findall(r"`(tui/[\w./]+|docs/[\w./]+|screenshots/[\w.]+|\.ci/run)`", text):
        assert (ROOT / name).exists(), name
