"""Recordings: a storyboard is typed into the demo, and becomes an asciicast and an animated picture.

A storyboard is a TOML file in `stories/`: a title, a scenario, a size, and steps. Each step may advance the story by
its own clock, press keys (`text:` types the rest), wait for words on the screen, and is then held for some seconds
with a caption below. Time is only written down, never waited for, so that the same versions give the same bytes.
"""

from __future__ import annotations

import asyncio
import json
import tomllib
from html import escape
from pathlib import Path

import msgspec
from rich.cells import cell_len
from rich.style import Style
from screenshots.make import FOLDER, MAX_POLLS, SHADES, Still, caught_up, replayed, shown, strips, terminal, versions
from textual.pilot import Pilot
from textual.strip import Strip

from dsview.core.errors import UserError
from dsview.ui.app import DsviewApp
from dsview.ui.saving import MONOSPACE, without_the_web

STORYBOARDS = {path.stem: path for path in sorted((FOLDER / "stories").glob("*.toml"))}
"""Every storyboard, by name."""

_CAPTION = "\x1b[48;2;21;27;36m\x1b[38;2;212;219;230m"
_BAR = 46
"""Height of the caption's bar in the animated picture, in its units."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step. `advance` and `hold` are seconds; a step that is held for none is not shown."""

    caption: str
    hold: float
    keys: tuple[str, ...] = ()
    wait: str = ""
    advance: int = 0


class Storyboard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A storyboard; `size` is columns and lines. With `recorded` it is played on a recording of so many seconds."""

    title: str
    scenario: str
    size: tuple[int, int]
    step: tuple[Step, ...]
    recorded: int = 0


class Frame(msgspec.Struct, frozen=True):
    """What is seen from `at`, seconds, on: as lines of ANSI and as SVG."""

    at: float
    hold: float
    caption: str
    lines: tuple[str, ...]
    svg: str


def load_storyboard(path: Path) -> Storyboard:
    """The storyboard of a file. Raises `msgspec.ValidationError` where something in it is wrong."""
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Storyboard)


async def record(path: Path) -> dict[str, str]:
    """The asciicast and the animated picture, by suffix."""
    board = load_storyboard(path)
    frames = await _play(board)
    return {".cast": _asciicast(board, frames), ".svg": _animation(board, frames)}


async def _play(board: Storyboard) -> list[Frame]:
    painted = asyncio.Event()
    session = replayed(board.scenario, board.recorded) if board.recorded else Still(board.scenario)
    with terminal("dark"):
        app = DsviewApp(
            lambda: session,
            source_name=f"demo {board.scenario}",
            on_all_painted=painted.set,
            appearance=SHADES["dark"],
        )
    frames: list[Frame] = []
    at, told = 0.0, 0
    async with app.run_test(size=board.size) as pilot:
        await asyncio.wait_for(painted.wait(), 30)
        for pane in app.main.panes:
            # Light that goes out by itself would be there in one recording and not in the next.
            pane.highlights_changes = False
        for step in board.step:
            for _ in range(step.advance):
                told += 1
                assert isinstance(session, Still)  # noqa: S101 - a recording has its own time
                session.tell(told)
                await _settled(pilot, session)
            for key in step.keys:
                await pilot.press(*(key.removeprefix("text:") if key.startswith("text:") else (key,)))
                await caught_up(pilot)
            await shown(pilot, step.wait)
            if step.hold:
                frames.append(_frame(app, board, step, at))
                at += step.hold
    return frames


async def _settled(pilot: Pilot[UserError | None], session: Still) -> None:
    for _ in range(MAX_POLLS):
        await pilot.pause()
        if session.is_settled and not session.has_work:
            return
        await asyncio.sleep(0.005)
    raise TimeoutError("the story did not settle")


def _ansi(strip: Strip) -> str:
    """A line in true colours. Styles keep the codes of whichever terminal they were drawn on first; these are new."""
    return "".join(_anew(style).render(text) if style else text for text, style, _ in strip)


def _anew(style: Style) -> Style:
    attributes = {name: getattr(style, name) for name in ("bold", "dim", "italic", "underline", "reverse", "strike")}
    return Style(color=style.color, bgcolor=style.bgcolor, **attributes)


def _frame(app: DsviewApp, board: Storyboard, step: Step, at: float) -> Frame:
    return Frame(
        at=at,
        hold=step.hold,
        caption=step.caption,
        lines=tuple(map(_ansi, strips(app))),
        svg=without_the_web(app.export_screenshot(title=board.title)),
    )


def _asciicast(board: Storyboard, frames: list[Frame]) -> str:
    """Version 2 of asciinema's format; of each frame the lines that are other than those of the one before."""
    width, height = board.size
    rows = [json.dumps({"version": 2, "width": width, "height": height + 1, "title": board.title})]
    before: tuple[str, ...] = ("",) * height
    for number, frame in enumerate(frames):
        changed = [
            f"\x1b[{y};1H{new}" for y, (new, old) in enumerate(zip(frame.lines, before, strict=True), 1) if new != old
        ]
        caption = f" {frame.caption}"
        changed.append(f"\x1b[{height + 1};1H{_CAPTION}{caption}{' ' * (width - cell_len(caption))}\x1b[0m")
        begin = "\x1b[?25l\x1b[2J" if not number else ""
        rows.append(json.dumps([round(frame.at, 3), "o", begin + "".join(changed)]))
        before = frame.lines
    end = frames[-1].at + frames[-1].hold
    rows.append(json.dumps([round(end, 3), "o", "\x1b[?25h"]))
    return "\n".join(rows) + "\n"


def _animation(board: Storyboard, frames: list[Frame]) -> str:
    """All frames above each other, one visible at a time. Who wants less motion is shown the first."""
    total = frames[-1].at + frames[-1].hold
    box = frames[0].svg.partition('viewBox="')[2].partition('"')[0]
    width, height = (float(number) for number in box.split()[2:])
    rules, groups = [], []
    for number, frame in enumerate(frames):
        start, end = (100 * at / total for at in (frame.at, frame.at + frame.hold))
        hidden = "0%{visibility:hidden}" if number else ""
        rules.append(
            f"@keyframes f{number}{{{hidden}{start:.3f}%{{visibility:visible}}{end:.3f}%{{visibility:hidden}}"
            f"100%{{visibility:{'visible' if number == len(frames) - 1 else 'hidden'}}}}}"
            f"#f{number}{{animation:f{number} {total:g}s steps(1,end) infinite}}"
        )
        # Of its own size: without one it would be centred in the whole.
        sized = frame.svg.strip().replace("<svg ", f'<svg width="{width:g}" height="{height:g}" ', 1)
        groups.append(
            f'<g id="f{number}" class="frame">{sized}'
            f'<text class="caption" x="24" y="{height + _BAR * 0.62:g}">{escape(frame.caption)}</text></g>'
        )
    style = (
        f".frame{{visibility:hidden}}#f0{{visibility:visible}}.caption{{fill:#d4dbe6;font-size:20px;{MONOSPACE}}}"
        f"{''.join(rules)}@media (prefers-reduced-motion:reduce){{.frame{{animation:none!important}}}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height + _BAR:g}">'
        f"<title>{escape(board.title)}</title><style>{style}</style>"
        f'<rect width="100%" height="100%" rx="8" fill="#151b24"/>{"".join(groups)}</svg>{versions()}\n'
    )
