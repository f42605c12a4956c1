"""A table follows changes: after each of them it equals a new table."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsview.analysis.cluster_view import Delta
from dsview.core.finding import Severity
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.kinds.pod import Pod
from dsview.session.session import Session
from dsview.sources.events import Changed, Health, Progress, StatusChanged
from dsview.tables.filter import Filter, FilterError, compile_filter, narrows
from dsview.tables.registry import PANES
from dsview.tables.view import TableView
from tests.support.clusters import SCENARIOS, from_path, settle
from tests.support.scripted import ScriptedSource
from tests.ui.stage import NOW, StageSource, node
from tests.ui.stage import pod as stage_pod

NAMES = [f"pod-{letter}" for letter in "abcdefghij"]


def pod(name: str, octet: int = 0, *, ready: bool = True, node: str = "node-1") -> Pod:
    ips = (f"10.0.0.{octet}",) if octet else ()
    return Pod(name=name, namespace="shop", phase="Running", ready=ready, node_name=node, pod_ips=ips)


def with_pods(*pods: Pod) -> Session:
    source = ScriptedSource()
    session = Session(source)
    session.start()
    source.set_health()
    source.put(Kind.POD, *pods)
    while session.has_work:
        session.drain(0.5)
    return session


def keys_of(view: TableView) -> list[Key]:
    return [view.key_at(index) for index in range(len(view))]


def names_of(view: TableView) -> list[str]:
    return [name for _, name in keys_of(view)]


def compiled(text: str) -> Filter | None:
    return compile_filter(text, PANES["pods"], with_pods())


changes = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 3), st.booleans(), st.sampled_from(["node-1", "node-2"])),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(
    start=changes,
    rounds=st.lists(st.tuples(changes, st.lists(st.sampled_from(NAMES), max_size=3), st.booleans()), max_size=4),
    column=st.sampled_from([None, "name", "phase", "node", "pod_ip_v4"]),
    descending=st.booleans(),
    text=st.sampled_from(["", "pod", "not", "!not", "node-2 | pod-a", "/10.0.0.[12]/"]),
)
def test_after_any_changes_a_view_is_as_one_made_anew(
    start: list[tuple[str, int, bool, str]],
    rounds: list[tuple[list[tuple[str, int, bool, str]], list[str], bool]],
    column: str | None,
    descending: bool,
    text: str,
) -> None:
    session = with_pods(*(pod(name, octet, ready=ready, node=node) for name, octet, ready, node in start))
    view = TableView(PANES["pods"], session)
    view.set_sort(column, descending)
    view.set_filter(text)
    for upserts, gone, everything in rounds:
        items = {name: pod(name, octet, ready=ready, node=node) for name, octet, ready, node in upserts}
        removed = tuple(("shop", name) for name in gone if name not in items)
        found = session.state.apply(Changed(Kind.POD, tuple(items.values()), removed))
        view.refresh(Delta(changes=found, everything=everything))
        fresh = TableView(PANES["pods"], session)
        fresh.set_sort(column, descending)
        fresh.set_filter(text)
        assert keys_of(view) == keys_of(fresh)
        assert [view.row(i) for i in range(len(view))] == [fresh.row(i) for i in range(len(fresh))]
        assert [view.index_of(key) for key in keys_of(view)] == list(range(len(view)))
        assert view.total == fresh.total


@pytest.mark.parametrize("descending", [False, True])
def test_few_rows_put_into_many_keep_the_order_of_a_column(descending: bool) -> None:
    many = [pod(f"pod-{number:03d}", node=f"node-{number % 7}") for number in range(200)]
    session = with_pods(*many[::2], *many[1::40])
    view = TableView(PANES["pods"], session)
    view.set_sort("node", descending)
    view.refresh(Delta(changes=session.state.apply(Changed(Kind.POD, tuple(many[3:40:6])))))
    fresh = TableView(PANES["pods"], session)
    fresh.set_sort("node", descending)
    assert keys_of(view) == keys_of(fresh)
    assert len(set(keys_of(view))) == len(view) == 112


def test_a_filter_looks_at_the_new_text_when_everything_may_have_changed() -> None:
    session = with_pods(pod("pod-a"), pod("pod-b"))
    view = TableView(PANES["pods"], session)
    view.set_filter("not")
    assert not names_of(view)
    found = session.state.apply(Changed(Kind.POD, (pod("pod-b", ready=False),)))
    view.refresh(Delta(changes=found, everything=True))
    assert names_of(view) == ["pod-b"]


def test_a_change_of_a_node_repaints_its_pods_alone() -> None:
    session = with_pods(pod("pod-a"), pod("pod-b", node="node-2"))
    assert PANES["pods"].affected(session, Delta(nodes={"node-2"})) == {("shop", "pod-b")}


def test_a_filter_that_cannot_be_understood_changes_nothing() -> None:
    view = TableView(PANES["pods"], with_pods(pod("pod-a"), pod("pod-b")))
    view.set_filter("pod-a")
    version = view.version
    with pytest.raises(FilterError):
        view.set_filter('pod-b "')
    assert (names_of(view), view.filter_text, view.version) == (["pod-a"], "pod-a", version)


@pytest.mark.parametrize(
    ("before", "after"), [("po", "pod-a"), ("pod", "pod b"), ("pod-a", "pod-a | pod-b"), ("b", "b !pod"), ("a", "")]
)
def test_typing_on_finds_what_a_fresh_filter_finds(before: str, after: str) -> None:
    session = with_pods(*map(pod, NAMES))
    typed, fresh = TableView(PANES["pods"], session), TableView(PANES["pods"], session)
    typed.set_filter(before)
    typed.set_filter(after)
    fresh.set_filter(after)
    assert keys_of(typed) == keys_of(fresh)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("web", "web-1", True),
        ("web", "web a", True),
        ("web", "we", False),
        ("web", "web | a", False),
        ("!w", "!we", False),
    ],
)
def test_only_plain_words_typed_further_narrow(before: str, after: str, expected: bool) -> None:
    assert narrows(before, after) is expected


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("WEB", "shop web", True),
        ("fd00::1", "web fd00::10", True),
        ("/WEB$/", "shop web", True),
        (r"/a\/b/", "x a/b", True),
        ('"a b"', "ab", False),
        ("!!web", "web", True),
        ("a | b", "b", True),
        ("a !b | c", "a b", False),
        ("/etc", "x /etc/nginx", True),
    ],
)
def test_a_filter_selects_the_rows_that_match(text: str, row: str, expected: bool) -> None:
    wanted = compiled(text)
    assert wanted is not None
    key = ("shop", "web")
    assert wanted.select([key], lambda keys: [row.lower()] * len(keys)) == ([key] if expected else [])


def test_rows_that_several_alternatives_find_are_there_once_and_in_order() -> None:
    texts = {("", "a"): "web one", ("", "b"): "db", ("", "c"): "web db"}
    wanted = compiled("db | web !one | c")
    assert wanted is not None
    assert wanted.select(list(texts), lambda keys: [texts[key] for key in keys]) == [("", "b"), ("", "c")]


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a|ab)*c", "a*a*a*a*a*a*a*b"])
def test_a_pattern_that_would_take_for_ever_is_stopped(pattern: str) -> None:
    wanted = compiled(f"/{pattern}$/")
    assert wanted is not None
    with pytest.raises(TimeoutError):
        wanted.select([("", "a")], lambda keys: ["a" * 3000 + "bcx"] * len(keys))


def test_a_pattern_is_not_asked_of_rows_that_another_alternative_has_found() -> None:
    wanted = compiled("web | /(a+)+b$/")
    assert wanted is not None
    key = ("", "a")
    assert wanted.select([key], lambda keys: ["web " + "a" * 3000 + "bcx"] * len(keys)) == [key]


@pytest.mark.parametrize("length", [10, 999, 5000])
def test_a_simple_pattern_means_the_same_in_long_rows(length: int) -> None:
    wanted = compiled("/^A*b$/")
    assert wanted is not None
    texts = {("", "a"): "a" * length, ("", "b"): "a" * length + "b"}
    assert wanted.select(list(texts), lambda keys: [texts[key] for key in keys]) == [("", "b")]


@pytest.mark.parametrize("text", ["", "   ", "|", " | | "])
def test_a_filter_without_terms_lets_everything_through(text: str) -> None:
    assert compiled(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [('a "b', "quote"), ("a !", "word is missing"), ('! "a"', "word is missing"), ('!"a', "quote"), ("/(/", "pattern")],
)
def test_the_sentence_of_a_filter_error_names_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        compiled(text)


def test_rows_of_a_loading_list_come_in_portions_and_none_is_lost_at_its_end() -> None:
    source = ScriptedSource()
    session = Session(source)
    session.start()
    source.send(StatusChanged(kind=Kind.POD, health=Health.LOADING))
    source.put(Kind.POD, *(pod(f"pod-{number:03d}") for number in range(100)))
    view = TableView(PANES["pods"], session)
    view.refresh(session.drain(0.5))
    assert len(view) == 100
    source.put(Kind.POD, pod("pod-100"))
    assert not view.refresh(session.drain(0.5))
    source.set_health(Kind.POD)
    assert view.refresh(session.drain(0.5))
    assert len(view) == view.total == 101


def test_an_empty_table_says_why() -> None:
    source = ScriptedSource()
    session = Session(source)
    session.start()
    view = TableView(PANES["pods"], session)

    def told(event: StatusChanged | Progress | Changed) -> str:
        source.send(event)
        view.refresh(session.drain(0.5))
        return view.status_line()

    assert told(StatusChanged(kind=Kind.POD, health=Health.LOADING)) == "Loading…"
    assert told(Progress(kind=Kind.POD, loaded=12500, total=150000)) == "Loading… 12,500 of 150,000"
    refused = StatusChanged(kind=Kind.POD, health=Health.REFUSED, reason="pods is \x1b[31mforbidden")
    assert told(refused) == f"pods: not permitted ({safe('pods is ' + chr(27) + '[31mforbidden')})"
    assert told(StatusChanged(kind=Kind.POD, health=Health.LIVE)) == "No Pods"
    assert told(Changed(Kind.POD, (pod("pod-a"),))) == ""
    view.set_filter("nothing")
    assert view.status_line() == "None of 1 match. Esc shows all."


def test_a_row_whose_object_has_just_gone_is_empty_not_an_error() -> None:
    session = with_pods(pod("pod-a"))
    view = TableView(PANES["pods"], session)
    session.state.apply(Changed(Kind.POD, (), (("shop", "pod-a"),)))
    assert view.row(0).cells == ()


def test_cluster_wide_objects_stay_when_namespaces_are_chosen() -> None:
    session = from_path(next(path for path in SCENARIOS if path.name.startswith("03")))
    view = TableView(PANES["nodes"], session)
    everything = len(view)
    view.set_namespaces(frozenset({"shop"}))
    assert len(view) == everything > 0


@pytest.mark.parametrize("pane_id", list(PANES))
def test_every_column_of_every_pane_sorts_both_ways_without_losing_a_row(pane_id: str) -> None:
    session = from_path(next(path for path in SCENARIOS if path.name.startswith("09")))
    view = TableView(PANES[pane_id], session)
    expected = keys_of(view)
    assert expected
    for column in view.pane.columns:
        for descending in (False, True):
            view.set_sort(column.id, descending)
            assert sorted(keys_of(view)) == expected
            assert [view.index_of(key) for key in keys_of(view)] == list(range(len(view)))


def test_counted_flags_and_flagged_rows_follow_the_findings() -> None:
    read = from_path(next(path for path in SCENARIOS if path.name.startswith("03")))
    source = ScriptedSource(is_live=False)
    session = Session(source)
    session.start()
    for kind in (Kind.NODE, Kind.POD, Kind.SERVICE, Kind.ENDPOINT_SLICE):
        source.put(kind, *read.state.store(kind))
    source.set_health(health=Health.GIVEN)
    while session.has_work:
        session.drain(0.5)
    view = TableView(PANES["pods"], session)
    view.set_only_findings(True)
    assert (len(view), sum(view.flagged.values())) == (3, 3)
    first = session.state.pods.get(view.key_at(0))
    assert first is not None
    cured = msgspec.structs.replace(first, pod_ips=(*first.ips, "fd00:10:244:1::99"), resource_version="new")
    source.put(Kind.POD, cured)
    for _ in range(20):
        view.refresh(session.drain(0.5))
    assert (len(view), sum(view.flagged.values())) == (2, 2)
    assert view.index_of(first.key) is None


@pytest.mark.parametrize("how", ["filter", "namespaces", "both", "reversed"])
def test_flags_and_worst_rows_are_those_of_the_rows_that_are_shown_while_they_change(how: str) -> None:
    pods = [stage_pod(f"web-{n:03d}", n, namespace=f"ns-{n % 3}", families="4" if n % 2 else "46") for n in range(90)]
    source = StageSource([node("node-1", 1), node("node-2", 2), *pods])
    session = settle(Session(source, clock=lambda: NOW))
    view = TableView(PANES["pods"], session)
    if how in ("filter", "both"):
        view.set_filter("/web-0[015]/")
    if how in ("namespaces", "both"):
        view.set_namespaces(frozenset({"ns-1", "ns-2"}))
    if how == "reversed":
        view.set_filter("web-0")
        view.set_sort("name", descending=True)
    for number in (None, 1, 4, 51, 7, 8):
        if number is not None:
            changed = stage_pod(f"web-{number:03d}", number, namespace=f"ns-{number % 3}", families="46")
            source.put(changed if number % 2 else stage_pod(f"web-{number:03d}", 7, namespace="ns-1", families="4"))
        for _ in range(5):
            view.refresh(session.drain(0.5))
        rows = [view.row(index) for index in range(len(view))]
        flagged = Counter(row.severity for row in rows if row.findings)
        assert view.flagged == {severity: flagged[severity] for severity in Severity}, number
        assert len(view.worst(1000)) == sum(flagged.values())
        assert set(view.worst(3)) <= {row.key for row in rows if row.findings}
