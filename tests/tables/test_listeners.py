"""The listeners' rows and their detail for all sockets, even unusual ones."""

from __future__ import annotations

from dsview.core.address import V4, V6, families_of
from dsview.core.listen import Likelihood, Listener, ListenSource, ProxyListeners
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.events import Changed
from dsview.tables.cells import GAP, NONE
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
    assert [fact.text for fact in found.facts if fact.label == "Server names"] == ["a, b"]


def test_the_detail_of_a_proxy_has_its_sockets_in_two_lanes() -> None:
    session = with_listeners(
        Listener(transport="tcp", address="*", port=80, families=(V4,), options=("default_server",)),
        Listener(transport="tcp", address="[::]", port=80, families=(V6,)),
        Listener(transport="tcp", address="*", port=443, families=(V4,), likelihood=Likelihood.LIKELY),
        Listener(transport="tcp", address="[::]", port=8080, families=(V4, V6)),
        Listener(transport="tcp", address="127.0.0.1", port=10246, families=(V4,), internal=True),
        Listener(transport="unix", address="/run/nginx.sock", port=None, families=(), internal=True),
    )
    pod = session.state.pods.get(min(session.state.controllers))
    assert pod is not None
    assert families_of(pod.ips) == (V4, V6)
    found = detail(session, (Kind.PROXY_LISTENERS, TableView(PANE, session).row(0).key))
    assert found is not None
    assert {str(fact.label): (fact.v4, fact.v6) for fact in found.facts if "/" in fact.label} == {
        "80/tcp": (("*:80  default_server",), ("[::]:80",)),
        "443/tcp": (("*:443 likely",), (GAP,)),
        "8080/tcp": (("[::]:8080",), ("[::]:8080",)),
        "10246/tcp": (("127.0.0.1:10246",), (NONE,)),
    }
    assert [fact.text for fact in found.facts if fact.label == "unix"] == ["/run/nginx.sock"]
    assert [fact.text for fact in found.facts if fact.label == "Known from"] == [
        "Read from the proxy's own configuration."
    ]


def test_sockets_sort_by_port_with_those_last_that_have_none() -> None:
    unix = Listener(transport="unix", address="²", port=None, families=(), internal=True)
    high, low = (Listener(transport="tcp", address="*", port=p, families=(V4,)) for p in (8443, 80))
    session = with_listeners(unix, high, low)
    view = TableView(PANE, session)
    view.set_sort("port")
    first = min(session.state.controllers)[1]
    rows = [row for i in range(len(view)) if (row := view.row(i)).key[1].startswith(first)]
    assert [row.key[1].rpartition("|")[2] for row in rows] == ["00080", "08443", "²"]
