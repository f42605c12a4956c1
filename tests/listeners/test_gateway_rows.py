"""Gateways without pods have their own rows in the listeners' pane, with a detail and a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsview.analysis.trace_of_row import trace
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.tables.cells import Tone
from dsview.tables.detail import detail
from dsview.tables.panes.listeners.rows import PANE
from dsview.tables.view import TableView
from tests.support import doors
from tests.support.doors import HEALTHY, Json, load

IDS = [column.id for column in PANE.columns]


def rows(session: Session) -> list[dict[str, str]]:
    view = TableView(PANE, session)
    return [dict(zip(IDS, (cell.text for cell in view.row(i).cells), strict=True)) for i in range(len(view))]


def shown(items: list[Json], folder: Path) -> list[dict[str, str]]:
    return rows(load([*items, *doors.backend()], folder))


def test_a_gateway_of_cilium_listens_on_the_nodes_as_its_settings_say(tmp_path: Path) -> None:
    (row,) = shown(doors.cilium(**{"enable-ipv4": "true", "enable-ipv6": "false"}), tmp_path)

    assert (row["pod"], row["controller"], row["port"], row["source"]) == ("Gateway web", "cilium", "80", "a setting")
    assert row["listen_v4"] == "*:80"
    assert row["listen_v6"] != "[::]:80"
    assert "LSN-002" in row["flags"]


@pytest.mark.parametrize(
    ("controller", "name", "why"),
    [
        ("gateway.k8s.aws/alb", "aws", "the cloud's load balancer"),
        ("networking.gke.io/gateway", "gke", "the cloud's load balancer"),
        ("example.com/own", "example.com/own", "what its controller listens on is not known"),
    ],
)
def test_a_gateway_outside_the_cluster_says_so_and_is_not_taken_for_read(
    controller: str, name: str, why: str, tmp_path: Path
) -> None:
    (row,) = shown(doors.cloud(controller), tmp_path)

    assert (row["controller"], row["source"], row["server_names"]) == (name, "not known", why)


@pytest.mark.parametrize("controller", ["istio.io/mesh-controller", "istio.io/unmanaged-gateway"])
def test_a_gateway_that_is_no_front_door_has_no_row(controller: str, tmp_path: Path) -> None:
    assert shown(doors.cloud(controller), tmp_path) == []


def test_what_a_cloud_publishes_is_shown_faint(tmp_path: Path) -> None:
    items = doors.gateway("gke", "networking.gke.io/gateway", addresses=doors.VIPS[:1])
    view = TableView(PANE, load([*items, *doors.backend()], tmp_path))
    cell = view.row(0).cells[IDS.index("listen_v4")]

    assert (cell.text, cell.tone) == ("203.0.113.10:80", Tone.MUTED)


def test_listeners_that_share_a_port_share_a_row(tmp_path: Path) -> None:
    items = doors.cilium()
    gateway = next(item for item in items if item["kind"] == "Gateway")
    gateway["spec"]["listeners"] = [
        {"name": "a", "port": 80, "protocol": "HTTP", "hostname": "a.example.com"},
        {"name": "b", "port": 80, "protocol": "HTTP", "hostname": "b.example.com"},
        {"name": "c", "port": 53, "protocol": "UDP"},
    ]

    found = [(row["transport"], row["port"], row["server_names"]) for row in shown(items, tmp_path)]
    assert found == [("tcp", "80", "a.example.com, b.example.com"), ("udp", "53", found[1][2])]


def test_rows_of_several_controllers_stand_together(tmp_path: Path) -> None:
    doors_of = {door.name: door.items for door in HEALTHY}
    found = [
        row["controller"] for row in shown([*doors_of["traefik"], *doors_of["cilium"], *doors_of["kong"]], tmp_path)
    ]

    assert found == sorted(found)
    assert len(set(found)) == 3


def test_a_gateways_row_has_a_detail_and_a_trace(tmp_path: Path) -> None:
    session = load([*doors.cilium(), *doors.backend(), doors.route("a.example.com", "shop-web")], tmp_path)
    (key,) = PANE.keys(session)
    found, way = detail(session, (Kind.PROXY_LISTENERS, key)), trace(session, (Kind.PROXY_LISTENERS, key))

    assert found is not None
    assert way is not None
    assert ("Controller", "cilium") in {(fact.label, fact.text) for fact in found.facts}
    assert [hop.id for hop in way.hops][-1] == "backend/shop-web"


@pytest.mark.parametrize(
    ("text", "number"), [("controller:aws", 1), ("confidence:unknown", 1), ("controller:istio", 0)]
)
def test_gateways_rows_are_filtered_as_those_of_pods(text: str, number: int, tmp_path: Path) -> None:
    view = TableView(PANE, load([*doors.cloud("gateway.k8s.aws/nlb"), *doors.backend()], tmp_path))
    view.set_filter(text)

    assert len(view) == number
