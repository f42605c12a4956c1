"""Makes every picture and recording of this folder: `python screenshots/make.py [NAME…]`. None is made by hand.

The demo stands still under a frozen clock, so that the same versions give the same bytes; nothing in a picture comes
from outside (Textual's own export names a font on the web, which is taken out).
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import msgspec
from textual.pilot import Pilot
from textual.strip import Strip

from dsview.analysis.cluster_view import Delta
from dsview.analysis.fleet import Member
from dsview.cli.fleet_demo import FleetDemo
from dsview.cli.saving import FileSaver
from dsview.core.errors import UserError
from dsview.session.recorder import Recorder
from dsview.session.replay import ReplaySession
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.sources.recording.reader import RecordingReader
from dsview.ui.app import DsviewApp
from dsview.ui.appearance import Appearance
from dsview.ui.choices import ContextChoice, Contexts
from dsview.ui.fleet_app import FleetApp
from dsview.ui.saving import screen_svg

FOLDER = Path(__file__).parent
NOW = 1_795_600_000.0
"""Epoch seconds: when the demo begins, and stays."""


FLEET = "fleet"
"""The scenario that is many clusters."""

WHOLE_STEP = 10.0
"""Seconds in which everything that a step of the story changes is taken in."""

MAX_POLLS = 300
"""The number of times to check the screen before giving up."""


class Still(Session):
    """A session that knows everything before it is shown: columns grow as rows come in, and these come as they may.

    The first `seconds` of the story are told beforehand, one after the other.
    """

    def __init__(self, scenario: str, seconds: int = 0) -> None:
        self._time = NOW
        self._is_shown = False
        self._demo = DemoSource(scenario, clock=lambda: self._time, waits=True)
        super().__init__(self._demo, clock=lambda: self._time)
        super().start()
        self.settle()
        for second in range(1, seconds + 1):
            self.tell(second)
            self.settle()

    def tell(self, second: int) -> None:
        """Let it be so many seconds after the beginning, with all that is due by then."""
        self._demo.begin()
        self._time = NOW + second
        self._demo.advance_to(second)

    def settle(self) -> None:
        """Take in everything that was told."""
        super().drain(WHOLE_STEP)
        while not self.is_settled:
            super().drain(WHOLE_STEP)
            self.wait(0.1)

    def start(self, *, waits_for_all: bool = False) -> None:
        """It was started already."""

    def drain(self, budget: float = 0.008) -> Delta:
        """Tell of everything at once, the first time.

        One drain takes in all of a step: which findings come first in the timeline must not depend on the machine.
        """
        delta = super().drain(max(budget, WHOLE_STEP))
        delta.everything = delta.statuses = delta.profile = not self._is_shown
        self._is_shown = True
        return delta


@cache
def recorded(scenario: str, seconds: int) -> Path:
    """A recording of the first so many seconds of a demo, as long as the process lives."""
    folder = TemporaryDirectory()
    _FOLDERS.append(folder)
    session = Still(scenario)
    recorder = Recorder(session, Path(folder.name) / f"{scenario}.dsview")
    for second in range(seconds + 1):
        session.tell(second)
        session.settle()
    recorder.stop()
    return recorder.path


_FOLDERS: list[TemporaryDirectory[str]] = []


def replayed(scenario: str, seconds: int) -> Session:
    """That recording as a session."""
    return ReplaySession(RecordingReader(recorded(scenario, seconds)))


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """One picture: `keys` are pressed one after another when everything was painted, `seconds` into the story.

    `name` is its path below this folder, without the suffix; `wait` are words that the screen must say first. With
    `recorded` it is one of a recording of the first so many seconds.
    """

    name: str = ""
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (120, 40)
    shade: str = "dark"
    scenario: str = "troubled"
    seconds: int = 0
    recorded: bool = False
    wait: str = ""


SIZES = ((80, 24), (120, 40))
SHADES = {
    "dark": Appearance(theme="dsview-dark"),
    "light": Appearance(theme="dsview-light"),
    "monochrome": Appearance(ascii_only=True),
    "colour-blind": Appearance(theme="dsview-cb"),
}
"""How a screen looks: by a theme, or on a terminal without colours and with ASCII characters only."""

MONOCHROME = "monochrome"
VIEWS: dict[str, Picture] = {
    "dashboard": Picture(),
    "services": Picture(keys=("z",)),
    "pods": Picture(keys=("2", "2")),
    "nodes": Picture(keys=("3", "3")),
    "listeners": Picture(keys=("4", "4")),
    "filter": Picture(keys=("/", *"missing:v6 sh")),
    "detail": Picture(keys=("!", "end", "enter")),
    "trace": Picture(keys=("!", "end", "t")),
    "explain": Picture(keys=("!", "end", "e")),
    "yaml": Picture(keys=("!", "end", "Y"), wait="apiVersion"),
    "findings": Picture(keys=("w",)),
    "timeline": Picture(keys=("T",), seconds=100),
    "replay": Picture(keys=("(", "(", "("), seconds=150, recorded=True),
    "comparison": Picture(keys=("D",), seconds=100, recorded=True, wait="then"),
    "sources": Picture(keys=("i",)),
    "contexts": Picture(keys=("x",), wait="staging"),
    "namespaces": Picture(keys=("n",)),
    "columns": Picture(keys=("C",)),
    "save": Picture(keys=("S",)),
    "palette": Picture(keys=("p",)),
    "help": Picture(keys=("?",)),
    "fleet": Picture(scenario=FLEET),
    "fleet-findings": Picture(scenario=FLEET, keys=("w",), wait="POD-001"),
}
"""Every screen, and the keys that lead to it."""

CONTEXTS = [
    ContextChoice(name="production", note="https://203.0.113.7:6443", is_current=True),
    ContextChoice(name="staging", note="https://[2001:db8::7]:6443"),
]
"""A kubeconfig, where contexts are chosen."""

PICTURES = (
    *(
        msgspec.structs.replace(picture, name=f"{view}/{width}x{height}", size=(width, height))
        for view, picture in VIEWS.items()
        for width, height in SIZES
    ),
    Picture(name="dashboard/light", shade="light"),
    Picture(name="dashboard/monochrome", shade=MONOCHROME),
    Picture(name="dashboard/colour-blind", shade="colour-blind"),
    Picture(name="dashboard/220x60", size=(220, 60)),
    Picture(name="dashboard/changed", seconds=60),
    Picture(name="gateways/listeners", scenario="gateways", keys=("4", "4")),
    Picture(name="gateways/trace", scenario="gateways", keys=("4", "4", "!", "end", "t")),
)


def versions() -> str:
    """A comment that says what drew a picture; under the same versions it is the same, byte for byte."""
    return f"<!-- Textual {version('textual')}, Rich {version('rich')} -->"


class StillFleet(FleetDemo):
    """The fleet of the demo, all of it known before it is shown."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW)
        self._told: list[Member] = []
        self.send_all(self._told.append)

    def start(self, on_change: Callable[[Member], None], on_failure: Callable[[str], None]) -> None:
        """Tell of everything at once."""
        for member in self._told:
            on_change(member)


