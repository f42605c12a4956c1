"""The timeline: what counts as a change, when it happened, how long it lasted, and that the timeline stays small."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from dsview.analysis.timeline import Timeline
from dsview.analysis.timeline_entry import Category, Entry, EntryType
from dsview.core.address import Family
from dsview.core.finding import Severity
from dsview.core.listen import Listener, ListenSource, ProxyListeners
from dsview.kinds.kind import Kind
from dsview.kinds.load_balancer import LoadBalancerIngress
from dsview.kinds.metadata import Key, Object
from dsview.kinds.node import Node
from dsview.kinds.registry import RESOURCES
from dsview.session.session import Session
from dsview.sources.events import Changed, Health, Listed, SourceEvent, StatusChanged
from dsview.tables.timeline import TimelineRows, latest
from tests.support.scripted import ScriptedSource
from tests.ui.stage import NOW, kind_of, node, pod, service, slices, troubled_shop


class Shop:
    """The troubled shop with a clock that the test sets."""

    def __init__(self, *, is_live: bool = False) -> None:
        self.now = NOW
        self.source = ScriptedSource(is_live=is_live)
        self.session = Session(self.source, clock=lambda: self.now)
        self.session.start()
        items = troubled_shop()
        for kind in RESOURCES:
            found = [item for item in items if kind_of(item) is kind]
            self.source.send(
                Changed(kind, found), Listed(kind), StatusChanged(kind=kind, health=Health.LIVE, since=NOW)
            )
        self.drain()

    def drain(self) -> None:
        """Drain everything."""
        while self.session.has_work:
            self.session.drain(1.0)
        self.session.drain(1.0)

    def put(self, *items: Object, after: float = 1.0) -> list[tuple[str, str, str]]:
        """Change objects after some seconds; what was entered."""
        return self.send(*(Changed(kind_of(item), [item]) for item in items), after=after)

    def send(self, *events: SourceEvent, after: float = 1.0) -> list[tuple[str, str, str]]:
        """Let something happen after some seconds; what was entered."""
        before = len(self.entries)
        self.now += after
        self.source.send(*events)
        self.drain()
        return [(entry.type.value, str(entry.ref or ""), entry.text) for entry in self.entries[before:]]

    @property
    def entries(self) -> list[Entry]:
        """All entries, oldest first."""
        return list(self.session.timeline.entries)


def test_what_was_there_when_everything_was_read_is_no_change() -> None:
    shop = Shop()
    assert shop.session.was_settled
    assert shop.session.findings
    assert shop.entries == []
    assert latest(shop.session) is None


def test_a_service_that_gains_a_family_and_its_endpoints_is_entered() -> None:
    shop = Shop()
    entered = shop.put(service("old", 12))
    assert ("gained", "Service shop/old", "Gained IPv6.") in entered
    assert (
        "closed",
        "Service shop/old",
        "SingleStack with IPv4: clients that have only IPv6 cannot reach it.",
    ) in entered


def test_a_family_without_ready_endpoints_is_entered_once_for_the_service() -> None:
    shop = Shop()
    gone = msgspec.structs.replace(slices("web", [pod(f"web-{n}", n) for n in range(3)])[1], size=0, rows="")
    entered = shop.put(gone)
    assert entered[0] == ("lost", "Service shop/web", "Lost its last ready IPv6 endpoint.")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda: msgspec.structs.replace(node("node-1", 1), pod_cidrs=("10.244.1.0/24",)),
            ("lost", "Node node-1", "Lost its IPv6 podCIDR."),
        ),
        (
            lambda: msgspec.structs.replace(node("node-1", 1), addresses=node("node-1", 1).addresses[:1]),
            ("lost", "Node node-1", "Lost its IPv6 InternalIP."),
        ),
        (
            lambda: msgspec.structs.replace(node("node-1", 1), ready=False),
            ("down", "Node node-1", "Went down: it is not Ready."),
        ),
        (lambda: node("node-3", 3), ("added", "Node node-3", "Was added, with IPv4 and IPv6.")),
        (
            lambda: msgspec.structs.replace(pod("web-0", 0), pod_ips=(pod("web-0", 0).pod_ip,)),
            ("lost", "Pod shop/web-0", "Lost IPv6."),
        ),
        (
            lambda: msgspec.structs.replace(
                service("web", 10), type="LoadBalancer", load_balancer_ingress=(LoadBalancerIngress("203.0.113.1"),)
            ),
            ("gained", "Service shop/web", "Gained its IPv4 load-balancer address."),
        ),
    ],
)
def test_families_of_objects_are_followed(change: Callable[[], Object], expected: tuple[str, str, str]) -> None:
    assert expected in Shop().put(change())


def test_pods_that_come_and_go_are_no_news() -> None:
    shop = Shop()
    assert shop.put(pod("web-9", 9)) == []
    assert shop.send(Changed(Kind.POD, [], [("shop", "web-9")])) == []


def test_a_finding_is_entered_with_the_time_it_was_open() -> None:
    shop = Shop()
    single = msgspec.structs.replace(pod("web-0", 0), pod_ips=(pod("web-0", 0).pod_ip,))
    shop.put(single)
    opened = next(e for e in shop.entries if e.type is EntryType.OPENED and e.check == "DS-POD-001")
    finding = shop.session.findings_of("Pod", "shop", "web-0")[0]
    assert shop.session.timeline.opened_at(finding) == opened.at == NOW + 1
    assert opened.severity is Severity.ERROR
    shop.put(pod("web-0", 0), after=90)
    closed = next(e for e in shop.entries if e.type is EntryType.CLOSED and e.check == "DS-POD-001")
    assert (closed.at, closed.lasted) == (NOW + 91, 90)
    assert shop.session.timeline.opened_at(finding) is None


def test_a_finding_that_was_open_for_a_moment_only_is_no_news() -> None:
    shop = Shop()
    shop.put(msgspec.structs.replace(pod("web-0", 0), pod_ips=(pod("web-0", 0).pod_ip,)))
    assert any(e.check == "DS-POD-001" for e in shop.entries)
    shop.put(pod("web-0", 0), after=0.5)
    assert not any(e.check == "DS-POD-001" for e in shop.entries)


def test_a_finding_from_before_the_session_has_no_known_beginning() -> None:
    shop = Shop()
    finding = shop.session.findings_of("Service", "shop", "old")[0]
    assert shop.session.timeline.opened_at(finding) is None
    shop.put(service("old", 12))
    closed = next(e for e in shop.entries if e.type is EntryType.CLOSED)
    assert (closed.lasted, closed.was_before) == (1, True)


def test_a_finding_that_cannot_be_evaluated_any_more_is_not_called_closed() -> None:
    shop = Shop()
    entered = shop.send(StatusChanged(kind=Kind.ENDPOINT_SLICE, health=Health.REFUSED, reason="forbidden", since=NOW))
    of_slices = [change for change, ref, text in entered if ref == "Service shop/api"]
    assert of_slices == ["unread"]


def test_a_lost_server_is_one_entry_for_all_kinds_and_tells_how_long_it_was_gone() -> None:
    shop = Shop()
    kinds = (Kind.POD, Kind.NODE, Kind.SERVICE, Kind.ENDPOINT_SLICE)
    lost = [StatusChanged(kind=kind, health=Health.STALE, reason="refused", since=NOW) for kind in kinds]
    assert shop.send(*lost) == [("lost", "", "Connection lost (refused).")]
    assert shop.entries[-1].kinds == ("pods", "nodes", "services", "endpointslices")
    shop.send(*(StatusChanged(kind=kind, health=Health.LIVE, since=NOW) for kind in kinds), after=42)
    again = shop.entries[-1]
    assert (again.text, again.type, again.lasted) == ("Can be read again.", EntryType.GAINED, 42)
    assert len(again.kinds) == 4


def test_a_list_that_replaces_what_was_known_is_entered_but_polling_is_not() -> None:
    shop = Shop()
    keys = frozenset(shop.session.state.nodes.keys())
    assert shop.send(Listed(Kind.NODE, keys)) == [("", "", "Listed again.")]
    shop.send(StatusChanged(kind=Kind.POD, health=Health.POLLING, since=NOW), after=60)
    assert shop.send(Listed(Kind.POD, frozenset(shop.session.state.pods.keys())), after=60) == []


def test_objects_of_a_kind_that_could_not_be_read_before_are_read_and_not_new() -> None:
    shop = Shop()
    shop.send(StatusChanged(kind=Kind.NODE, health=Health.REFUSED, since=NOW))
    entered = shop.send(
        Changed(Kind.NODE, [node("node-7", 7)]), StatusChanged(kind=Kind.NODE, health=Health.LIVE, since=NOW)
    )
    assert "Node node-7" not in {ref for _, ref, text in entered if text.startswith("Was added")}


def test_nginx_that_stops_listening_is_entered_only_where_it_was_read() -> None:
    shop = Shop()

    def conf(*families: Family, source: ListenSource = ListenSource.READ) -> Changed:
        address = {"IPv4": "*", "IPv6": "[::]"}
        listeners = tuple(
            Listener(transport="tcp", address=address[family], port=80, families=(family,)) for family in families
        )
        return Changed(
            Kind.PROXY_LISTENERS, [ProxyListeners(namespace="shop", name="web-0", source=source, listeners=listeners)]
        )

    shop.send(StatusChanged(kind=Kind.PROXY_LISTENERS, health=Health.LIVE, since=NOW), conf("IPv4", "IPv6"))
    assert shop.send(conf("IPv4")) == [("lost", "Pod shop/web-0", "Its proxy stopped listening over IPv6 on port 80.")]
    assert shop.send(conf("IPv4", "IPv6", source=ListenSource.PREDICTED)) == []


def test_only_the_last_entries_are_kept_and_the_others_counted() -> None:
    timeline = Timeline(limit=3)
    for number in range(5):
        timeline.note(NOW + number, f"number {number}")
    assert [entry.text for entry in timeline.entries] == ["number 2", "number 3", "number 4"]
    assert timeline.dropped == 2


def test_rows_are_newest_first_and_keep_their_keys_while_others_come() -> None:
    shop = Shop()
    shop.session.timeline.note(NOW, "first")
    key = TimelineRows(shop.session).key_at(0)
    shop.session.timeline.note(NOW + 1, "second")
    rows = TimelineRows(shop.session)
    assert [rows.row(i).cells[3].text for i in range(2)] == ["second", "first"]
    assert rows.index_of(key) == 1
    assert len(TimelineRows(shop.session, lambda entry: entry.category is Category.FINDING)) == 0


def words(shop: Shop, *opened: Key) -> list[tuple[str, ...]]:
    """The rows of the timeline without their times, newest first."""
    rows = TimelineRows(shop.session, opened=opened)
    return [tuple(cell.text for cell in rows.row(i).cells[1:]) for i in range(len(rows))]


def test_what_is_over_is_said_so_that_nobody_takes_it_for_a_fault_of_now() -> None:
    shop = Shop()
    shop.put(service("old", 12))
    (fixed,) = [row for row in words(shop) if row[0] == "fixed"]
    assert fixed[2] == (
        "was: SVC-002  SingleStack with IPv4: clients that have only IPv6 cannot reach it. Since before this session."
    )
    assert fixed[3] == "at least 1 s", "it began before this session"


def test_a_finding_goes_with_its_object_and_is_not_called_fixed() -> None:
    shop = Shop()
    shop.put(msgspec.structs.replace(pod("web-0", 0), pod_ips=(pod("web-0", 0).pod_ip,)))
    shop.send(Changed(Kind.POD, [], [("shop", "web-0")]), after=60)
    gone = next(row for row in words(shop) if row[1] == "Pod shop/web-0")
    assert gone[0] == "gone"
    assert gone[2].startswith("was: POD-001")
    assert gone[3] == "1 min"


def test_the_same_thing_within_seconds_is_one_row_that_opens() -> None:
    shop = Shop()
    single = [msgspec.structs.replace(pod(f"web-{n}", n), pod_ips=(pod(f"web-{n}", n).pod_ip,)) for n in range(3)]
    shop.put(*single)
    new = [row for row in words(shop) if row[0] == "new"]
    assert ("3 Pods", "POD-001  Pod lacks a family that its node gives to pods", "") in [row[1:] for row in new]
    rows = TimelineRows(shop.session)
    group = next(rows.key_at(i) for i in range(len(rows)) if rows.row(i).cells[2].text == "3 Pods")
    opened = [row[1] for row in words(shop, group) if row[0] == "new" and "POD-001" in row[2]]
    assert opened == ["3 Pods", *(f"Pod shop/web-{n}" for n in range(3))]
    assert rows.changes > len(rows)


def test_nodes_that_go_and_come_are_named_for_what_they_are() -> None:
    shop = Shop()
    down = msgspec.structs.replace(node("node-1", 1), ready=False)
    shop.put(down)
    shop.put(node("node-1", 1))
    told = [row[:3] for row in words(shop) if row[1] == "Node node-1"]
    assert told == [
        ("node up", "Node node-1", "Came back: it is Ready."),
        ("node down", "Node node-1", "Went down: it is not Ready."),
    ]


def _without_endpoints() -> list[Object]:
    web, mail = [pod(f"web-{n}", n) for n in range(3)], [pod("mail-0", 20, namespace="office", app="mail")]
    made = [*slices("web", web), *slices("mail", mail, namespace="office")]
    return [msgspec.structs.replace(item, size=0, rows="") for item in made]


def test_services_that_lose_their_endpoints_with_a_node_stand_in_its_row() -> None:
    shop = Shop()
    shop.put(msgspec.structs.replace(node("node-1", 1), ready=False), *_without_endpoints())
    rows = TimelineRows(shop.session)
    found = [tuple(cell.text for cell in rows.row(index).cells[1:4]) for index in range(len(rows))]
    text = "Went down: it is not Ready. At the same time 2 Services lost the last ready endpoint of a family."
    assert ("node down", "Node node-1", text) in found
    assert not any("Lost its last" in text for _, _, text in found)
    key = rows.key_at(next(i for i, cells in enumerate(found) if cells[0] == "node down"))
    assert rows.target(key) == (Kind.NODE, ("", "node-1"))
    opened = TimelineRows(shop.session, opened={key})
    assert sum("Lost its last" in opened.row(index).cells[3].text for index in range(len(opened))) == 2


def test_nobody_says_with_which_of_several_nodes_endpoints_were_lost() -> None:
    shop = Shop()
    down = [msgspec.structs.replace(node(f"node-{n}", n), ready=False) for n in (1, 2)]
    shop.put(*down, *_without_endpoints())
    rows = TimelineRows(shop.session)
    texts = [rows.row(index).cells[3].text for index in range(len(rows))]
    assert not any("At the same time" in text for text in texts)
    assert sum("Lost its last ready IPv4 and IPv6 endpoint." in text for text in texts) == 2


def test_many_services_that_gain_something_are_one_row_whatever_the_family() -> None:
    shop = Shop()
    names = [("a", ("203.0.113.1",)), ("b", ("2001:db8::1",)), ("c", ("203.0.113.2",))]
    plain = [service(name, 20 + number) for number, (name, _) in enumerate(names)]
    shop.put(*plain)
    given = [
        msgspec.structs.replace(
            item, type="LoadBalancer", load_balancer_ingress=tuple(LoadBalancerIngress(ip) for ip in ips)
        )
        for item, (_, ips) in zip(plain, names, strict=True)
    ]
    shop.put(*given, after=20.0)
    rows = TimelineRows(shop.session)
    found = [tuple(cell.text for cell in rows.row(index).cells[1:4]) for index in range(len(rows))]
    assert ("gained", "3 Services", "Gained their IPv4 or IPv6 load-balancer address.") in found


def test_an_entry_leads_to_the_row_of_its_object() -> None:
    shop = Shop()
    shop.put(msgspec.structs.replace(node("node-1", 1), ready=False))
    rows = TimelineRows(shop.session)
    assert rows.target(rows.key_at(len(rows) - 1)) == (Kind.NODE, ("", "node-1"))


def test_a_node_whose_addresses_stay_is_no_news() -> None:
    shop = Shop()
    changed: Node = msgspec.structs.replace(node("node-1", 1), kubelet_version="v1.36.2")
    assert shop.put(changed) == []


def mended(*numbers: int) -> list[Object]:
    """Pods of `api`, some of which have IPv6 and were just restarted, and its slices."""
    pods = [
        msgspec.structs.replace(
            pod(f"api-{number}", number + 10, app="api", families="46" if number in numbers else "4"),
            start_time=int(NOW) if number in numbers else int(NOW) - 86_400,
            ready_since=int(NOW) if number in numbers else int(NOW) - 86_400,
        )
        for number in range(2)
    ]
    return [*pods, *slices("api", pods)]


def of_api(entered: list[tuple[str, str, str]]) -> list[str]:
    """What happened to the findings about the Service."""
    return [turn for turn, ref, text in entered if ref == "Service shop/api" and text.startswith("IPv6: ")]


def test_what_is_only_better_is_improved_and_what_is_fixed_after_that_is_fixed() -> None:
    shop = Shop(is_live=True)
    assert of_api(shop.put(*mended(0), after=10)) == ["improved"]
    assert any("better, but not fixed; was: EPS-001" in line[2] for line in words(shop))
    assert of_api(shop.put(*mended(0, 1), after=30)) == ["closed"]


def test_a_lesser_finding_that_opens_after_an_improvement_has_its_own_entries() -> None:
    shop = Shop(is_live=True)
    assert of_api(shop.put(*mended(0), after=10)) == ["improved"]
    for _ in range(2):
        assert "closed" not in of_api(shop.send(after=121))
    assert [f.check for f in shop.session.findings_of("Service", "shop", "api")] == ["DS-EPS-002"]
    assert of_api([(e.type.value, str(e.ref), e.text) for e in shop.entries]) == ["improved", "opened"]
    assert of_api(shop.put(*mended(0, 1), after=30)) in (["closed"], [])


def test_what_is_mended_at_once_is_fixed_at_once() -> None:
    shop = Shop(is_live=True)
    assert of_api(shop.put(*mended(0, 1), after=10)) == ["closed"]
