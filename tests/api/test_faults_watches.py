"""Unusual watch events: each test ends with the state that a fresh list gives."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from dsview.kinds.kind import Kind
from dsview.sources.events import Health
from tests.support.apiserver import ApiServer
from tests.support.live import Json, Live, pod

OpenLive = Callable[..., Live]
KEY = ("shop", "one")


def tell(api: ApiServer, event: str, *, uid: str = "a", version: str = "", node: str = "node-a") -> None:
    """One watch event about the pod `one`; the store keeps the object."""
    with api.lock:
        api.version += 1
        item = pod(KEY[1])
        item["metadata"] |= {"uid": uid, "resourceVersion": version or str(api.version)}
        item["spec"]["nodeName"] = node
        if event == "DELETED":
            api.objects["pods"].pop(KEY, None)
        else:
            api.objects["pods"][KEY] = item
        line = {"type": event, "object": {"kind": "Pod", "apiVersion": "v1", **item}}
        api.raw_to_watchers("pods", json.dumps(line).encode() + b"\n")


SEQUENCES: dict[str, tuple[list[tuple[str, Json]], str | None]] = {
    "deleted, then added with another uid": (
        [("ADDED", {"uid": "a"}), ("DELETED", {"uid": "a"}), ("ADDED", {"uid": "b"})],
        "b",
    ),
    "added with another uid, without a deletion": ([("ADDED", {"uid": "a"}), ("ADDED", {"uid": "b"})], "b"),
    "modified, and never added": ([("MODIFIED", {"uid": "a"})], "a"),
    "added twice": ([("ADDED", {"uid": "a"}), ("ADDED", {"uid": "a", "node": "node-b"})], "a"),
    "deleted, and never added": ([("DELETED", {"uid": "a"})], None),
    "deleted twice": ([("ADDED", {"uid": "a"}), ("DELETED", {"uid": "a"}), ("DELETED", {"uid": "a"})], None),
    "added, deleted, added, deleted": ([("ADDED", {}), ("DELETED", {}), ("ADDED", {}), ("DELETED", {})], None),
}
"""What is told of one pod, and the uid that it ends with."""


@pytest.mark.parametrize(("sequence", "uid"), SEQUENCES.values(), ids=SEQUENCES.keys())
@pytest.mark.parametrize("one_by_one", [True, False], ids=["one-by-one", "at-once"])
def test_the_last_word_on_an_object_counts(
    api: ApiServer, live: OpenLive, sequence: list[tuple[str, Json]], uid: str | None, one_by_one: bool
) -> None:
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    for event, fields in sequence:
        tell(api, event, **fields)
        if one_by_one:
            live_session.session.drain()
    live_session.assert_recovers()
    kept = live_session.session.state.pods.get(KEY)
    assert (kept.uid if kept is not None else None) == uid
    assert [pod.key for pod in live_session.session.state.pods].count(KEY) == (uid is not None)


def test_a_watch_of_bookmarks_only_stays_live_and_goes_on_from_the_last(api: ApiServer, live: OpenLive) -> None:
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    for _ in range(50):
        api.version += 7
        api.bookmark("pods")
    reached = api.version
    assert live_session.health(Kind.POD) is Health.LIVE
    api.end_watches()
    live_session.assert_recovers()
    asked = [r.query["resourceVersion"] for r in api.log if r.plural == "pods" and "resourceVersion" in r.query]
    assert asked[-1] == str(reached)


@pytest.mark.parametrize("version", ["v2.abc", "18446744073709551616000", "-5", "0x10", "٣٤"])
def test_a_resource_version_that_is_not_a_number_is_returned_unchanged_and_never_compared(
    api: ApiServer, live: OpenLive, version: str
) -> None:
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    tell(api, "ADDED", version=version)
    live_session.until(lambda: live_session.session.state.pods.get(KEY) is not None, "it is there")
    api.end_watches()
    live_session.until(lambda: _asked(api)[-1:] == [version], "the watch goes on from that version")
    assert _lists(api) == 1
    # The versions of the loopback server are numbers; the next event has one again.
    with api.lock:
        api.version = max(api.version, int(version) if version.isdecimal() else 0)
        del api.objects["pods"][KEY]
        api.raw_to_watchers("pods", b'{"type":"ERROR","object":{"code":410,"reason":"Expired"}}\n')
    live_session.assert_recovers()


def _asked(api: ApiServer) -> list[str]:
    return [r.query["resourceVersion"] for r in api.log if r.plural == "pods" and "resourceVersion" in r.query]


def _lists(api: ApiServer) -> int:
    return sum(r.query.get("sendInitialEvents") == "true" for r in api.log if r.plural == "pods")


def test_an_event_of_more_than_32_mb_is_skipped_and_reported(api: ApiServer, live: OpenLive) -> None:
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    api.raw_to_watchers("pods", b'{"type":"ADDED","object":{"x":"' + b"x" * (33 << 20) + b'"}}\n')
    live_session.until(
        lambda: "A Pod of more than 32 MB was skipped." in live_session.session.state.quarantine_messages(), "said"
    )
    assert live_session.health(Kind.POD) is Health.LIVE
    live_session.assert_recovers()
    assert _lists(api) == 1, "the watch went on"


def test_an_unknown_event_type_is_skipped_and_reported(api: ApiServer, live: OpenLive) -> None:
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    api.raw_to_watchers("pods", b'{"type":"SURPRISE\\u001b[2J","object":{}}\n')
    live_session.until(lambda: bool(live_session.session.state.quarantined), "it is told")
    assert "unknown type" in live_session.session.state.quarantine_messages()[0]
    assert "\x1b" not in live_session.session.state.quarantine_messages()[0]
    live_session.assert_recovers()


def test_a_namespace_that_goes_with_all_in_it_leaves_nothing_behind(api: ApiServer, live: OpenLive) -> None:
    for number in range(40):
        api.load([pod(f"web-{number}", podIPs=[{"ip": f"10.244.1.{number + 5}"}])])
    live_session = live().settle()
    live_session.until(lambda: api.open_watchers("pods") == 1, "the watch is open")
    for plural, kind in (("endpointslices", "EndpointSlice"), ("services", "Service"), ("pods", "Pod")):
        for namespace, name in [key for key in api.objects[plural] if key[0] == "shop"]:
            api.delete(kind, namespace, name)
    live_session.until(live_session.matches_server, "nothing of it is left")
    live_session.until(lambda: live_session.session.is_settled, "all is evaluated")
    assert not [finding for finding in live_session.session.findings if finding.object.namespace == "shop"]
    live_session.assert_recovers()
