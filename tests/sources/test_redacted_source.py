"""`--redact` on a screen: other names and addresses, the same findings, and none of the cluster's own words."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from dsview.core.errors import UserError
from dsview.core.listen import ListenSource
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.listeners.ingress_nginx.pods import live_controllers
from dsview.listeners.ingress_nginx.sockets import nginx_conf
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.sources.events import Health, Listed, Note, Quarantined, StatusChanged
from dsview.sources.files import FilesSource
from dsview.sources.redact import RedactedSource
from dsview.tables.registry import PANES
from dsview.tables.view import TableView
from tests.support.clusters import SCENARIOS, settle
from tests.support.scripted import ScriptedSource

KEY = b"the same each time"


def findings(session: Session) -> Counter[tuple[str, str, str, str | None]]:
    return Counter((f.check, f.severity.value, f.object.kind, f.family) for f in session.findings)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_the_findings_are_those_of_the_original_cluster(path: Path) -> None:
    plain = settle(Session(FilesSource(str(path))))
    hidden = settle(Session(RedactedSource(FilesSource(str(path)), KEY)))
    assert findings(hidden) == findings(plain)
    assert hidden.source.name == "redacted"


def test_no_name_and_no_address_of_the_cluster_is_in_a_row() -> None:
    path = next(p for p in SCENARIOS if p.name.startswith("08"))
    items = json.loads((path / "objects.json").read_text())["items"]
    names = {i["metadata"]["name"] for i in items if i["kind"] in {"Pod", "Node"}}
    addresses = {ip["ip"] for i in items if i["kind"] == "Pod" for ip in i["status"].get("podIPs", ())}
    session = settle(Session(RedactedSource(FilesSource(str(path)), KEY)))
    for pane in PANES.values():
        view = TableView(pane, session)
        shown = " ".join(cell.text for i in range(len(view)) for cell in view.row(i).cells)
        assert not [name for name in names | addresses if name in shown]
        assert len(view)


def test_nginx_conf_is_read_in_the_pod_that_is_meant() -> None:
    demo = DemoSource("troubled", clock=lambda: 0.0)
    session = settle(Session(RedactedSource(demo, KEY), clock=lambda: 0.0))
    session.stop()
    confs = [nginx_conf(session.state, pod) for pod in live_controllers(session.state)]
    assert confs
    assert {conf.source for conf in confs} == {ListenSource.READ}
    plain = settle(Session(DemoSource("troubled", clock=lambda: 0.0), clock=lambda: 0.0))
    plain.stop()
    assert findings(session) == findings(plain)


def test_questions_go_to_what_is_meant_and_words_of_the_cluster_stay_behind() -> None:
    source, told = ScriptedSource(), list[object]()
    hidden = RedactedSource(source, KEY)
    hidden.start(told.append)
    source.put(Kind.POD, Pod(name="ctrl-1", namespace="edge"))
    (shown,) = told[-1].upserts  # type: ignore[attr-defined]  # a Changed
    assert (shown.namespace, shown.name) == ("namespace-1", "pod-1")
    hidden.read_proxy_config(shown, "controller", told.append)
    assert source.requested_configs == [(("edge", "ctrl-1"), "controller")]
    hidden.watch_config_map("namespace-1", "never-seen")
    assert source.watched_config_maps == [("edge", "never-seen")]
    source.send(
        Listed(Kind.POD, frozenset({("edge", "ctrl-1")}), ("edge",)),
        StatusChanged(kind=Kind.POD, health=Health.REFUSED, reason="user bob may not"),
        Quarantined(Kind.POD, "edge/odd", "edge/odd is odd"),
        Note("edge.yaml was passed over"),
    )
    assert told[-4] == Listed(Kind.POD, frozenset({("namespace-1", "pod-1")}), ("namespace-1",))
    assert not [event for event in told[-3:] if "bob" in repr(event) or "edge" in repr(event)]
    with pytest.raises(UserError, match="redacted"):
        hidden.read_manifest(Kind.POD, ("namespace-1", "pod-1"))
