"""The configured policy, and its file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from dsview.checks.engine.policy import Exemption, Policy, matches
from dsview.checks.engine.registry import all_checks
from dsview.cli import cli
from dsview.config.configuration import Configuration, Exempt, described, json_schema
from dsview.config.policy_file import policy_of
from dsview.config.toml_file import read_config
from dsview.core.errors import UserError
from dsview.core.finding import Finding, ObjectRef, Severity
from tests.support.clusters import DATA, from_path

STUCK = Finding(
    check="DS-SVC-001",
    severity=Severity.WARNING,
    object=ObjectRef("Service", "shop", "web-blue"),
    family="IPv6",
    message="One family only.",
)
PREFER = DATA / "scenarios" / "02-prefer-before-conversion"


def load(tmp_path: Path, text: str, *, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> Policy:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return policy_of(read_config(str(file)), select=select, ignore=ignore)


def test_without_a_policy_everything_is_asked_and_shown_as_it_is() -> None:
    assert not any(Policy().skips(check.code) for check in all_checks())
    assert Policy().judge(STUCK, {"app": "web"}, "") == (STUCK, True)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("DS-SVC-001", True),
        ("SVC-001", True),
        ("svc-001", True),
        ("DS-SVC-*", True),
        ("svc-*", True),
        ("*", True),
        ("DS-SVC-00[12]", True),
        ("DS-SVC", False),
        ("DS-SVC-0011", False),
        ("", False),
    ],
)
def test_codes_may_be_written_short_and_with_globs(pattern: str, expected: bool) -> None:
    assert matches("DS-SVC-001", pattern) is expected


@pytest.mark.parametrize(
    ("policy", "skipped"),
    [
        (Policy(select=("DS-NGX-*",)), True),
        (Policy(select=("DS-SVC-*",)), False),
        (Policy(ignore=("DS-SVC-001",)), True),
        (Policy(select=("DS-SVC-*",), ignore=("SVC-001",)), True),
        (Policy(ignore=("DS-NGX-*",)), False),
    ],
)
def test_what_is_not_selected_or_is_ignored_is_not_asked(policy: Policy, skipped: bool) -> None:
    assert policy.skips("DS-SVC-001") is skipped


@pytest.mark.parametrize(
    ("exemption", "is_covered"),
    [
        (Exemption(checks=("DS-SVC-001",)), True),
        (Exemption(checks=("DS-LB-*", "svc-*")), True),
        (Exemption(checks=("DS-LB-*",)), False),
        (Exemption(checks=("*",), namespace="sh*"), True),
        (Exemption(checks=("*",), namespace="lab"), False),
        (Exemption(checks=("*",), name="web-*"), True),
        (Exemption(checks=("*",), name="web"), False),
        (Exemption(checks=("*",), labels=(("app", "web"),)), True),
        (Exemption(checks=("*",), labels=(("app", "api"),)), False),
        (Exemption(checks=("*",), labels=(("app", "web"), ("tier", "1"))), False),
        (Exemption(checks=("*",), namespace="shop", name="web-*", labels=(("app", "web"),)), True),
        (Exemption(checks=("*",), namespace="shop", name="api-*", labels=(("app", "web"),)), False),
    ],
)
def test_an_exemption_covers_what_fits_in_all_that_it_says(exemption: Exemption, is_covered: bool) -> None:
    _, is_shown = Policy(exemptions=(exemption,)).judge(STUCK, {"app": "web"}, "")
    assert is_shown is not is_covered


@pytest.mark.parametrize(
    ("annotation", "is_shown"),
    [
        ("DS-SVC-001", False),
        ("DS-LB-004, DS-SVC-001", False),
        ("DS-SVC-001 legacy clients only,DS-LB-004", False),
        ("DS-LB-004 see DS-SVC-001", True),
        ("DS-SVC-*", False),
        ("svc-001", False),
        ("DS-LB-004", True),
        (" , ,", True),
    ],
)
def test_an_object_exempts_itself_by_its_annotation(annotation: str, is_shown: bool) -> None:
    judged, shown = Policy().judge(STUCK, {}, annotation)
    assert (judged.identity, shown) == (STUCK.identity, is_shown)


@pytest.mark.parametrize(
    ("policy", "annotation", "reason"),
    [
        (Policy(), "DS-LB-004, DS-SVC-001 legacy clients  only", "legacy clients  only"),
        (Policy(), "DS-SVC-001", ""),
        (Policy(exemptions=(Exemption(checks=("SVC-*",), reason="Known."),)), "", "Known."),
    ],
)
def test_the_reason_that_is_given_stays_with_what_is_exempted(policy: Policy, annotation: str, reason: str) -> None:
    judged, is_shown = policy.judge(STUCK, {"app": "web"}, annotation)
    assert (judged.exempted_for, is_shown) == (reason, False)


def test_a_severity_of_the_house_replaces_that_of_the_check() -> None:
    judged, is_shown = Policy(severities={"DS-SVC-001": Severity.ERROR}).judge(STUCK, {}, "")
    assert (judged.severity, is_shown) == (Severity.ERROR, True)
    assert judged.identity == STUCK.identity


def test_exempted_findings_are_counted_and_stand_in_no_list() -> None:
    before = from_path(PREFER)
    after = from_path(PREFER, Policy(exemptions=(Exemption(checks=("DS-SVC-001",)),)))
    gone = [finding for finding in before.findings if finding.check == "DS-SVC-001"]
    assert len(gone) == 1
    assert after.exempted == 1
    assert [finding.identity for finding in after.exempted_findings] == [gone[0].identity]
    assert len(after.findings.sorted()) == len(before.findings.sorted()) - 1


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    policy = load(
        tmp_path,
        """
        select = ["DS-SVC-*", "DS-LB-*"]
        ignore = ["SVC-006"]

        [severity]
        "DS-SVC-002" = "warning"
        "DS-LB-*" = "note"

        [[exempt]]
        checks = ["DS-LB-004"]
        namespace = "lab-*"
        reason = "No load balancers in the lab."

        [[exempt]]
        checks = ["*"]
        name = "old-*"
        labels = { team = "history", "app.kubernetes.io/part-of" = "museum" }
        """,
    )
    assert policy.select == ("DS-SVC-*", "DS-LB-*")
    assert policy.ignore == ("SVC-006",)
    assert policy.severities["DS-SVC-002"] is Severity.WARNING
    assert {code for code, severity in policy.severities.items() if severity is Severity.NOTE} == {
        check.code for check in all_checks() if check.code.startswith("DS-LB-")
    }
    lab, museum = policy.exemptions
    assert (lab.namespace, lab.name, lab.reason) == ("lab-*", "*", "No load balancers in the lab.")
    assert museum.labels == (("app.kubernetes.io/part-of", "museum"), ("team", "history"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('\nselekt = ["*"]', "config.toml, line 2: selekt is not a valid key of this file. Did you mean select?"),
        ("zebra = true", "Valid: select, ignore, severity, exempt, theme"),
        ('ignore = ["DS-SVC-0011"]', "line 1: DS-SVC-0011 matches no check. Did you mean DS-SVC-001?"),
        ('ignore = ["DS-*", "zebra"]', "line 1: zebra matches no check. See `dsview explain`."),
        ('ignore = "DS-SVC-001"', "line 1: ignore must be a list of strings."),
        ("select = [1]", "line 1: select must be a list of strings."),
        ('severity = "error"', "line 1: severity must be a table."),
        (
            '[severity]\n"DS-SVC-001" = "waring"',
            "config.toml, line 2: waring is not a valid severity. Did you mean warning?",
        ),
        ('[severity]\n"DS-SVC-999" = "note"', "line 2: DS-SVC-999 matches no check."),
        ('[[exempt]]\nname = "x"', "line 1: each [[exempt]] needs a list of checks."),
        (
            '[[exempt]]\nchecks = ["*"]\nnamspace = "lab"',
            "line 3: namspace is not a valid key of [[exempt]]. Did you mean namespace?",
        ),
        ('[[exempt]]\nchecks = ["*"]\nname = 1', "line 3: name must be a string."),
        ('[[exempt]]\nchecks = ["*"]\nlabels = ["a"]', "line 3: labels must be a table of strings."),
        ('[[exempt]]\nchecks = ["*"]\nlabels = { a = 1 }', "line 3: labels must be a table of strings."),
        ('[[exempt]]\nchecks = ["*"]\nname = "web-["', "line 3: name has a [ that no ] closes: web-["),
        ("[[exempt]]\nchecks = []", "line 1: each [[exempt]] needs a list of checks."),
        (
            '[[exempt]]\nchecks = ["*"]\nname = "a"\n\n[[exempt]]\n# name\nchecks = ["*"]\nname = 1',
            "line 8: name must be a string.",
        ),
        ('[[exempt]]\nchecks = ["*"]\n[[exempt]]\nchecks = ["zebra"]', "line 4: zebra matches no check."),
        ('# ignore = "a"\nselect = ["*"] # ignore\nignore = "*"', "line 3: ignore must be a list of strings."),
        ('exempt = [{ checks = ["*"], name = 1 }]', "line 1: name must be a string."),
        ('ignore = ["SVC-001"]\n[severity]\n"SVC-001" = "loud"', "line 3: loud is not a valid severity."),
        ('ignore = ["DS-NGX"]', "DS-NGX matches no check. Did you mean DS-NGX-*?"),
        ('ignore = ["ngx-"]', "ngx- matches no check. Did you mean DS-NGX-*?"),
        ('ignore = [""]', "line 1: An empty string matches no check."),
        ('exempt = "x"', "line 1: exempt must be written as [[exempt]] tables."),
        ("select = [", "config.toml is not valid TOML: "),
        ('"\\u001b[31m" = 1', "\\x1b[31m is not a valid key of this file."),
    ],
)
def test_what_is_wrong_in_the_file_is_a_sentence_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UserError) as raised:
        load(tmp_path, text)
    assert sentence in str(raised.value)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    "lines", [('"DS-SVC-*" = "note"', '"svc-001" = "error"'), ('"svc-001" = "error"', '"*" = "note"')]
)
def test_the_severity_of_a_check_by_its_code_counts_more_than_that_of_a_glob(
    tmp_path: Path, lines: tuple[str, str]
) -> None:
    severities = load(tmp_path, "\n".join(("[severity]", *lines))).severities
    assert (severities["DS-SVC-001"], severities["DS-SVC-002"]) == (Severity.ERROR, Severity.NOTE)


def test_options_replace_what_the_file_selects_and_add_to_what_it_ignores(tmp_path: Path) -> None:
    text = 'select = ["DS-SVC-*"]\nignore = ["DS-SVC-001"]'
    policy = load(tmp_path, text, select=("DS-LB-*,ngx-001",), ignore=("DS-LB-004",))
    assert policy.select == ("DS-LB-*", "ngx-001")
    assert policy.ignore == ("DS-SVC-001", "DS-LB-004")


def test_the_default_file_is_read_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert policy_of(read_config(None)) == Policy()
    (tmp_path / "dsview").mkdir()
    (tmp_path / "dsview" / "config.toml").write_text('ignore = ["SVC-006"]')
    assert policy_of(read_config(None)).ignore == ("SVC-006",)


@pytest.mark.parametrize("content", [b"ignore = ['\xff']", None], ids=["not UTF-8", "a directory"])
def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "house.toml"
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(UserError, match=r"The configuration file house.toml cannot be read: [^\[]*\.$"):
        read_config(str(file))


def test_the_help_on_the_file_names_every_key_and_its_example_is_valid(tmp_path: Path) -> None:
    page = CliRunner().invoke(cli, ["help", "config"], standalone_mode=False).stdout
    assert all(f"  {key} " in page for key in (*described(Configuration), *described(Exempt)))
    assert load(tmp_path, page.partition("Example:\n")[2]).exemptions


def test_the_schema_in_docs_is_that_of_the_file() -> None:
    printed = CliRunner().invoke(cli, ["help", "config-schema"], standalone_mode=False).stdout
    assert (DATA.parents[1] / "docs" / "config.schema.json").read_text() == printed, (
        "write it anew: dsview help config-schema > docs/config.schema.json"
    )


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ('[[exempt]]\nchecks = ["DS-LB-*"]\nlabels = { team = "a" }', True),
        ('[keys]\ntrace = ["t", "f5"]\nzoom = "z"', True),
        ('[severity]\n"DS-SVC-001" = "loud"', False),
        ("[[exempt]]\nchecks = []", False),
        ("selekt = []", False),
    ],
)
def test_the_schema_takes_what_dsview_takes(tmp_path: Path, text: str, *, is_valid: bool) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    assert validator.is_valid(tomllib.loads(text)) == is_valid
    if not is_valid:
        with pytest.raises(UserError):
            load(tmp_path, text)


def test_the_example_of_the_readme_is_valid(tmp_path: Path) -> None:
    readme = (DATA.parent.parent / "README.md").read_text()
    assert load(tmp_path, readme.partition("```toml\n")[2].partition("```")[0]).severities


def test_the_report_follows_the_policy(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text('[severity]\n"DS-SVC-001" = "error"\n[[exempt]]\nchecks = ["DS-SVC-002"]\n')
    arguments = ["check", "--from", str(PREFER), "--config", str(file), "-o", "json"]
    result = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert result.return_value == 1
    report = json.loads(result.stdout)
    assert [f["check"] for f in report["findings"] if f["severity"] == "error"] == ["DS-SVC-001"]
    assert not [f for f in report["findings"] if f["check"] == "DS-SVC-002"]