async def draw(picture: Picture) -> str:
    """The picture as SVG that needs nothing from outside."""
    async with on_screen(picture) as pilot:
        title = "dsview fleet --demo" if picture.scenario == FLEET else f"dsview --demo {picture.scenario}"
        return f"{screen_svg(cast('DsviewApp', pilot.app), title)}{versions()}\n"


@asynccontextmanager
async def on_screen(picture: Picture) -> AsyncIterator[Pilot[UserError | None]]:
    """The application as a picture shows it."""
    painted = asyncio.Event()
    with terminal(picture.shade):
        app = fleet_app(picture) if picture.scenario == FLEET else demo_app(picture, painted.set)
    async with app.run_test(size=picture.size) as pilot:
        if picture.scenario == FLEET:
            await shown(pilot, "7 read")
        else:
            await asyncio.wait_for(painted.wait(), 30)
        for pane in app.main.panes if picture.recorded else ():
            # Light that goes out by itself would be there in one picture and not in the next.
            pane.highlights_changes = False
        for key in picture.keys:
            await pilot.press(key)
            await pilot.pause()
            if picture.scenario != FLEET:
                await caught_up(pilot)
        await shown(pilot, picture.wait)
        yield pilot


def demo_app(picture: Picture, on_all_painted: Callable[[], None]) -> DsviewApp:
    """The dashboard of a demo, live or as it was recorded."""
    show = replayed if picture.recorded else Still
    return DsviewApp(
        lambda: show(picture.scenario, picture.seconds),
        source_name=f"demo {picture.scenario}",
        contexts=Contexts(find=lambda: CONTEXTS, open=lambda _name: Still(picture.scenario)),
        saver=FileSaver(),
        on_all_painted=on_all_painted,
        appearance=SHADES[picture.shade],
    )


