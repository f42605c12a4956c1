"""The command line: exit codes, formats, options before and after the command."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from click.testing import CliRunner, Result

from dsview.checks.engine.registry import all_checks
from dsview.cli import cli
from dsview.cli.exit_codes import EXIT_CODES
from dsview.cli.options import Duration
from tests.support.clusters import RECORDINGS, SCENARIOS

ROOT = Path(__file__).parent.parent.parent
SCHEMA: dict[str, Any] = json.loads((ROOT / "tui/dsview/export/schema.json").read_text())


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), input=stdin, standalone_mode=False)


def code(result: Result) -> int:
    return result.return_value if isinstance(result.return_value, int) else result.exit_code


def scenario(number: str) -> str:
    return str(next(path for path in SCENARIOS if path.name.startswith(number)))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_the_json_report_holds_its_schema_and_is_the_same_each_time(path: Path) -> None:
    first, second = run("check", "--from", str(path), "-o", "json"), run("check", "--from", str(path), "-o", "json")
    assert first.stdout == second.stdout
    report = json.loads(first.stdout)
    jsonschema.validate(report, SCHEMA)
    assert str(path) not in first.stdout
    ranks = {"error": 0, "warning": 1, "note": 2}
    order = [(ranks[f["severity"]], f["check"]) for f in report["findings"]]
    assert order == sorted(order)
    identities = [(f["check"], *f["object"].values(), f["family"], f["field"]) for f in report["findings"]]
    assert len(identities) == len(set(identities))


def test_what_is_exempted_is_counted_and_shown_where_it_is_asked_for(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[[exempt]]\nchecks = ["DS-SVC-002"]\nreason = "known"\n')
    arguments = ("--config", str(config), "check", "--from", scenario("01"))
    report = json.loads(run(*arguments, "-o", "json").stdout)
    jsonschema.validate(report, SCHEMA)
    assert report["counts"]["exempted"] == 1
    assert [f["check"] for f in report["exempted"]] == ["DS-SVC-002"]
    assert "DS-SVC-002" not in [f["check"] for f in report["findings"]]
    assert "DS-SVC-002" not in run(*arguments).stdout
    shown = run(*arguments, "--exempted").stdout
    assert shown.index("Exempted (1):") < shown.index("DS-SVC-002")


def test_counts_are_those_of_the_findings() -> None:
    report = json.loads(run("check", "--from", scenario("03"), "-o", "json").stdout)
    assert report["counts"]["errors"] == 4
    assert report["counts"]["folded"] == 1
    folded = [f for f in report["findings"] if f["foldedUnder"]]
    assert [f["check"] for f in folded] == ["DS-EPS-001"]
    assert folded[0]["foldedUnder"]["check"] == "DS-POD-001"


@pytest.mark.parametrize(
    ("number", "fail_on", "expected"),
    [
        ("03", "error", 1),
        ("03", "never", 0),
        ("02", "error", 0),
        ("02", "warning", 1),
        ("01", "warning", 0),
        ("01", "note", 1),
    ],
)
def test_the_exit_code_follows_fail_on(number: str, fail_on: str, expected: int) -> None:
    assert code(run("check", "--from", scenario(number), "--fail-on", fail_on)) == expected


def test_options_may_stand_before_the_command() -> None:
    assert run("--from", scenario("02"), "check").stdout == run("check", "--from", scenario("02")).stdout


def test_only_selected_checks_are_asked() -> None:
    report = json.loads(run("check", "--from", scenario("03"), "--select", "DS-EPS-*", "-o", "json").stdout)
    assert {f["check"] for f in report["findings"]} == {"DS-EPS-001"}


def test_a_check_that_does_not_exist_is_refused_with_a_suggestion() -> None:
    result = run("check", "--from", scenario("03"), "--select", "DS-EPS-011")
    assert code(result) == 2
    assert "Did you mean DS-EPS-001?" in result.stderr


def test_a_missing_file_is_a_sentence_and_exit_code_2() -> None:
    result = run("check", "--from", "/does/not/exist")
    assert code(result) == 2
    assert result.stderr == "dsview: /does/not/exist does not exist.\n"


@pytest.mark.parametrize(
    "content",
    ['{"kind": "List", "apiVersion": "v1", "items": []}', '{"kind": "Foo", "apiVersion": "x/v1", "metadata": {}}'],
    ids=["what kubectl writes where it was refused", "another kind"],
)
def test_files_that_hold_nothing_to_check_are_no_pass(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    result = run("check", "--from", str(tmp_path / "a.json"))
    assert (result.stdout, code(result)) == ("", 2)
    assert "a.json contains nothing to check" in result.stderr


def test_standard_input_is_read() -> None:
    content = (Path(scenario("02")) / "objects.json").read_bytes()
    report = json.loads(run("check", "--from", "-", "-o", "json", stdin=content).stdout)
    assert [f["check"] for f in report["findings"] if f["severity"] == "warning"] == ["DS-SVC-001"]


def test_a_baseline_lets_only_new_findings_fail(tmp_path: Path) -> None:
    baseline = tmp_path / "old.json"
    baseline.write_text(run("check", "--from", scenario("03"), "-o", "json").stdout)
    assert code(run("check", "--from", scenario("03"), "--baseline", str(baseline))) == 0
    assert code(run("check", "--from", scenario("06"), "--baseline", str(baseline))) == 1


@pytest.mark.parametrize("output", ["text", "junit", "sarif", "markdown", "html"])
def test_every_format_names_every_finding(output: str) -> None:
    result = run("check", "--from", scenario("04"), "-o", output)
    for word in ("DS-POD-001", "DS-EPS-002", "web-78gwsww9rk-842pg"):
        assert word in result.stdout


def test_shown_services_hold_what_kubectl_holds() -> None:
    rows = {
        row["name"]: row
        for row in json.loads(
            run("show", "services", "--from", str(RECORDINGS / "dual-two-nodes"), "-o", "json").stdout
        )
    }
    source = json.loads((RECORDINGS / "dual-two-nodes/lists/services.json").read_text())
    for item in source["items"]:
        spec, row = item["spec"], rows[item["metadata"]["name"]]
        assert (row["families"] or "") == ",".join(spec.get("ipFamilies", []))
        assert (row["policy"] or "") == spec.get("ipFamilyPolicy", "")
        shown = {row["cluster_ip_v4"], row["cluster_ip_v6"]} - {None}
        assert shown == set(spec.get("clusterIPs", []))


def test_a_filter_that_finds_nothing_is_said_without_the_words_of_the_screen() -> None:
    result = run("show", "pods", "--from", scenario("01"), "--filter", "zebra")
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr.endswith(" match.\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("/(/", "--filter: This pattern is not valid: missing ) at position 1."),
        ('shop "web', "--filter: This quote is not closed."),
        ("nmae:web", "--filter: nmae: is not a filter key. Did you mean name:?"),
        ("ip:web", "--filter: web is not an IP address"),
    ],
)
def test_a_filter_that_cannot_be_understood_is_refused_before_anything_is_read(text: str, sentence: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        CliRunner().invoke(
            cli,
            ["show", "pods", "--from", "/does/not/exist", "--filter", text],
            standalone_mode=False,
            catch_exceptions=False,
        )
    assert sentence in caught.value.message


def test_csv_cells_cannot_start_a_formula(tmp_path: Path) -> None:
    pod = {"kind": "Pod", "metadata": {"name": '=cmd("x")', "namespace": "a"}, "status": {"phase": "Running"}}
    (tmp_path / "pod.json").write_text(json.dumps(pod))
    result = run("show", "pods", "--from", str(tmp_path), "-o", "csv")
    assert "'=cmd" in result.stdout


def test_hostile_text_is_shown_harmlessly_and_in_full(tmp_path: Path) -> None:
    name = "x\x1b]0;owned\x07[bold]\u202ey"
    pod = {"kind": "Pod", "metadata": {"name": name, "namespace": "a"}, "status": {"phase": "Running"}}
    (tmp_path / "pod.json").write_text(json.dumps(pod))
    for output in ("table", "wide", "csv"):
        shown = run("show", "pods", "--from", str(tmp_path), "-o", output).stdout
        assert "x\\x1b]0;owned\\x07[bold]\\u202ey" in shown
        assert "\x1b" not in shown


def test_explain_takes_codes_and_slugs() -> None:
    for word in ("DS-EPS-001", "eps-001", "family-empty"):
        assert "DS-EPS-001  family-empty  (error)" in run("explain", word).stdout
    assert code(run("explain", "DS-XXX-999")) == 2
    for unclear in (("-o", "markdown"), ("--all", "EPS-001"), ("--all", "--folder", "pages")):
        assert isinstance(run("explain", *unclear).exception, click.UsageError)


def test_explain_writes_a_page_for_each_check_and_an_index(tmp_path: Path) -> None:
    assert code(run("explain", "--all", "-o", "markdown", "--folder", str(tmp_path / "pages"))) == 0
    pages = {path.stem for path in (tmp_path / "pages").iterdir()}
    assert pages == {"README", *(check.code for check in all_checks())}
    together = run("explain", "--all", "-o", "markdown").stdout
    assert together.count("\n## Source\n") == len(pages) - 1
    assert code(run("explain", "--all", "-o", "markdown", "--folder", "/dev/null/pages")) == 2


def test_every_check_is_on_the_page_of_checks() -> None:
    codes = [line.split()[0] for line in run("explain").stdout.splitlines()]
    page = run("help", "checks").stdout
    assert len(codes) >= 60
    assert all(f"{check}  " in page for check in codes)


def test_the_readme_lists_the_exit_codes_of_the_code() -> None:
    table = (ROOT / "README.md").read_text()
    for number, meaning in EXIT_CODES.items():
        assert f"| {number} | {meaning.rstrip('.').split(':')[0].replace('--fail-on', '`--fail-on`')[:40]}" in table


def test_the_role_asks_for_reading_only() -> None:
    role = run("rbac").stdout
    assert "secrets" not in role
    verbs = {
        word.strip('" ')
        for line in role.splitlines()
        if "verbs:" in line
        for word in line.split("[")[1].rstrip("]").split(",")
    }
    assert verbs == {"get", "list", "watch", "create"}
    assert "create" not in run("rbac", "--no-exec").stdout


def test_the_dashboard_without_a_terminal_says_so() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "dsview", "--demo"], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 2
    assert "needs a terminal" in result.stderr
    assert result.stdout == ""


def test_the_dashboard_says_so_if_what_it_draws_on_is_redirected() -> None:
    master, terminal = pty.openpty()
    try:
        result = subprocess.run(
            [sys.executable, "-m", "dsview", "--demo", "healthy"],
            stdin=terminal,
            stdout=terminal,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        assert result.returncode == 2
        assert b"drawn on standard error" in os.read(master, 4096)
    finally:
        os.close(terminal)
        os.close(master)


@pytest.mark.parametrize(("text", "seconds"), [("30", 30), ("5s", 5), ("1m30s", 90), ("500ms", 0.5), ("2h", 7200)])
def test_durations_are_kubectls(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds
