"""The dashboard on the loopback API server, driven by keys through every screen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from textual.pilot import Pilot

from dsview.cli.options import Settings
from dsview.cli.screen import make_app
from dsview.core.errors import UserError
from dsview.session.timing_log import TimingLog
from dsview.ui.actions import Action, Where, actions_of
from dsview.ui.app import DsviewApp
from tests.support.apiserver import ApiServer
from tests.support.clusters import DATA

SCENARIO = DATA / "scenarios" / "09-disable-ipv6"
"""A cluster with an ingress-nginx controller and findings of several kinds."""

_LEAVES = {"quit"}
_SCREENS: tuple[tuple[str, tuple[Where, ...]], ...] = (
    ("", (Where.TABLE, Where.PANES, Where.EVERYWHERE)),
    ("enter", (Where.DOCUMENT, Where.READING, Where.DETAIL)),
    ("t", (Where.DOCUMENT, Where.READING, Where.TRACE)),
    ("w", (Where.TABLE, Where.FINDINGS)),
    ("Y", (Where.DOCUMENT, Where.READING)),
)
"""A key that leads from a pane to a screen, and whose keys work there."""


@contextmanager
def cluster() -> Iterator[ApiServer]:
    """The API server with the scenario and its nginx.conf."""
    server = ApiServer()
    server.load(json.loads((SCENARIO / "objects.json").read_text())["items"])
    for conf in SCENARIO.glob("nginx/*/*.conf"):
        server.files[(conf.parent.name, conf.stem)] = {"cat /etc/nginx/nginx.conf": conf.read_bytes()}
    with server:
        yield server


class Live:
    """The running application."""

    def __init__(self, app: DsviewApp, pilot: Pilot[UserError | None]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until a condition is true."""
        for _ in range(1000):
            if condition():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"waited in vain until {what}; the screen says:\n{self.text}")

    async def settled(self) -> None:
        """Wait until everything is read."""
        await self.until(
            lambda: self.app.workspace is not None and self.app.workspace.session.is_settled, "everything is read"
        )

    async def press(self, *keys: str) -> None:
        """Press keys and wait for all consequences."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def home(self) -> None:
        """Return to the panes from any screen."""
        for _ in range(6):
            if self.app.screen is self.app.main and self.app.main.active.has_focus:
                return
            await self.press("escape")

    async def press_everything(self) -> set[str]:
        """Press every key of every screen. Returns the names of their actions."""
        pressed: set[str] = set()
        for way, parts in _SCREENS:
            await self._go(way)
            screen = self.app.screen
            for action in _actions(parts):
                await self.press(action.keys[0])
                pressed.add(action.name)
                if self.app.screen is not screen:
                    await self._go(way)
                    screen = self.app.screen
        await self.home()
        return pressed

    async def tour(self) -> None:
        """Open every screen, from every pane."""
        for pane in "1234":
            for way, _ in _SCREENS:
                await self._go(way, pane)
        await self.home()

    async def _go(self, way: str, pane: str = "1") -> None:
        await self.home()
        await self.press(pane, *([way] if way else []))

    @property
    def text(self) -> str:
        """The text of the screen."""
        screen = self.app.screen
        strips = screen._compositor.render_strips(screen.size)
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def _actions(parts: tuple[Where, ...]) -> list[Action]:
    found = {action.name: action for part in parts for action in actions_of(part)}
    return [action for name, action in found.items() if action.keys and name not in _LEAVES]


@asynccontextmanager
async def live(
    kubeconfig: Path, *, size: tuple[int, int] = (160, 50), timing_log: TimingLog | None = None, **options: object
) -> AsyncIterator[Live]:
    """The dashboard on the current context of a kubeconfig, as the command line creates it."""
    app = make_app(Settings(kubeconfig=str(kubeconfig), **options), timing_log)  # type: ignore[arg-type]  # as they are
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Live(app, pilot)