def fleet_app(picture: Picture) -> DsviewApp:
    """The fleet of the demo."""
    fleet = StillFleet()
    return FleetApp(fleet, open_cluster=fleet.open, clock=lambda: NOW, appearance=SHADES[picture.shade])


def strips(app: DsviewApp) -> list[Strip]:
    """The lines of the screen."""
    # What Textual's own export of pictures takes them from; there is no public way to them.
    return app.screen._compositor.render_strips()


async def shown(pilot: Pilot[UserError | None], text: str) -> None:
    """Wait until the screen says something. Raises `TimeoutError`."""
    app = cast("DsviewApp", pilot.app)
    for _ in range(MAX_POLLS):
        await pilot.pause()
        if text in "\n".join(strip.text for strip in strips(app)):
            return
        await asyncio.sleep(0.005)
    raise TimeoutError(f"the screen never said {text!r}")


async def caught_up(pilot: Pilot[UserError | None]) -> None:
    """Wait until everything that a key brought about is shown. Raises `TimeoutError`."""
    app = cast("DsviewApp", pilot.app)
    for _ in range(10 * MAX_POLLS):
        await pilot.pause()
        workspace, refresh_loop = app.workspace, app._refresh_loop
        if workspace is not None and refresh_loop is not None:
            is_waiting = (
                workspace.session.has_work or workspace.summarizer.has_work or refresh_loop._pending is not None
            )
            if not is_waiting:
                await pilot.pause()
                return
        await asyncio.sleep(0.005)
    raise TimeoutError("the screen did not catch up")


@contextmanager
def terminal(shade: str) -> Iterator[None]:
    """For as long as an application is made: colours or none, whatever the terminal of whoever draws has."""
    before = os.environ.pop("NO_COLOR", None)
    if shade == MONOCHROME:
        os.environ["NO_COLOR"] = "1"
    try:
        yield
    finally:
        os.environ.pop("NO_COLOR", None)
        if before is not None:
            os.environ["NO_COLOR"] = before


def main(names: list[str]) -> None:
    """Write the pictures and recordings of these names, or all."""
    from screenshots.record import STORYBOARDS, record  # noqa: PLC0415 - which draws with what is here

    known = [*(picture.name for picture in PICTURES), *STORYBOARDS]
    if unknown := set(names) - set(known):
        sys.exit(f"There is no picture {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
    for name, path in STORYBOARDS.items():
        if not names or name in names:
            for suffix, text in asyncio.run(record(path)).items():
                path.with_suffix(suffix).write_text(text, encoding="utf-8")
    for picture in PICTURES:
        if not names or picture.name in names:
            path = FOLDER / f"{picture.name}.svg"
            path.parent.mkdir(exist_ok=True)
            path.write_text(asyncio.run(draw(picture)), encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER.parent))
    main(sys.argv[1:])
