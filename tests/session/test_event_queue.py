"""The queue keeps the order that matters, and the last of several writes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from dsview.cluster.state import ClusterState
from dsview.kinds.kind import Kind
from dsview.kinds.node import Node
from dsview.kinds.pod import Pod
from dsview.session.event_queue import EventQueue
from dsview.sources.events import Changed, Health, Listed, Note, SourceEvent, StatusChanged


def pod(name: str, version: int = 0) -> Pod:
    return Pod(name=name, namespace="shop", resource_version=str(version))


def taken(inbox: EventQueue) -> Iterator[SourceEvent]:
    while (event := inbox.take()) is not None:
        yield event


def test_of_several_writes_to_one_object_the_last_is_kept() -> None:
    inbox = EventQueue()
    for version in range(1000):
        inbox.put(Changed(Kind.POD, (pod("a", version),)))
    assert list(taken(inbox)) == [Changed(Kind.POD, [pod("a", 999)], [])]
    assert inbox.is_empty


def test_a_deletion_and_what_came_before_or_after_it_are_one_write() -> None:
    inbox = EventQueue()
    inbox.put(Changed(Kind.POD, (pod("a"), pod("b"))))
    inbox.put(Changed(Kind.POD, (), (("shop", "a"),)))
    inbox.put(Changed(Kind.POD, (pod("c"),), (("shop", "b"),)))
    inbox.put(Changed(Kind.POD, (pod("b", 2),)))
    assert list(taken(inbox)) == [Changed(Kind.POD, [pod("b", 2), pod("c")], [("shop", "a")])]


def test_a_completed_list_is_seen_after_what_came_before_it_and_before_what_came_after() -> None:
    inbox = EventQueue()
    listed = Listed(Kind.POD, frozenset({("shop", "a")}))
    inbox.put(Changed(Kind.POD, (pod("a", 1),)))
    inbox.put(listed)
    inbox.put(Changed(Kind.POD, (pod("a", 2),)))
    assert list(taken(inbox)) == [Changed(Kind.POD, [pod("a", 1)], []), listed, Changed(Kind.POD, [pod("a", 2)], [])]


def test_much_comes_in_parts_and_what_arrives_meanwhile_comes_behind() -> None:
    inbox = EventQueue()
    inbox.put(Changed(Kind.POD, [pod(f"p{n}") for n in range(1_200)]))
    first = inbox.take()
    assert isinstance(first, Changed)
    assert len(first.upserts) < 600
    inbox.put(Changed(Kind.POD, (pod("p1199", 7),)))
    rest = [event for event in taken(inbox) if isinstance(event, Changed)]
    assert len(first.upserts) + sum(len(event.upserts) for event in rest) == 1_201
    assert rest[-1].upserts == [pod("p1199", 7)]


def test_what_arrived_is_announced_and_clear_forgets_it() -> None:
    inbox = EventQueue()
    assert not inbox.arrived.is_set()
    inbox.put(Note("hello"))
    assert inbox.arrived.is_set()
    inbox.clear()
    assert inbox.is_empty
    assert inbox.take() is None


def test_many_threads_lose_nothing() -> None:
    inbox = EventQueue()
    writers, each = 8, 400

    def write(writer: int) -> None:
        for number in range(each):
            inbox.put(Changed(Kind.POD, (pod(f"{writer}-{number}"),)))
            if number % 50 == 0:
                inbox.put(StatusChanged(kind=Kind.NODE, health=Health.LIVE))

    seen: set[str] = set()
    with ThreadPoolExecutor(writers) as pool:
        futures = [pool.submit(write, writer) for writer in range(writers)]
        while not all(future.done() for future in futures) or not inbox.is_empty:
            event = inbox.take()
            if isinstance(event, Changed):
                seen.update(item.name for item in event.upserts)
        assert all(future.result() is None for future in futures)
    assert len(seen) == writers * each


NAMES = st.sampled_from(["a", "b", "c"])
KEYS = st.tuples(st.just("shop"), NAMES)
EVENTS = st.one_of(
    st.builds(
        lambda names, v: Changed(Kind.POD, [pod(n, v) for n in names]), st.lists(NAMES, max_size=3), st.integers(0, 9)
    ),
    st.builds(lambda keys: Changed(Kind.POD, (), keys), st.lists(KEYS, max_size=2)),
    st.builds(lambda name: Changed(Kind.NODE, (Node(name=name),)), NAMES),
    st.builds(lambda keys: Listed(Kind.POD, keys), st.frozensets(KEYS)),
)


@given(st.lists(st.one_of(EVENTS, st.none()), max_size=12))
def test_a_state_fed_through_the_inbox_ends_like_one_fed_directly(events: list[SourceEvent | None]) -> None:
    inbox, through, directly = EventQueue(), ClusterState(), ClusterState()
    for event in events:
        if event is not None:
            inbox.put(event)
            directly.apply(event)
        elif (first := inbox.take()) is not None:
            through.apply(first)
    for event in taken(inbox):
        through.apply(event)
    for kind in (Kind.POD, Kind.NODE):
        assert sorted(through.store(kind), key=repr) == sorted(directly.store(kind), key=repr)
