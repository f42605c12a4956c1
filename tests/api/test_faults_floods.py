"""More events than a screen can show: bursts, objects that keep changing, clusters that change while they load."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from dsview.kinds.pod import Pod
from tests.support.apiserver import ApiServer
from tests.support.live import Live, pod

OpenLive = Callable[..., Live]


def lines(api: ApiServer, count: int, names: int) -> list[bytes]:
    """This many changes of this many pods; the store keeps the last state of each."""
    made: list[bytes] = []
    for number in range(count):
        item = pod(f"busy-{number % names}", podIPs=[{"ip": f"10.244.{number % names // 250}.{number % 250 + 1}"}])
        api.version += 1
        item["metadata"] |= {"uid": item["metadata"]["name"], "resourceVersion": str(api.version)}
        api.objects["pods"]["shop", item["metadata"]["name"]] = item
        made.append(json.dumps({"type": "MODIFIED", "object": item}).encode() + b"\n")
    return made


def longest_drain(live_session: Live, condition: Callable[[], bool], what: str) -> float:
    """Drain as the screen does. Returns the CPU seconds of the longest drain."""
    longest = 0.0

    def drained() -> bool:
        nonlocal longest
        started = time.thread_time()
        live_session.session.drain(0.008)
        longest = max(longest, time.thread_time() - started)
        return condition()

    live_session.until(drained, what)
    return longest


def test_a_burst_of_fifty_thousand_events_is_drained_in_slices_and_ends_up_to_date(
    api: ApiServer, live: OpenLive
) -> None:
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    with api.lock:
        burst = lines(api, 50_000, 5_000)
    for start in range(0, len(burst), 500):
        api.raw_to_watchers("pods", b"".join(burst[start : start + 500]))
    longest = longest_drain(live_session, live_session.matches_server, "the burst is taken in")
    assert len(live_session.session.state.pods) >= 5_000
    # Sixty times the slice: a drain that took everything at once would need seconds.
    assert longest < 0.5
    live_session.assert_recovers()


def test_an_object_that_changes_a_thousand_times_costs_its_last_states_only(api: ApiServer, live: OpenLive) -> None:
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    with api.lock:
        changes = lines(api, 1_000, 1)
    seen: set[str] = set()
    for line in changes:
        api.raw_to_watchers("pods", line)
    while True:
        live_session.session.drain()
        kept = live_session.session.state.pods.get(("shop", "busy-0"))
        if isinstance(kept, Pod):
            seen.add(kept.resource_version)
            if kept.resource_version == str(api.version):
                break
        live_session.session.wait(0.02)
    assert len(seen) < 500
    live_session.assert_recovers()


def test_events_that_come_while_a_list_is_read_are_not_lost(api: ApiServer, live: OpenLive) -> None:
    for number in range(2_000):
        api.load([pod(f"many-{number}")])
    live_session = live()
    live_session.until(lambda: len(live_session.session.state.pods) > 100, "the list has begun")
    for number in range(0, 2_000, 7):
        api.delete("Pod", "shop", f"many-{number}")
        api.put(pod(f"new-{number}"))
    live_session.assert_recovers()


def test_a_session_that_is_left_while_it_loads_asks_no_more(api: ApiServer, live: OpenLive) -> None:
    for number in range(2_000):
        api.load([pod(f"many-{number}")])
    left, stays = live(), live()
    left.until(lambda: len(left.session.state.pods) > 100, "the list has begun")
    left.session.stop()
    known = len(left.session.state.pods)
    stays.assert_recovers()
    assert len(left.session.state.pods) == known
    stays.until(lambda: api.open_watchers("pods") == 1, "its watch is closed and not opened again")
