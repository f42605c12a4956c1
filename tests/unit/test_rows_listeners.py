"""What the listeners' rows and their detail say of sockets, however odd these are."""

from __future__ import annotations

from dsview.model.kinds import Kind
from dsview.model.listen import Listener, ListenSource, NginxConf
from dsview.rows.listeners import PANE
from dsview.rows.view import TableView
from dsview.session.session import Session
from dsview.sources.events import Changed
from tests.support.clusters import SCENARIOS, from_path


def with_listeners(*listeners: Listener) -> Session:
    """A cluster in which the first controller has these sockets."""
    session = from_path(next(path for path in SCENARIOS if path.name.startswith("08")))
    pod = min(session.state.controllers)
    conf = NginxConf(namespace=pod[0], name=pod[1], source=ListenSource.READ, listeners=listeners)
    session.state.apply(Changed(Kind.NGINX_CONF, (conf,)))
    return session


def test_sockets_sort_by_port_with_those_last_that_have_none() -> None:
    unix = Listener(transport="unix", address="²", port=None, families=(), internal=True)
    high, low = (Listener(transport="tcp", address="*", port=p, families=("IPv4",)) for p in (8443, 80))
    session = with_listeners(unix, high, low)
    view = TableView(PANE, session)
    view.set_sort("port")
    first = min(session.state.controllers)[1]
    rows = [row for i in range(len(view)) if (row := view.row(i)).key[1].startswith(first)]
    assert [row.key[1].rpartition("|")[2] for row in rows] == ["00080", "08443", "²"]
