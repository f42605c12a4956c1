"""Faults as a user sees them: the screen explains the fault, and keeps the rows and the selection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dsview.session.session import Session
from dsview.sources.kube import KubeSource, retries
from dsview.ui.app import DsviewApp
from dsview.ui.choices import ContextChoice, Contexts
from tests.api.test_faults_answers import BUSY, HTML, Switch, forbidden
from tests.support.apiserver import ApiServer, Fault, Raw, http
from tests.support.live import Json, pod
from tests.ui.stage import Stage, StageSource


def _refuse(fault: Exception) -> Callable[[ApiServer], Callable[[], None]]:
    def begin(api: ApiServer) -> Callable[[], None]:
        switch = Switch(api, fault, "pods")
        api.end_watches()
        return lambda: setattr(switch, "is_on", False)

    return begin


def _kill(api: ApiServer) -> Callable[[], None]:
    api.stop()
    return api.start


FAULTS: dict[str, tuple[Callable[[ApiServer], Callable[[], None]], str]] = {
    "killed": (_kill, "refuses the connection"),
    "too many requests": (_refuse(Fault(429, BUSY)), "pods stale"),
    "an error as HTML": (_refuse(Fault(503, HTML)), "pods stale"),
    "nonsense": (_refuse(Raw(http(b"{"))), "pods stale"),
    "no permission any more": (_refuse(forbidden("pods")), "pods not permitted"),
    "not served any more": (_refuse(Fault(404, b"404 page not found")), "does not serve"),
}
"""What begins, which gives what ends it; and words on the screen meanwhile."""


@pytest.mark.parametrize(("begin", "words"), FAULTS.values(), ids=FAULTS.keys())
async def test_the_screen_says_what_is_going_on_and_keeps_the_selection(
    api: ApiServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    begin: Callable[[ApiServer], Callable[[], None]],
    words: str,
) -> None:
    monkeypatch.setattr(retries, "RETRY_REFUSED_AFTER", 0.05)
    for number in range(6):
        api.load([pod(f"web-{number}")])
    kubeconfig = str(api.write_kubeconfig(tmp_path / "kubeconfig"))
    app = DsviewApp(lambda: Session(KubeSource(kubeconfig=kubeconfig, interval=0.05)), source_name="loopback")
    async with app.run_test(size=(160, 50)) as pilot:
        stage = Stage(app, pilot, StageSource([]))
        await stage.until(lambda: app.workspace is not None and app.workspace.session.is_settled)
        await stage.press("2", "down", "down", "down")
        selected = stage.pane("pods").cursor_key
        end = begin(api)
        await stage.until(lambda: words in stage.text)
        end()
        api.load([pod("a-new-one")])
        api.end_watches()
        await stage.until(lambda: "a-new-one" in stage.names("pods"))
        await stage.until(lambda: words not in stage.text)
        assert stage.pane("pods").cursor_key == selected
        assert set(stage.names("pods")) == {name for _, name in api.objects["pods"]}


async def test_of_two_clusters_chosen_while_the_first_still_loads_the_last_one_is_shown(
    api: ApiServer, items: list[Json], tmp_path: Path
) -> None:
    other = ApiServer()
    other.load([*items, pod("only-there")])
    with other:
        files = {
            "here": str(api.write_kubeconfig(tmp_path / "here")),
            "there": str(other.write_kubeconfig(tmp_path / "there")),
        }
        app = DsviewApp(
            lambda: Session(KubeSource(kubeconfig=files["here"])),
            source_name="here",
            contexts=Contexts(
                find=lambda: [ContextChoice(name="here"), ContextChoice(name="there")],
                open=lambda name: Session(KubeSource(kubeconfig=files[name])),
            ),
        )
        async with app.run_test(size=(160, 50)) as pilot:
            stage = Stage(app, pilot, StageSource([]))
            await stage.until(lambda: app.workspace is not None)
            for name in ("there", "here", "there", "here", "there"):
                app.open(lambda name=name: Session(KubeSource(kubeconfig=files[name])))  # type: ignore[misc]  # a default binds it
            await stage.until(lambda: app.workspace is not None and "only-there" in stage.names("pods"))
            await stage.until(lambda: app.workspace is not None and app.workspace.session.is_settled)
            await stage.until(lambda: api.open_watchers("pods") == 0)
            assert other.open_watchers("pods") == 1


async def test_the_sources_screen_shows_the_health_of_each_kind_and_the_requests(
    api: ApiServer, tmp_path: Path
) -> None:
    api.hook = Switch(api, forbidden("nodes"), "nodes")
    kubeconfig = str(api.write_kubeconfig(tmp_path / "kubeconfig"))
    app = DsviewApp(lambda: Session(KubeSource(kubeconfig=kubeconfig)), source_name="loopback")
    async with app.run_test(size=(160, 50)) as pilot:
        stage = Stage(app, pilot, StageSource([]))
        await stage.until(lambda: app.workspace is not None and app.workspace.session.is_settled)
        await stage.press("i")
        await stage.until(lambda: "Asked of the server so far" in stage.text)
        (pods,) = [line for line in stage.lines if line.split()[:1] == ["pods"]]
        assert f"{len(api.objects['pods'])} objects, 1 watch, " in pods
        assert "nodes is forbidden" in stage.text
        session = app.workspace.session if app.workspace is not None else None
        assert session is not None
        asked = session.traffic
    log = [request for request in api.log if request.plural != "version"]
    assert sum(one.watches for one in asked.values()) == sum(request.verb == "watch" for request in log)
    assert sum(one.lists for one in asked.values()) == sum(request.verb == "list" for request in log)
    assert sum(one.execs for one in asked.values()) == sum(request.verb == "exec" for request in log)
