"""The filter language: its keys, the messages for mistakes, the suggestions, and that slices find the same rows."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsview.analysis.cluster_view import Delta
from dsview.cli.topics import TOPICS
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.sources.events import Changed
from dsview.tables.completion import suggest
from dsview.tables.filter import Filter, FilterError, compile_filter
from dsview.tables.filter_fields import FILTER_KEYS
from dsview.tables.registry import PANES
from dsview.tables.view import TableView
from tests.support.changes import POD, with_pod_ips
from tests.support.clusters import changed, settle
from tests.support.scripted import ScriptedSource


@pytest.fixture(scope="module")
def demo() -> Session:
    session = settle(Session(DemoSource("troubled", clock=lambda: 0.0), clock=lambda: 0.0))
    session.stop()
    return session


def found(session: Session, pane: str, text: str) -> set[str]:
    view = TableView(PANES[pane], session)
    view.set_filter(text)
    return {view.key_at(i)[1] for i in range(len(view))}


@pytest.mark.parametrize(
    ("pane", "text", "expected"),
    [
        ("services", "ns:payments", {"api", "fraud", "gateway", "ledger"}),
        ("services", "ns:pay* name:l*", {"ledger"}),
        ("services", "NS:Payments name:API", {"api"}),
        ("services", "type:headless", {"redis"}),
        ("services", "type:LoadBalancer ns:payments", {"gateway"}),
        ("services", "policy:SingleStack", {"kubernetes", "ingress-nginx-internal", "search"}),
        ("services", "ip:10.96.60.0/24 !name:api", {"fraud", "gateway", "ledger"}),
        ("services", "ip:fd00:0010:0096:0:0:0:0:A", {"kube-dns"}),
        ("services", "ip:203.0.113.12", {"gateway"}),
        ("services", "!family:dual", {"kubernetes", "ingress-nginx-internal", "api", "search"}),
        ("services", "missing:v6", {"api", "grafana", "gateway", "web"}),
        ("services", "missing:v4", {"grafana"}),
        ("services", "code:DS-EPS-*", {"checkout", "web"}),
        ("services", "code:svc-00?", {"api", "catalog", "search"}),
        ("services", "severity:error", {"ingress-nginx-controller", "gateway", "web"}),
        ("services", "severity:>=warning ns:shop", {"checkout", "web"}),
        ("services", "ns:shop severity:note | ns:payments severity:warning", {"api", "catalog", "search"}),
        ("services", "node:worker-a", set()),
        ("services", "!node:worker-a name:web", {"web"}),
        ("nodes", "missing:v6", {"worker-c"}),
        ("nodes", "node:worker-?", {"worker-a", "worker-b", "worker-c"}),
        ("nodes", "ip:2001:db8:20::/48 name:control-1", {"control-1"}),
    ],
)
def test_each_filter_key_selects_the_expected_rows(demo: Session, pane: str, text: str, expected: set[str]) -> None:
    assert found(demo, pane, text) == expected


def test_pods_are_found_by_node_label_address_and_family(tmp_path: Path) -> None:
    session = changed("01", with_pod_ips(POD, "10.244.1.77"), tmp_path)
    everything = found(session, "pods", "")
    assert found(session, "pods", "ip:10.244.1.77") == {POD}
    assert found(session, "pods", "missing:v6") == {POD}
    assert POD in found(session, "pods", "label:pod-template-hash") <= everything
    assert found(session, "pods", "label:k8s-app=kube-dns") == {n for n in everything if n.startswith("coredns")}
    assert POD not in found(session, "pods", "family:dual")
    on_node = found(session, "pods", "node:kind-worker")
    assert on_node
    assert on_node < everything
    assert on_node == everything - found(session, "pods", "!node:kind-worker")


@pytest.mark.parametrize(
    "text", ["name:ingress-nginx-controller*", "missing:v6", "family:v6", "ip:0.0.0.0/0", "label:app*"]
)
def test_listeners_are_found_by_their_controller_and_sockets(demo: Session, text: str) -> None:
    assert found(demo, "listeners", text)


@pytest.mark.parametrize("text", ["fe80::1", "fe:1", "dead:beef::", "2001:db8:20::10", "10.20.0.10:80", '"unix:/x"'])
def test_addresses_and_quoted_text_are_words_and_no_keys(demo: Session, text: str) -> None:
    wanted = compile_filter(text, PANES["nodes"], demo)
    assert wanted is not None
    word = text.strip('"')
    assert wanted.select([("", "a"), ("", "b")], lambda keys: [f"x {word} y", "x"][: len(keys)]) == [("", "a")]


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("nmae:web", 0, "Did you mean name:?"),
        ("web unix:/run", 4, "put it in quotes."),
        ("ip:10.0.0.0/99", 3, "is not a CIDR"),
        ("web ip:web", 7, "is not an IP address"),
        ("family:v5", 7, "v4, v6 or dual"),
        ("missing:both", 8, "v4, v6 or dual"),
        ("a !severity:fatal", 12, "error, warning or note"),
        ('ns:"shop', 3, "quote"),
    ],
)
def test_a_mistake_is_said_at_its_place(demo: Session, text: str, position: int, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(text, PANES["services"], demo)
    assert words in caught.value.message
    assert caught.value.position == position


@pytest.mark.parametrize("text", ["ns:", "missing:", "ip:", "!code:"])
def test_a_key_without_a_value_yet_hides_no_row_unless_negated(demo: Session, text: str) -> None:
    total = len(found(demo, "services", ""))
    assert len(found(demo, "services", text)) == (0 if text.startswith("!") else total)


def test_a_key_that_rows_do_not_have_is_said_to_be_missing_there(demo: Session) -> None:
    view = TableView(PANES["nodes"], demo)
    view.set_filter("policy:SingleStack")
    assert not len(view)
    assert view.status_line() == "Nodes have no policy:. Esc shows all."


# Suggestions


@pytest.mark.parametrize(
    ("pane", "text", "expected"),
    [
        ("services", "", [f"{key.name}:" for key in FILTER_KEYS.values() if key.applies_to(PANES["services"])]),
        ("services", "n", ["ns:", "name:"]),
        ("pods", "no", ["node:"]),
        ("services", "no", []),
        ("services", "web !po", ["policy:"]),
        ("services", "ns:pay", ["ns:payments"]),
        ("services", "policy:s", ["policy:SingleStack"]),
        ("services", "severity:", ["severity:error", "severity:note", "severity:warning"]),
        ("services", "code:ep", ["code:EPS-001", "code:EPS-002"]),
        ("services", "ip:fd", []),
        ("services", "fe80::", []),
        ("nodes", "node:worker-b", ["node:worker-b"]),
    ],
)
def test_what_could_follow_is_suggested(demo: Session, pane: str, text: str, expected: list[str]) -> None:
    assert list(suggest(text, len(text), PANES[pane], demo).texts) == expected


def test_hostile_values_are_not_suggested() -> None:
    source = ScriptedSource()
    session = Session(source)
    session.start()
    source.set_health()
    source.put(Kind.POD, *(Pod(name=name, namespace=name) for name in ("good", "e\x1b[31mvil", 'quo"ted', "two words")))
    while session.has_work:
        session.drain(0.5)
    assert list(suggest("ns:", 3, PANES["pods"], session).texts) == ["ns:good", 'ns:"two words"']


WEB = ("shop", "web")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from(list('nsip:/|!" =*fd0v6\\([web-')), max_size=24))
def test_any_text_is_a_filter_or_a_sentence_and_suggestions_never_fail(text: str) -> None:
    pane, session = PANES["services"], Session(ScriptedSource())
    suggestions = suggest(text, len(text), pane, session)
    assert all(safe(suggested) == suggested for suggested in suggestions.texts)
    problem: FilterError | None = None
    wanted: Filter | None = None
    try:
        wanted = compile_filter(text, pane, session)
    except FilterError as error:
        problem = error
    assert problem is None or (0 <= problem.position <= len(text) and problem.message.endswith((".", "?")))
    assert wanted is None or wanted.select([WEB], lambda keys: ["shop web"] * len(keys)) in ([], [WEB])


# Slices


def many_pods(number: int) -> Session:
    source = ScriptedSource()
    session = Session(source)
    session.start()
    source.set_health()
    pods = (Pod(name=f"pod-{i:05d}", namespace="shop", phase="Running", node_name=f"n-{i % 7}") for i in range(number))
    source.put(Kind.POD, *pods)
    while session.has_work:
        session.drain(0.5)
    return session


def names_of(view: TableView) -> list[str]:
    return [view.key_at(i)[1] for i in range(len(view))]


@pytest.mark.parametrize("text", ["7", "n-3", "node:n-3 !5", "/1.*9$/", "1 | 2 !3"])
@pytest.mark.parametrize("column", [None, "node"])
def test_rows_found_in_slices_are_those_found_at_once(text: str, column: str | None) -> None:
    session = many_pods(3000)
    at_once = TableView(PANES["pods"], session)
    in_slices = TableView(PANES["pods"], session, first_slice=0.0)
    for view in (at_once, in_slices):
        view.set_sort(column, descending=True)
        view.set_filter(text)
    assert in_slices.is_searching
    seen = [names_of(in_slices)]
    while in_slices.has_work:
        assert in_slices.work(0.0)
        seen.append(names_of(in_slices))
    assert seen[-1] == names_of(at_once)
    assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(seen))


def test_changes_during_a_search_are_applied_at_its_end() -> None:
    session = many_pods(3000)
    view = TableView(PANES["pods"], session, first_slice=0.0)
    view.set_filter("pod-0")
    new = Pod(name="pod-00000-again", namespace="shop")
    event = Changed(Kind.POD, [new], [("shop", "pod-00001")])
    assert not view.refresh(Delta(changes=session.state.apply(event)))
    while view.has_work:
        view.work(0.0)
    fresh = TableView(PANES["pods"], session)
    fresh.set_filter("pod-0")
    assert names_of(view) == names_of(fresh)
    assert "pod-00000-again" in names_of(view)


def test_texts_are_prepared_before_the_first_key() -> None:
    view = TableView(PANES["pods"], many_pods(1500), first_slice=0.0)
    view.prepare()
    slices = 0
    while view.has_work:
        assert not view.work(0.0)
        slices += 1
    assert slices == 3
    assert len(view) == 1500


def test_a_pattern_that_would_take_for_ever_is_given_up_and_said() -> None:
    source = ScriptedSource()
    session = Session(source)
    session.start()
    source.set_health()
    source.put(Kind.POD, Pod(name="a" * 60, namespace="shop"))
    while session.has_work:
        session.drain(0.5)
    view = TableView(PANES["pods"], session)
    started = time.monotonic()
    view.set_filter("/(a|a|aa)+$(?!.)x/")
    assert not view.is_searching
    assert "takes too long" in view.trouble or not len(view)
    assert time.monotonic() - started < 30
    view.set_filter("a")
    assert not view.trouble
    assert len(view) == 1


def test_the_help_topic_explains_every_filter_key() -> None:
    page = TOPICS["filters"]()
    assert all(key.example in page and key.help in page for key in FILTER_KEYS.values())
