"""The text of findings is readable, and their commands can be pasted, whatever names the cluster contains."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from dsview.checks.engine.remediation import kubectl, patch_service, recreate_pods, recreate_service, reregister_node
from dsview.core.finding import Finding
from dsview.core.text import safe
from dsview.kinds.metadata import OwnerRef
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.kinds.service import Service
from tests.support.changes import Json
from tests.support.clusters import RECORDINGS, SCENARIOS, changed, find, from_path

FOLDERS = [*SCENARIOS, *sorted(path for path in RECORDINGS.iterdir() if path.is_dir())]
HOSTILE = "x; rm -rf $HOME `id` \"'\x1b[31m"


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda path: path.name)
def findings(request: pytest.FixtureRequest) -> list[Finding]:
    path: Path = request.param
    return list(from_path(path).findings)


def _commands(finding: Finding) -> list[list[str]]:
    """The words of each command of the fix; pipes keep their bar as a word."""
    lines = (finding.fix or "").splitlines()
    return [shlex.split(line) for line in lines if line.startswith("kubectl")]


def test_every_finding_says_what_where_and_why_in_a_sentence(findings: list[Finding]) -> None:
    for finding in findings:
        assert finding.message.rstrip("…").endswith((".", "!", "?")), finding.message
        assert finding.object.kind
        assert finding.object.name
        assert finding.observed is None or finding.observed
        assert finding.expected is None or finding.expected


def test_every_fix_is_a_command_a_comment_or_a_sentence(findings: list[Finding]) -> None:
    for finding in findings:
        for line in (finding.fix or "").splitlines():
            assert line.startswith(("kubectl ", "# ")) or line.endswith("."), line


def test_every_patch_is_valid_json(findings: list[Finding]) -> None:
    patches = [words[words.index("-p") + 1] for f in findings for words in _commands(f) if "-p" in words]
    for text in patches:
        assert isinstance(json.loads(text), dict)


def test_hostile_names_stay_one_quoted_word() -> None:
    assert shlex.split(kubectl("ns; id", "delete", "pod", HOSTILE)) == [
        "kubectl", "-n", "ns; id", "delete", "pod", safe(HOSTILE),
    ]  # fmt: skip
    service = Service(name=HOSTILE, namespace="$(id)")
    words = shlex.split(patch_service(service, ipFamilies=["IPv4", "IPv6"]))
    assert words[:6] == ["kubectl", "-n", "$(id)", "patch", "service", safe(HOSTILE)]
    assert json.loads(words[-1]) == {"spec": {"ipFamilies": ["IPv4", "IPv6"]}}
    assert shlex.split(recreate_service(service)).count(safe(HOSTILE)) == 1


OPTION = "--all"


def test_names_that_begin_with_a_dash_stand_where_nothing_is_an_option() -> None:
    service = Service(name=OPTION, namespace="a")
    made = OwnerRef("ReplicaSet", "web-1")
    pods = [Pod(name=OPTION, namespace="a", owner=owner) for owner in (made, None)]
    fixes = (
        patch_service(service, ipFamilies=["IPv4"]),
        recreate_service(service),
        recreate_pods(pods),
        reregister_node(Node(name=OPTION)),
        kubectl("", "describe", "servicecidr", OPTION),
    )
    commands = [shlex.split(part) for fix in fixes for line in fix.splitlines() for part in line.split(" | ")]
    naming = [words for words in commands if OPTION in words]
    assert len(naming) == 7
    for words in naming:
        assert words[-2:] == ["--", OPTION], words


def test_a_command_is_one_line_whatever_a_name_holds() -> None:
    assert (
        kubectl("a", "get", "pod", "x\n'; id\n\t\u2028")
        == """kubectl -n a get pod 'x\\x0a'"'"'; id\\x0a\\x09\\u2028'"""
    )


def test_no_command_ends_its_options_where_no_name_asks_for_it(findings: list[Finding]) -> None:
    assert not [words for finding in findings for words in _commands(finding) if "--" in words]


def test_a_hostile_cluster_gives_harmless_findings(tmp_path: Path) -> None:
    def change(items: list[Json]) -> None:
        service = find(items, "Service", "my-service")
        service["metadata"]["name"] = HOSTILE
        service["spec"].update(ipFamilyPolicy="PreferDualStack", externalIPs=["\x1b]0;owned\x07"])

    hit = [f for f in changed("01", change, tmp_path).findings if f.object.name == HOSTILE]
    assert {"DS-SVC-001", "DS-ADR-001"} <= {f.check for f in hit}
    for finding in hit:
        texts = (finding.message, finding.observed or "", finding.expected or "", finding.fix or "")
        assert not [c for text in texts for c in text if ord(c) < 0x20 and c != "\n"]
        for words in _commands(finding):
            assert words[0] == "kubectl"
            assert "rm" not in words
