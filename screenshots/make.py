"""Makes every picture and recording of this folder: `python screenshots/make.py [NAME…]`. None is made by hand.

The demo stands still under a frozen clock, so that the same versions give the same bytes; nothing in a picture comes
from outside (Textual's own export names a font on the web, which is taken out).
"""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.metadata import version
from pathlib import Path

import msgspec

from dsview.session.session import Delta, Session
from dsview.sources.demo import DemoSource
from dsview.ui.app import DsviewApp
from dsview.ui.look import Look
from dsview.ui.saving import screen_svg

FOLDER = Path(__file__).parent
NOW = 1_795_600_000.0
"""Epoch seconds: when the demo begins, and stays."""


class Still(Session):
    """A session that knows everything before it is shown: columns grow as rows come in, and these come as they may.

    The first `seconds` of the story are told beforehand, one after the other.
    """

    def __init__(self, scenario: str, seconds: int = 0) -> None:
        self._time = NOW
        self._is_shown = False
        self._demo = DemoSource(scenario, clock=lambda: self._time)
        super().__init__(self._demo, clock=lambda: self._time)
        super().start()
        self._settle()
        for second in range(1, seconds + 1):
            self.tell(second)
            self._settle()

    def tell(self, second: int) -> None:
        """Let it be so many seconds after the beginning, with all that is due by then."""
        self._time = NOW + second
        self._demo.advance_to(second)

    def _settle(self) -> None:
        super().drain(1.0)
        while not self.is_settled:
            super().drain(1.0)
            self.wait(0.1)

    def start(self) -> None:
        """It was started already."""

    def drain(self, budget: float = 0.008) -> Delta:
        """Tell of everything at once, the first time."""
        delta = super().drain(budget)
        delta.everything = delta.statuses = delta.profile = not self._is_shown
        self._is_shown = True
        return delta


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """One picture: `keys` are pressed one after another when everything was painted, `seconds` into the story."""

    name: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (120, 40)
    theme: str = "dsview-dark"
    scenario: str = "troubled"
    seconds: int = 0


SIZES = ((80, 24), (120, 40), (200, 60))
VIEWS: dict[str, tuple[str, ...]] = {
    "services": ("z",),
    "pods": ("2", "2"),
    "nodes": ("3", "3"),
    "listeners": ("4", "4"),
    "detail": ("!", "end", "enter"),
    "trace": ("!", "end", "t"),
    "findings": ("w",),
}
"""Each pane alone, and what one comes to from there: the keys that lead there."""

PICTURES = (
    Picture(name="dashboard"),
    Picture(name="dashboard-light", theme="dsview-light"),
    Picture(name="dashboard-80x24", size=(80, 24)),
    Picture(name="dashboard-200x60", size=(200, 60)),
    Picture(name="dashboard-60x20", size=(60, 20)),
    Picture(name="dashboard-healthy", scenario="healthy"),
    Picture(name="dashboard-changed", seconds=60),
    Picture(name="flagged", keys=("!",)),
    Picture(name="trace", keys=("!", "end", "t")),
    Picture(name="trace-60x20", keys=("!", "end", "t"), size=(60, 20)),
    Picture(name="findings", keys=("w",)),
    Picture(name="findings-by-namespace", keys=("w", "s")),
    Picture(name="timeline", keys=("T",), seconds=100),
    Picture(name="help", keys=("?",)),
    *(
        Picture(name=f"{view}-{width}x{height}-{shade}", keys=keys, size=(width, height), theme=f"dsview-{shade}")
        for view, keys in VIEWS.items()
        for width, height in SIZES
        for shade in ("dark", "light")
    ),
)


def versions() -> str:
    """A comment that says what drew a picture; under the same versions it is the same, byte for byte."""
    return f"<!-- Textual {version('textual')}, Rich {version('rich')} -->"


async def draw(picture: Picture) -> str:
    """The picture as SVG that needs nothing from outside."""
    painted = asyncio.Event()
    app = DsviewApp(
        lambda: Still(picture.scenario, picture.seconds),
        source_name=f"demo {picture.scenario}",
        on_all_painted=painted.set,
        look=Look(theme=picture.theme),
    )
    async with app.run_test(size=picture.size) as pilot:
        await asyncio.wait_for(painted.wait(), 30)
        for key in picture.keys:
            await pilot.press(key)
            await pilot.pause()
        await pilot.pause()
        return f"{screen_svg(app, f'dsview --demo {picture.scenario}')}{versions()}\n"


def main(names: list[str]) -> None:
    """Write the pictures and recordings of these names, or all."""
    from screenshots.record import STORYBOARDS, record  # noqa: PLC0415 - which draws with what is here

    known = [*(picture.name for picture in PICTURES), *STORYBOARDS]
    if unknown := set(names) - set(known):
        sys.exit(f"There is no picture {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
    os.environ.pop("NO_COLOR", None)
    for name, path in STORYBOARDS.items():
        if not names or name in names:
            for suffix, text in asyncio.run(record(path)).items():
                path.with_suffix(suffix).write_text(text, encoding="utf-8")
    for picture in PICTURES:
        if not names or picture.name in names:
            (FOLDER / f"{picture.name}.svg").write_text(asyncio.run(draw(picture)), encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER.parent))
    main(sys.argv[1:])
