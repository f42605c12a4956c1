"""A count that is too low looks like it, even without a finding, and the row says why."""

from __future__ import annotations

import msgspec

from dsview.kinds.endpoint_slice import EndpointSlice, pack
from dsview.kinds.metadata import Object
from dsview.ui.glyphs import UNICODE
from tests.ui.stage import Stage, node, on_stage, pod, service, slices


def unready(item: EndpointSlice, *names: str) -> EndpointSlice:
    """A slice in which the endpoints of some Pods are not ready."""
    endpoints = [msgspec.structs.replace(e, ready=e.target[1] not in names) for e in item.endpoints()]
    size, rows = pack(endpoints)
    return msgspec.structs.replace(item, size=size, rows=rows)


def cluster(*down: str) -> list[Object]:
    """Services `web` and `api` on two nodes, some of which are down; their Pods are not ready."""
    nodes = [msgspec.structs.replace(node(f"node-{n}", n), ready=f"node-{n}" not in down) for n in (1, 2)]
    web = [pod(f"web-{number}", number) for number in range(3)]
    api = [pod(f"api-{number}", 2 * number + 11, app="api") for number in range(2)]
    pods = [msgspec.structs.replace(p, ready=p.node_name not in down) for p in (*web, *api)]
    lost = [p.name for p in pods if not p.ready]
    of = [*slices("web", web), *slices("api", api)]
    return [*nodes, *pods, service("web", 10), service("api", 11), *(unready(item, *lost) for item in of)]


def row(stage: Stage, name: str) -> str:
    return next(line for line in stage.lines if f" {name} " in line)


async def test_a_service_with_pods_on_a_node_that_is_down_is_marked_and_says_so() -> None:
    async with on_stage(cluster("node-2"), size=(120, 40)) as stage:
        assert row(stage, "web").count(f"2/3 {UNICODE.short}") == 2
        assert "node-2 not ready" in row(stage, "web")
        assert f"Not ready {UNICODE.short}" in stage.text
        assert "Nodes 1 not ready" in stage.text
        assert stage.lines[4].startswith(f" IPv4  2/2 {UNICODE.short}"), "all have the family, and not all are ready"


async def test_zero_of_two_is_not_drawn_as_an_address_that_is_missing() -> None:
    async with on_stage(cluster("node-2"), size=(120, 40)) as stage:
        assert "0/2" in row(stage, "api")
        assert UNICODE.gap * 3 not in row(stage, "api")


async def test_endpoints_that_are_not_ready_for_another_reason_are_counted() -> None:
    objects = [item for item in cluster() if not isinstance(item, EndpointSlice)]
    web = slices("web", [pod(f"web-{number}", number) for number in range(3)])
    async with on_stage([*objects, *(unready(item, "web-1") for item in web)], size=(120, 40)) as stage:
        assert f"2/3 {UNICODE.short}" in row(stage, "web")
        assert "1 endpoint not ready" in row(stage, "web")


async def test_a_pod_that_is_being_deleted_is_not_missed() -> None:
    leaving = msgspec.structs.replace(pod("web-1", 1), deleted=1, ready=False)
    web = [pod("web-0", 0), leaving]
    async with on_stage(
        [node("node-1", 1), node("node-2", 2), *web, service("web", 10)]
        + [unready(item, "web-1") for item in slices("web", web)],
        size=(120, 40),
    ) as stage:
        assert UNICODE.short not in row(stage, "web")
        assert "not ready" not in row(stage, "web")


async def test_the_overview_marks_the_layer_that_has_less_than_it_should() -> None:
    async with on_stage(cluster("node-2"), size=(120, 40)) as stage:
        assert "1/2 ●" in stage.lines[5], "what a finding is about has its sign"
        assert stage.lines[1].startswith(f" {UNICODE.short} "), "not well, although nothing is above a note"
    async with on_stage(cluster(), size=(120, 40)) as stage:
        assert UNICODE.short not in stage.text
