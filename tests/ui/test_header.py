"""The first line always has the context, whatever else it shows."""

from __future__ import annotations

import msgspec
import pytest

from dsview.analysis.overview import Overview, overview_now
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.session.session import Session
from dsview.sources.demo import DemoSource
from dsview.sources.events import Health, StatusChanged
from dsview.tables.header import Header, SourceHealth, header
from dsview.ui.glyphs import UNICODE
from dsview.ui.header_lines import header_lines
from tests.support.clusters import settle
from tests.ui.stage import NOW, on_stage

ARN = "arn:aws:eks:eu-central-1:123456789012:cluster/production-with-quite-a-long-name"


@pytest.fixture(scope="module")
def said() -> tuple[Header, Overview]:
    session = settle(Session(DemoSource("troubled", clock=lambda: NOW, waits=True), clock=lambda: NOW))
    session.stop()
    return header(session, NOW), overview_now(session)


@pytest.mark.parametrize("name", ["prod", "kubernetes-admin@production.example.com", ARN])
@pytest.mark.parametrize("trouble", [0, 3, 12])
@pytest.mark.parametrize("height", [20, 24, 40])
def test_the_context_is_in_the_first_line_whatever_else_is_said(
    said: tuple[Header, Overview], name: str, trouble: int, height: int
) -> None:
    shown, overview = said
    bad = [
        SourceHealth(f"{number}-{name[:8]}", Health.FAILED, safe("failed 3 min"), safe("no route to host"), 180)
        for number in range(trouble)
    ]
    full = msgspec.structs.replace(shown, context=safe(name), sources=(*bad, *shown.sources))
    for width in range(60, 251):
        first = header_lines(full, overview, None, (width, height), UNICODE).lines[0].plain
        assert len(first) <= width
        words = first.removeprefix(" dsview  ").split("  ")[0]
        assert words == name or (len(words) >= 20 and "…" in words and words[-4:] == name[-4:]), width
        assert "■ 10" in first


def test_sources_in_trouble_that_have_no_room_beside_the_context_have_a_line_of_their_own(
    said: tuple[Header, Overview],
) -> None:
    shown, overview = said
    bad = SourceHealth("networkpolicies", Health.REFUSED, safe("not permitted"))
    full = msgspec.structs.replace(shown, context=safe(ARN), sources=(bad, *shown.sources))
    lines = [line.plain for line in header_lines(full, overview, None, (120, 40), UNICODE).lines]
    assert "networkpolicies not permitted" not in lines[0]
    assert any("networkpolicies not permitted" in line for line in lines[1:])


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("reading nginx.conf is not permitted (get and create on pods/exec)", "not permitted"),
        ("nginx.conf could not be read: the kubelet does not answer (500)", "not read"),
    ],
)
async def test_a_refused_exec_is_told_from_one_that_could_not_be_had(reason: str, words: str) -> None:
    async with on_stage(size=(160, 45)) as stage:
        stage.source.send(StatusChanged(kind=Kind.PROXY_LISTENERS, health=Health.REFUSED, reason=reason, since=NOW))
        await stage.until(lambda: f"nginx.conf {words}" in stage.lines[0])
        await stage.until(lambda: f"nginx.conf: {reason}"[:60] in stage.text)
