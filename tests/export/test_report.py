"""The formats of a report: the guarantees for each reader, and that cluster text stays harmless in all of them."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from dsview import __version__
from dsview.checks.engine.policy import Exemption, Policy
from dsview.checks.engine.registry import all_checks, registry
from dsview.core.errors import UserError
from dsview.core.text import safe, safe_lines
from dsview.export.baseline import compared, read_baseline
from dsview.export.formats import FORMATS, Extras, render_json
from dsview.export.markdown import render_markdown
from dsview.export.report import (
    ClusterPart,
    Counts,
    FoldedUnder,
    NotEvaluatedPart,
    Ref,
    Report,
    ReportedFinding,
    SourcePart,
    build_report,
)
from dsview.export.text import render_text
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from tests.support.clusters import RECORDINGS, SCENARIOS, from_path, settle

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "tui/dsview/export/schema.json").read_text())
SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"
HOSTILE = "x\x1b]0;owned\x07\x1b[31m[bold]|`</failure>]]>&amp;\u202e\u200b\x9b\x7f\ud800\ufffe\n# y"
NAME = HOSTILE.replace("\ud800", "")
"""Neither JSON nor YAML can hold a lone surrogate, so no object has one in its name; a file on disk may."""

HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufffe\uffff\ud800-\udfff]")


def finding(check: str, kind: str = "Service", name: str = "web", **fields: Any) -> ReportedFinding:
    return ReportedFinding(
        **{
            "check": check,
            "slug": registry()[check].slug,
            "severity": registry()[check].severity.value,
            "object": Ref(kind=kind, namespace="shop", name=name),
            "family": "IPv6",
            "field": None,
            "message": f"{check} says so of {name}.",
            "observed": None,
            "expected": None,
            "fix": None,
            "folded_under": None,
            "related": (),
            **fields,
        }
    )


def report(*findings: ReportedFinding, **fields: Any) -> Report:
    number = {name: sum(f.severity == name for f in findings) for name in ("error", "warning", "note")}
    return Report(
        **{
            "schema": "dsview.io/report/v1",
            "dsview": __version__,
            "source": SourcePart(kind="files", name="cluster.json", server_version="v1.36.1"),
            "cluster": ClusterPart(
                mode="dual-ipv4-first",
                confidence="declared",
                service_families=("IPv4", "IPv6"),
                service_cidrs=("10.96.0.0/16", "fd00:10:96::/112"),
                qualifiers=(),
            ),
            "counts": Counts(
                services=1,
                endpoint_slices=2,
                pods=3,
                nodes=4,
                listeners=0,
                quarantined=0,
                errors=number["error"],
                warnings=number["warning"],
                notes=number["note"],
                folded=sum(f.folded_under is not None for f in findings),
                exempted=0,
            ),
            "findings": findings,
            "not_evaluated": (),
            **fields,
        }
    )


all_checks()
OLD_POD = finding("DS-POD-001", "Pod", "web-1", fix="kubectl -n shop delete pod web-1")
EMPTY = finding("DS-EPS-001", folded_under=FoldedUnder(check="DS-POD-001", object=OLD_POD.object))
STUCK = finding("DS-SVC-001", fix="kubectl -n shop patch service web")
NOTE = finding("DS-SVC-002", name="api")


def rendered(name: str, value: Report) -> str:
    """The report in a format, made at a known time."""
    return FORMATS[name](value, Extras(made_at=1_800_000_000.0))


SOME = report(
    EMPTY,
    OLD_POD,
    STUCK,
    NOTE,
    not_evaluated=(
        NotEvaluatedPart(check="DS-NET-001", reason="networkpolicies: not given"),
        NotEvaluatedPart(check="DS-NET-002", reason="networkpolicies: not given"),
    ),
)
# As engine and sources make it: text is already safe, names of objects are those of the API.
POISONED = report(
    finding(
        "DS-SVC-001",
        name=NAME,
        message=safe_lines(HOSTILE),
        observed=safe_lines(HOSTILE),
        fix=f"kubectl patch ``` {safe_lines(HOSTILE)}\n# not a heading",
        related=(Ref(kind="Pod", namespace=NAME, name=NAME),),
    ),
    source=SourcePart(kind="files", name=safe(HOSTILE), server_version=safe(HOSTILE)),
    not_evaluated=(NotEvaluatedPart(check="DS-NET-001", reason=safe(HOSTILE)),),
    notices=(safe(HOSTILE),),
)


# JSON


def test_the_fields_stand_in_the_order_of_the_contract() -> None:
    written = json.loads(rendered("json", SOME))
    assert list(written)[:7] == ["schema", "dsview", "source", "cluster", "counts", "findings", "notEvaluated"]
    assert list(written["source"]) == ["kind", "name", "serverVersion"]
    assert list(written["cluster"]) == ["mode", "confidence", "serviceFamilies", "serviceCIDRs", "qualifiers"]
    objects = ["services", "endpointSlices", "pods", "nodes", "listeners", "quarantined"]
    assert list(written["counts"]) == [*objects, "errors", "warnings", "notes", "folded", "exempted", "hidden"]
    head = ["check", "slug", "severity", "object", "family", "field"]
    assert list(written["findings"][0]) == [
        *head,
        "message",
        "observed",
        "expected",
        "fix",
        "foldedUnder",
        "related",
    ]
    assert list(written["findings"][0]["object"]) == ["kind", "namespace", "name"]
    assert written["findings"][0]["foldedUnder"] == {
        "check": "DS-POD-001",
        "object": {"kind": "Pod", "namespace": "shop", "name": "web-1"},
    }


def test_findings_with_one_fix_on_the_pods_of_one_owner_are_one_line_for_people() -> None:
    report = build_report(from_path(next(path for path in SCENARIOS if path.name.startswith("03"))))
    pods = [finding for finding in report.findings if finding.check == "DS-POD-001"]
    assert {(finding.object.kind, finding.owner) for finding in pods} == {
        ("Pod", Ref(kind="Deployment", namespace="shop", name="web"))
    }
    assert len(pods) == 3
    for text in (render_text(report), render_markdown(report)):
        assert text.count("3 Pods (web-") == 1
        assert "Deployment shop/web" in text


def test_the_overview_is_in_the_json_and_the_verdict_at_the_end_of_the_text() -> None:
    built = build_report(settle(Session(DemoSource("troubled", clock=lambda: 1.8e9), clock=lambda: 1.8e9)))
    written = json.loads(render_json(built))
    jsonschema.validate(written, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert written["overview"]["failing"] == {"IPv6": 1}
    assert written["overview"]["layers"][1]["IPv6"] == {"having": 48, "of": 55}
    text = render_text(built).splitlines()
    verdict = next(number for number, line in enumerate(text) if line.startswith("Verdict: "))
    assert " ".join(text[verdict : verdict + 2]).startswith(
        "Verdict: Dual-stack, IPv4 first (nodes differ). 1 of 15 Services does not work over IPv6: shop/web"
    )


@pytest.mark.parametrize("value", [SOME, POISONED, report()], ids=["some", "hostile", "nothing found"])
def test_the_json_holds_its_schema(value: Report) -> None:
    jsonschema.validate(json.loads(rendered("json", value)), SCHEMA, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "dsview.io/report/v2"),
        (("source", "kind"), "magic"),
        (("cluster", "mode"), "dual"),
        (("cluster", "confidence"), "certain"),
        (("counts", "errors"), -1),
        (("findings", 0, "severity"), "fatal"),
        (("findings", 0, "family"), "ipv6"),
        (("findings", 0, "check"), "EPS-001"),
        (("findings", 0, "object"), {"kind": "Service", "name": "web"}),
        (("findings", 0, "foldedUnder"), {"check": "DS-POD-001"}),
        (("notEvaluated", 0), {"check": "DS-NET-001"}),
    ],
)
def test_the_schema_refuses_what_the_contract_does_not_allow(path: tuple[str | int, ...], value: Any) -> None:
    written = json.loads(rendered("json", SOME))
    inner = written
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, SCHEMA)


@pytest.mark.parametrize("name", ["schema", "counts", "findings", "notEvaluated"])
def test_the_schema_demands_every_field(name: str) -> None:
    written = json.loads(rendered("json", SOME))
    del written[name]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, SCHEMA)


def test_readers_of_this_version_can_read_what_a_later_one_adds() -> None:
    written = json.loads(rendered("json", SOME))
    for place in (written, written["source"], written["cluster"], written["findings"][0], written["notEvaluated"][0]):
        place["later"] = {"anything": [1]}
    written["counts"]["gateways"] = 3
    jsonschema.validate(written, SCHEMA)


def test_harmful_names_are_the_same_after_reading_the_json_back() -> None:
    value = report(finding("DS-SVC-001", name=NAME, message="\U000e0001 tag"))
    text = rendered("json", value)
    assert not HARMFUL.search(text)
    assert "\\udb40\\udc01 tag" in text
    assert json.loads(text)["findings"][0]["object"]["name"] == NAME


# Every format


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_lets_a_harmful_character_through(name: str) -> None:
    assert not HARMFUL.search(rendered(name, POISONED))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_no_format_says_where_on_this_machine_the_files_are(name: str, path: Path) -> None:
    assert str(path.parent) not in rendered(name, build_report(from_path(path)))


def test_what_is_shown_in_the_detail_only_is_in_no_report() -> None:
    quiet = {check.code for check in all_checks() if check.detail_only}
    assert quiet
    session = from_path(RECORDINGS / "dual-two-nodes")
    details = {
        f.check
        for service in session.state.services
        for f in session.details_of("Service", service.namespace, service.name)
    }
    written = build_report(session)
    assert not quiet & {f.check for f in written.findings}
    assert details <= quiet


def test_a_policy_that_exempts_everything_leaves_a_count() -> None:
    path = next(path for path in SCENARIOS if path.name.startswith("03"))
    everything, nothing = build_report(from_path(path)), build_report(from_path(path, Policy(ignore=("*",))))
    assert len(everything.findings) == everything.counts.errors + everything.counts.warnings + everything.counts.notes
    assert nothing.findings == ()
    assert nothing.not_evaluated == ()


# Text


def test_symptoms_stand_below_their_cause_and_not_by_themselves() -> None:
    lines = render_text(SOME).splitlines()
    heads = [line for line in lines if line.startswith(("■", "▲", "●"))]
    assert [line.split()[2] for line in heads] == ["DS-POD-001", "DS-SVC-001", "DS-SVC-002"]
    cause = lines.index(heads[0])
    assert lines[cause + 2] == "    $ kubectl -n shop delete pod web-1"
    assert lines[cause + 3] == "    explains 1 more finding:"
    assert lines[cause + 4].split() == ["■", "DS-EPS-001", "Service", "shop/web"]


def test_a_symptom_whose_cause_is_not_in_the_report_stands_for_itself() -> None:
    assert "DS-EPS-001 family-empty  Service shop/web" in render_text(report(EMPTY))


def test_a_cause_that_was_found_in_two_families_explains_its_symptoms_once() -> None:
    text = render_text(report(EMPTY, OLD_POD, msgspec.structs.replace(OLD_POD, family="IPv4")))
    assert text.count("DS-EPS-001") == 2, "in its line and in its message"
    assert text.count("explains 1 more finding") == 1


def test_the_summary_counts_folded_findings_and_names_what_was_not_evaluated() -> None:
    text = render_text(SOME)
    assert "1 error, 2 warnings, 1 note; 1 of these explained by others." in text
    assert "Not evaluated:\n  networkpolicies: not given: NET-001, NET-002\n" in text


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (report(), "No findings."),
        (report(not_evaluated=SOME.not_evaluated), "No findings among what could be evaluated."),
        (
            report(skipped=("DS-SVC-001",)),
            "No findings from the selected checks.\n1 check was skipped by options or the configuration.",
        ),
    ],
)
def test_the_absence_of_findings_is_never_more_than_it_is(value: Report, sentence: str) -> None:
    text = render_text(value)
    assert f"\n{sentence}\n" in text
    assert "sends no packets" in text


def test_colour_is_there_only_where_it_was_asked_for() -> None:
    plain, coloured = render_text(SOME), render_text(SOME, colour=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[\d*m", "", coloured) == plain
    assert coloured != plain


@pytest.mark.parametrize("width", [60, 80, 200])
def test_sentences_are_wrapped_and_commands_are_not(width: int) -> None:
    command = "kubectl " + "-n shop " * 40
    value = report(finding("DS-SVC-001", message="One sentence of many words. " * 20, fix=command))
    lines = render_text(value, width=width).splitlines()
    assert f"    $ {command}" in lines
    assert max(len(line) for line in lines if "sentence" in line) <= width


# JUnit


def test_junit_has_a_case_for_each_finding_and_each_check_not_evaluated() -> None:
    root = ET.fromstring(rendered("junit", SOME))
    assert root.tag == "testsuites"
    (suite,) = root
    assert [child.tag for child in suite if child.tag != "testcase"] == ["properties", "system-out", "system-err"]
    cases = suite.findall("testcase")
    assert [case.get("classname") for case in cases] == [
        "DS-EPS-001",
        "DS-POD-001",
        "DS-SVC-001",
        "DS-SVC-002",
        "DS-NET-001",
        "DS-NET-002",
    ]
    outcome = [[child.tag for child in case] for case in cases]
    assert outcome == [["failure"], ["failure"], ["failure"], [], ["skipped"], ["skipped"]]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("6", "3", "0")
    assert suite.get("timestamp") == "2027-01-15T08:00:00"
    assert suite.get("skipped") == "2"
    assert "kubectl -n shop delete pod web-1" in (cases[1][0].text or "")
    assert "DS-SVC-002" in (suite.findtext("system-out") or "")


def test_junit_has_exactly_what_both_schemas_in_use_want() -> None:
    wanted = {  # required by Ant's JUnit.xsd or allowed there, and allowed by the xUnit plug-in's junit-10.xsd
        "testsuites": set(),
        "testsuite": {
            *("id", "package", "name", "timestamp", "hostname", "time"),
            *("tests", "failures", "errors", "skipped"),
        },
        "properties": set(),
        "testcase": {"name", "time", "classname"},
        "failure": {"type", "message"},
        "skipped": {"message"},
        "system-out": set(),
        "system-err": set(),
    }
    root = ET.fromstring(rendered("junit", SOME))
    assert [child.tag for child in root[0]][-2:] == ["system-out", "system-err"]
    assert root[0][0].tag == "properties"
    for element in root.iter():
        assert set(element.attrib) == wanted[element.tag]


def test_hostile_text_cannot_end_a_junit_element() -> None:
    (suite,) = ET.fromstring(rendered("junit", POISONED))
    first, second = suite.findall("testcase")
    assert "</failure>" in (first[0].text or "")
    assert second.get("classname")


# SARIF


def test_sarif_results_point_to_rules_and_have_identities() -> None:
    document = json.loads(rendered("sarif", SOME))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    rules = {rule["id"]: rule for rule in driver["rules"]}
    assert list(rules) == sorted(registry())
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules.values())
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("DS-EPS-001", "error"),
        ("DS-POD-001", "warning"),
        ("DS-SVC-001", "warning"),
        ("DS-SVC-002", "note"),
    ]
    assert {result["ruleId"] for result in run["results"]} <= set(rules)
    prints = [result["partialFingerprints"]["dsviewIdentity/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    logical = run["results"][1]["locations"][0]["logicalLocations"][0]
    assert logical["fullyQualifiedName"] == "Pod/shop/web-1"


def test_sarif_says_what_was_not_evaluated() -> None:
    (run,) = json.loads(rendered("sarif", SOME))["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is True
    told = [entry["message"]["text"] for entry in invocation["toolExecutionNotifications"]]
    assert told[0] == "DS-NET-001 was not evaluated: networkpolicies: not given"


# Markdown


def test_hostile_text_cannot_leave_its_cell_or_its_fence() -> None:
    lines = rendered("markdown", POISONED).splitlines()
    (row,) = [line for line in lines if line.startswith("| warning")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert "<" not in row.replace("\\<", "")
    fences = [line for line in lines if line.startswith("````")]
    assert fences == ["````sh", "````"]
    assert lines.index("# not a heading") < len(lines) - 1 - lines[::-1].index("````")
    assert [line for line in lines if line.startswith("#")].count("# y") == 1, "inside the fence only"


def test_markdown_gives_the_fixes_of_causes_only() -> None:
    value = msgspec.structs.replace(
        SOME, findings=(msgspec.structs.replace(EMPTY, fix="kubectl restart"), *SOME.findings[1:])
    )
    text = rendered("markdown", value)
    assert "kubectl -n shop delete pod web-1" in text
    assert "kubectl restart" not in text
    assert "(explained by DS-POD-001)" in text


# Baseline


@pytest.mark.parametrize(
    ("before", "now", "is_new"),
    [
        (STUCK, STUCK, False),
        (STUCK, msgspec.structs.replace(STUCK, message="In other words."), False),
        (STUCK, msgspec.structs.replace(STUCK, severity="error"), True),
        (STUCK, msgspec.structs.replace(STUCK, severity="note"), False),
        (STUCK, msgspec.structs.replace(STUCK, family="IPv4"), True),
        (STUCK, msgspec.structs.replace(STUCK, field="spec.clusterIPs[1]"), True),
        (STUCK, finding("DS-SVC-001", name="api"), True),
        (STUCK, finding("DS-SVC-002"), True),
    ],
)
def test_a_finding_is_new_by_its_identity_or_when_it_got_worse(
    tmp_path: Path, before: ReportedFinding, now: ReportedFinding, is_new: bool
) -> None:
    file = tmp_path / "known.json"
    file.write_text(rendered("json", report(before)))
    (compared_to,) = compared(report(now), read_baseline(str(file))).findings
    assert (compared_to.is_new, compared_to.is_known) == (is_new, not is_new)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "The baseline is not a JSON report"),
        ("[]", "The baseline is not a JSON report"),
        ('{"schema": "other/v1", "findings": []}', "The baseline has schema 'other/v1', not dsview.io/report/v1."),
        ('{"schema": "dsview.io/report/v1"}', "findings"),
        ('{"schema": "dsview.io/report/v1", "findings": [{"check": 1}]}', "The baseline is not a JSON report"),
        pytest.param("[" * 100_000, "The baseline is not a JSON report", id="nested"),
    ],
)
def test_a_baseline_of_another_kind_is_refused(tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "known.json"
    file.write_text(content)
    with pytest.raises(UserError) as raised:
        read_baseline(str(file))
    assert sentence in str(raised.value)


OLD = "web-7d9f8b6c5d-2xk9p"
NEXT = "web-5c4d8f7b9b-zz7mq"


def pod_finding(name: str, severity: str = "warning", kind: str = "Pod") -> ReportedFinding:
    return finding("DS-POD-001", kind, name, severity=severity)


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ([OLD], [NEXT], []),
        ([OLD], [OLD, NEXT], [NEXT]),
        ([OLD, "web-7d9f8b6c5d-44444"], [NEXT, "web-5c4d8f7b9b-44444"], []),
        (["web-0"], ["web-1"], ["web-1"]),
        (["kube-proxy-2sm79"], ["kube-proxy-5krgg"], []),
        (["backup-29381234-bcdfg"], ["backup-29381299-hjklm"], []),
        ([OLD], ["api-5c4d8f7b9b-zz7mq"], ["api-5c4d8f7b9b-zz7mq"]),
        (["web-front"], ["web-proxy"], ["web-proxy"]),
    ],
    ids=[
        "after a rollout",
        "one more than was known",
        "as many as were known",
        "names that are not made up",
        "DaemonSet",
        "CronJob",
        "another Deployment",
        "words are not made up",
    ],
)
def test_a_pod_under_a_name_that_was_made_up_anew_is_the_pod_that_was_known(
    tmp_path: Path, before: list[str], now: list[str], new: list[str]
) -> None:
    file = tmp_path / "known.json"
    file.write_text(rendered("json", report(*map(pod_finding, before))))
    found = compared(report(*map(pod_finding, now)), read_baseline(str(file))).findings
    assert [f.object.name for f in found if f.is_new] == new
    assert len(found) == len(now)


def test_a_renamed_pod_that_got_worse_is_new(tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    file.write_text(rendered("json", report(pod_finding(OLD), pod_finding("web-7d9f8b6c5d-44444", "error"))))
    now = report(pod_finding(NEXT, "error"), pod_finding("web-5c4d8f7b9b-44444", "error"))
    assert [f.is_new for f in compared(now, read_baseline(str(file))).findings] == [False, True]


def test_every_format_says_which_findings_are_new(tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    file.write_text(rendered("json", report(OLD_POD, EMPTY, NOTE)))
    value = compared(SOME, read_baseline(str(file)))
    assert [f.check for f in value.findings if f.is_new] == ["DS-SVC-001"]
    written = json.loads(rendered("json", value))
    jsonschema.validate(written, SCHEMA)
    assert [f["baseline"] for f in written["findings"]] == ["known", "known", "new", "known"]
    assert [line for line in render_text(value).splitlines() if "(new)" in line] == [
        "▲ warning  DS-SVC-001 prefer-stuck  Service shop/web  (new)"
    ]
    assert rendered("markdown", value).count("(new) |") == 1
    assert rendered("html", value).count("· new</p>") == 1
    states = [result["baselineState"] for result in json.loads(rendered("sarif", value))["runs"][0]["results"]]
    assert states == ["unchanged", "unchanged", "new", "unchanged"]
    (suite,) = ET.fromstring(rendered("junit", value))
    assert [case.get("classname") for case in suite.iter("testcase") if case.find("failure") is not None] == [
        "DS-SVC-001"
    ]
    assert suite.get("failures") == "1"
    assert "warning, known: DS-POD-001 Pod shop/web-1: " in (suite.findtext("system-out") or "")


# The policy


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"prometheus"}))
def test_every_format_says_what_the_policy_leaves_out(name: str) -> None:
    path = next(path for path in SCENARIOS if path.name.startswith("03"))
    policy = Policy(ignore=("DS-NGX-*",), exemptions=(Exemption(checks=("*",)),))
    value = build_report(from_path(path, policy))
    assert value.findings == ()
    written = rendered(name, value)
    if name == "json":
        jsonschema.validate(json.loads(written), SCHEMA)
        assert len(json.loads(written)["skipped"]) == 11
        assert json.loads(written)["counts"]["exempted"] == 4
    else:
        assert "4 findings exempted." in written
        assert "11 checks were skipped by options or the configuration." in written


@pytest.mark.parametrize("name", ["text", "junit", "sarif", "markdown", "html"])
def test_every_format_says_what_could_not_be_read(name: str) -> None:
    assert "b.json was cut off" in rendered(name, report(notices=("b.json was cut off",)))


# Published schemas


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    """One finding of each kind, including hostile ones."""
    return [SOME, POISONED, report(), compared(SOME, {}), *(build_report(from_path(path)) for path in SCENARIOS)]


def test_sarif_holds_the_published_schema(reports: list[Report]) -> None:
    published = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text())
    validator = jsonschema.validators.validator_for(published)(published)
    for value in reports:
        validator.validate(json.loads(rendered("sarif", value)))


def test_junit_holds_the_published_schema(reports: list[Report]) -> None:
    published = pytest.importorskip("xmlschema").XMLSchema(SCHEMAS / "junit-10.xsd")
    for value in reports:
        published.validate(rendered("junit", value))
