"""Hostile text through every place where text of a cluster comes out: nothing of it acts, anywhere.

`DSVIEW_HOSTILE_STRINGS=1000000` sets how many strings are driven, ten thousand at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from dsview.analysis.detail_target import Target
from dsview.core import text as door
from dsview.kinds.kind import Kind
from dsview.tables.registry import PANES
from dsview.ui.app import DsviewApp
from dsview.ui.choices import ContextChoice, Contexts
from tests.security import hostile, places
from tests.security.hostile_cluster import HostileSource, settled
from tests.security.places import Rule, Screens

COUNT = int(os.environ.get("DSVIEW_HOSTILE_STRINGS", "1000"))
AT_ONCE = 10_000
"""Strings of one cluster: enough for a frame to hold many, few enough for a table to be drawn in a moment."""

WITHOUT_HARM = {
    *("namespaces, all lines", "contexts, all lines"),
    *(f"{way} of {pane}" for way in ("frame of trace", "trace") for pane in ("services", "pods", "nodes")),
    *(f"trace of {pane}, all lines" for pane in ("services", "pods", "nodes")),
    *("copied from pods", "filter", "nginx.conf", "refused: fixes", "refused: plan as json"),
}
"""Places that hold no text of the cluster there, or that say it in an escaped form of their own."""

Found = list[tuple[str, Rule, str]]


async def on_screens(source: HostileSource, texts: list[str]) -> Found:
    """What comes out of the screens."""
    session = settled(source)
    contexts = [ContextChoice(name=text, note=text) for text in texts]
    app = DsviewApp(
        lambda: session,
        source_name="".join(texts[:20]),
        contexts=Contexts(find=lambda: contexts, open=lambda name: session),
    )
    async with app.run_test(size=(200, 120), notifications=True) as pilot:
        screens = Screens(app, pilot)
        found: Found = [("first frame", hostile.hold_frame, screens.frame())]
        for _ in range(500):
            if app.workspace is not None and app.workspace.session.is_settled and not app.workspace.session.has_work:
                break
            await pilot.pause(0.02)
        await pilot.pause(0.15)
        found += await screens.panes()
        listener = next(iter(PANES["listeners"].keys(session)))
        big: dict[str, Target] = {
            "services": (Kind.SERVICE, ("big", "big")),
            "pods": (Kind.POD, ("big", "big")),
            "nodes": (Kind.NODE, ("", "big")),
            "listeners": (Kind.PROXY_LISTENERS, listener),
        }
        found += await screens.objects(big)
        found += await screens.lists(texts)
    return found


async def everywhere(texts: list[str], folder: Path) -> Found:
    """Everything that comes out of every place for these strings."""
    source = HostileSource(hostile.decodable(texts))
    session = settled(source)
    found: Found = [*places.reports(session), *places.traces(session), *places.heads(session)]
    found += [*places.filters(session, texts), *places.sentences(texts, folder)]
    found += await on_screens(source, texts)
    refused = HostileSource(hostile.decodable(texts[:200]), refused=True)
    found += [(f"refused: {name}", rule, text) for name, rule, text in places.reports(settled(refused))]
    found += [(f"refused: {name}", rule, text) for name, rule, text in places.heads(settled(refused))]
    return found


def harmed(found: Iterable[tuple[str, Rule, str]]) -> dict[str, str]:
    """The places that break their rule, and how."""
    broken = {}
    for name, rule, text in found:
        try:
            rule(text)
        except (AssertionError, ValueError, SyntaxError) as error:
            broken[name] = f"{type(error).__name__}: {error}"[:300]
    return broken


@pytest.mark.parametrize("start", range(0, COUNT, AT_ONCE))
async def test_hostile_text_has_no_effect_in_any_output(start: int, tmp_path: Path) -> None:
    texts = hostile.strings(start, min(AT_ONCE, COUNT - start))
    assert harmed(await everywhere(texts, tmp_path)) == {}


async def test_with_the_door_open_every_place_is_found_to_be_harmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_HARMFUL", re.compile("(?!)"))
    # Of what Textual itself does not fail on.
    texts = [f"{harm}{number}" for number in range(60) for harm in ("\x1b]0;owned\x07", "\u202e", "\x9b2J")]
    found = await everywhere(texts, tmp_path)
    assert {name for name, _, _ in found} - harmed(found).keys() <= WITHOUT_HARM


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (hostile.hold_frame, "\x1b[1;1Ha\x1b]0;x\x07"),
        (hostile.hold_frame, "\x1b[31ma\x1b[0m\x9b2J"),
        (hostile.hold_lines, "a\rb"),
        (hostile.hold_line, "a\nb"),
        (hostile.hold_line, "a\u202eb"),
        (hostile.hold_json, "{"),
        (hostile.hold_xml, "<a>&</a>"),
        (hostile.hold_csv, "a,b\n=1,2\n"),
        (hostile.hold_csv, "a,b\n1\n"),
        (hostile.hold_html, "<body><script>x</script>"),
        (hostile.hold_html, '<body><a href="javascript:x">'),
        (hostile.hold_html, '<body><p onclick="x">'),
        (hostile.hold_script, "kubectl get pod $(reboot)"),
        (hostile.hold_script, "kubectl get pod 'a'; reboot"),
        (hostile.hold_fixes, "Resolve a.example for A\nreboot | sh"),
        (hostile.hold_fixes, "kubectl get pod 'a\n'"),
    ],
)
def test_the_rules_of_this_test_recognise_harmful_output(rule: Rule, text: str) -> None:
    assert harmed([("place", rule, text)])
