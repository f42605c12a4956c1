"""The listeners' rows and their detail for all sockets, even unusual ones."""

from __future__ import annotations

from dsview.core.address import V4, V6
from dsview.core.listen import Listener, ListenSource, ProxyListeners
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.events import Changed
from dsview.tables.detail import detail
from dsview.tables.panes.listeners.rows import PANE
from dsview.tables.view import TableView
from tests.support.clusters import SCENARIOS, from_path


def with_listeners(*listeners: Listener) -> Session:
    """A cluster whose first controller has these sockets."""
    session = from_path(next(path for path in SCENARIOS if path.name.startswith("08")))
    pod = min(session.state.controllers)
    conf = ProxyListeners(namespace=pod[0], name=pod[1], source=ListenSource.READ, listeners=listeners)
    session.state.apply(Changed(Kind.PROXY_LISTENERS, (conf,)))
    return session


def test_servers_without_a_name_leave_no_gap_among_the_names() -> None:
    names_of_servers = ("", "a", "", "b")
    session = with_listeners(
        Listener(transport="tcp", address="*", port=80, families=(V4,), server_names=names_of_servers),
        Listener(transport="tcp", address="[::]", port=80, families=(V6,), server_names=names_of_servers),
    )
    view = TableView(PANE, session)
    row = view.row(0)
    names = row.cells[[column.id for column in PANE.columns].index("server_names")]
    assert (names.text, names.value) == ("a, b", "a, b")
    found = detail(session, (Kind.PROXY_LISTENERS, row.key))
    assert found is not None
    assert [fact.text for fact in found.facts if fact.label.startswith("tcp")] == ["*:80  a, b", "[::]:80  a, b"]


def test_sockets_sort_by_port_with_those_last_that_have_none() -> None:
    unix = Listener(transport="unix", address="²", port=None, families=(), internal=True)
    high, low = (Listener(transport="tcp", address="*", port=p, families=(V4,)) for p in (8443, 80))
    session = with_listeners(unix, high, low)
    view = TableView(PANE, session)
    view.set_sort("port")
    first = min(session.state.controllers)[1]
    rows = [row for i in range(len(view)) if (row := view.row(i)).key[1].startswith(first)]
    assert [row.key[1].rpartition("|")[2] for row in rows] == ["00080", "08443", "²"]
