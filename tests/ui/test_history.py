"""Going back and forward between visited screens, and the breadcrumbs."""

from __future__ import annotations

from dsview.session.session import Session
from dsview.ui.choices import ContextChoice, Contexts
from tests.ui.stage import NOW, Stage, StageSource, on_stage, service


def title(stage: Stage) -> str:
    """The title line of a screen."""
    return " ".join(stage.lines[0].split())


async def visit_three(stage: Stage) -> None:
    """The detail of a Service, its trace, and the detail of another Service from the first screen."""
    await stage.press("enter")
    await stage.until(lambda: "Service shop/api" in title(stage) or "Service office/mail" in title(stage))
    await stage.press("t")
    await stage.until(lambda: "what the API says" in title(stage))
    await stage.press("escape", "escape", "G", "enter")
    await stage.until(lambda: "Service shop/web" in title(stage))


async def test_back_and_forth_goes_through_everything_that_was_visited() -> None:
    async with on_stage() as stage:
        await visit_three(stage)
        seen = []
        for key in ("[", "[", "]", "]"):
            await stage.press(key)
            seen.append(title(stage))
        assert "Trace" in seen[0]
        assert "Service shop/api" in seen[1]
        assert "Trace" in seen[2]
        assert "Service shop/web" in seen[3]


async def test_first_screen_leads_back_to_what_was_open_last() -> None:
    async with on_stage() as stage:
        await visit_three(stage)
        await stage.press("escape")
        assert stage.app.screen is stage.app.main
        await stage.press("[")
        assert "Service shop/web" in title(stage)
        await stage.press("escape")
        assert stage.app.screen is stage.app.main


async def test_at_either_end_of_the_history_a_notice_is_shown() -> None:
    async with on_stage() as stage:
        await stage.press("[")
        await stage.until(lambda: "There is no earlier screen to go back to." in stage.text)
        await stage.press("enter", "]")
        await stage.until(lambda: "There is no later screen to go to." in stage.text)


async def test_going_somewhere_new_forgets_what_came_later() -> None:
    async with on_stage() as stage:
        await visit_three(stage)
        await stage.press("[", "[")
        assert "Service shop/api" in title(stage)
        await stage.press("Y")
        await stage.until(lambda: "YAML" in title(stage))
        await stage.press("]")
        assert "YAML" in title(stage)
        await stage.press("[")
        assert "Service shop/api" in title(stage)


async def test_trail_names_the_screens_below() -> None:
    async with on_stage() as stage:
        await stage.press("G", "enter")
        assert title(stage).startswith("Services ► Service shop/web")
        await stage.press("t")
        assert title(stage).startswith("Services ► web ► Trace")
        await stage.press("escape", "w")
        assert title(stage).startswith("Services ► web ► Findings")


async def test_going_back_and_forth_lengthens_no_trail() -> None:
    async with on_stage() as stage:
        await visit_three(stage)
        trails = []
        for _ in range(3):
            await stage.press("[", "[", "]", "]")
            trails.append(title(stage))
        assert len(set(trails)) == 1
        assert len(stage.app.screen_stack) == 4


async def test_trail_leaves_the_title_its_room_on_a_small_screen() -> None:
    async with on_stage(size=(60, 20)) as stage:
        await stage.press("G", "enter", "w", "e")
        assert title(stage).startswith("… ► web ► Findings ► DS-")


async def test_another_context_has_a_history_of_its_own() -> None:
    other = StageSource([service("elsewhere", 5, namespace="far")], name="prod")
    choices = [ContextChoice(name="stage", is_current=True), ContextChoice(name="prod")]
    async with on_stage(
        contexts=Contexts(find=lambda: choices, open={"prod": Session(other, clock=lambda: NOW)}.__getitem__)
    ) as stage:
        await stage.press("enter", "escape", "x", "down", "enter")
        await stage.until(lambda: stage.names("services") == ["elsewhere"])
        await stage.press("[")
        await stage.until(lambda: "There is no earlier screen to go back to." in stage.text)


async def walk_to(stage: Stage, words: str) -> None:
    """Move to a relative by its text and open it."""
    for _ in range(40):
        line = next((line for line in stage.lines if line.lstrip().startswith("▌")), "")
        if words in line:
            break
        await stage.press("down")
    await stage.press("enter")


async def test_one_walks_from_a_service_to_its_slice_its_pod_and_its_node_and_back() -> None:
    async with on_stage() as stage:
        await stage.press("G", "enter")
        for words, expected in (
            ("web-ipv4", "EndpointSlice shop/web-ipv4"),
            ("shop/web-0", "Pod shop/web-0"),
            ("node-1", "Node node-1"),
        ):
            await walk_to(stage, words)
            await stage.pilot.pause()
            assert expected in title(stage)
        await stage.press("[", "[", "[")
        assert "Service shop/web" in title(stage)
        await stage.press("]", "]", "]")
        assert "Node node-1" in title(stage)


async def test_enter_in_a_trace_shows_the_object() -> None:
    async with on_stage() as stage:
        await stage.press("G", "t", "enter")
        assert title(stage).startswith("Services ► Trace ► Service shop/web")
