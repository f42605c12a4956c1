"""The timeline on the screen: what changed, from the header of the main screen to the object."""

from __future__ import annotations

from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.events import Health, StatusChanged
from dsview.ui.choices import ContextChoice, Contexts
from tests.ui.stage import NOW, Stage, StageSource, on_stage, pod, service, slices


async def mend_api(stage: Stage) -> None:
    """Give `api` IPv6 again."""
    mended = [pod(f"api-{number}", number + 10, app="api") for number in range(2)]
    stage.source.put(*mended, *slices("api", mended))
    await stage.until(lambda: "Got its first ready IPv6 endpoint." in stage.text or "fixed" in stage.text)


async def test_timeline_says_that_nothing_changed_yet() -> None:
    async with on_stage() as stage:
        await stage.press("T")
        await stage.until(lambda: "Nothing has changed since everything was read." in stage.text)


async def test_the_last_change_is_said_on_the_first_screen() -> None:
    async with on_stage() as stage:
        await mend_api(stage)
        head = "\n".join(stage.lines[:8])
        assert "fixed: EPS-001" in head or "Got its first ready IPv6 endpoint." in head


async def test_timeline_lists_what_was_gained_and_closed_and_leads_to_the_object() -> None:
    async with on_stage() as stage:
        await mend_api(stage)
        await stage.press("T")
        assert "since 08:00:00   ■ 3 → 0   ● 1" in stage.lines[0]
        assert "Service shop/api" in stage.text
        assert "gained" in stage.text
        assert "fixed" in stage.text
        await stage.press("G", "enter")
        assert " Pod shop/api-" in stage.lines[0]
        await stage.press("escape")
        assert "Timeline" in stage.lines[0]
        await stage.press("escape")
        assert stage.app.screen is stage.app.main


async def test_timeline_shows_one_sort_at_a_time() -> None:
    async with on_stage() as stage:
        await mend_api(stage)
        stage.source.send(StatusChanged(kind=Kind.POD, health=Health.STALE, reason="refused", since=NOW))
        await stage.until(lambda: "Connection lost" in stage.text)
        await stage.press("T", "!")
        assert "findings only" in stage.text
        assert "Connection lost" not in stage.text
        await stage.press("!")
        assert "Got its first ready IPv6 endpoint." in stage.text
        assert "fixed" not in stage.text
        await stage.press("!")
        assert "pods" in stage.text
        assert "Connection lost (refused)." in stage.text
        await stage.press("enter")
        await stage.until(lambda: "This entry has no object to open." in stage.text)


async def test_timeline_follows_the_cluster_and_keeps_the_cursor_on_its_entry() -> None:
    async with on_stage() as stage:
        await mend_api(stage)
        await stage.press("T", "down")
        before = stage.text.count("Service shop/old")
        stage.source.put(service("old", 12))
        await stage.until(lambda: stage.text.count("Service shop/old") > before)
        selected = next(line for line in stage.lines if line.startswith("▌"))
        assert "shop/api" in selected or "shop/web" in selected


async def test_another_context_is_where_its_timeline_begins() -> None:
    other = StageSource([service("elsewhere", 5, namespace="far")], name="prod")
    choices = [ContextChoice(name="stage", is_current=True), ContextChoice(name="prod")]
    async with on_stage(
        contexts=Contexts(find=lambda: choices, open={"prod": Session(other, clock=lambda: NOW)}.__getitem__)
    ) as stage:
        await stage.press("x", "down", "enter")
        await stage.until(lambda: stage.names("services") == ["elsewhere"])
        await stage.press("T")
        assert "Switched from stage." in stage.text
