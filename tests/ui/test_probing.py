"""`P` in a trace: what a probe would connect to, nothing before Enter, and the observations in the trace."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import msgspec
import pytest
from screenshots.make import strips

from dsview.analysis.probe_results import Outcome
from dsview.core.address import Family
from dsview.kinds.load_balancer import LoadBalancerIngress
from dsview.kinds.metadata import Object
from dsview.kinds.service import Service, ServicePort
from dsview.session import prober
from dsview.ui.appearance import Appearance
from dsview.ui.screens.probe import ProbeScreen
from dsview.ui.screens.trace import TraceScreen
from tests.ui.cut_text import cut_words
from tests.ui.stage import Stage, on_stage, troubled_shop


@pytest.fixture
def port() -> Iterator[int]:
    """A port of 127.0.0.1 that is open."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def shop(port: int) -> list[Object]:
    """The troubled shop, its Service `web` behind a load balancer on this machine."""
    entries = (LoadBalancerIngress("127.0.0.1"), LoadBalancerIngress("169.254.169.254"))
    return [
        msgspec.structs.replace(
            item, type="LoadBalancer", load_balancer_ingress=entries, ports=(ServicePort("", "TCP", port, ""),)
        )
        if isinstance(item, Service) and item.name == "web"
        else item
        for item in troubled_shop()
    ]


async def to_the_trace_of_web(stage: Stage) -> None:
    stage.source.kind = "files"  # type: ignore[assignment]  # a demo's addresses are its own
    await stage.press("/", *"web", "enter", "t")
    await stage.until(lambda: isinstance(stage.app.screen, TraceScreen))


async def test_nothing_is_sent_before_enter_and_the_trace_shows_what_was_observed(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    honest = prober.connect

    def connect(address: str, number: int, family: Family) -> tuple[Outcome, float, str]:
        sent.append(address)
        return honest(address, number, family)

    monkeypatch.setattr(prober, "connect", connect)
    async with on_stage(shop(port)) as stage:
        await to_the_trace_of_web(stage)
        assert "dsview sends no packets" in stage.text
        await stage.press("P")
        await stage.until(lambda: isinstance(stage.app.screen, ProbeScreen))
        assert "nothing sent yet" in stage.text
        assert f"127.0.0.1:{port}" in stage.text
        assert "169.254.169.254 is link-local, and not tried." in stage.text
        assert sent == []
        await stage.press("enter")
        await stage.until(lambda: f"observed from {socket.gethostname()}" in stage.text)
        assert sent == ["127.0.0.1"]
        assert "open (" in stage.text
        await stage.press("escape")
        await stage.until(lambda: isinstance(stage.app.screen, TraceScreen))
        assert f"127.0.0.1:{port} open (" in stage.text
        assert "dsview sends no packets" not in stage.text


async def test_a_probe_with_nothing_to_test_offers_nothing_to_send() -> None:
    async with on_stage() as stage:
        await to_the_trace_of_web(stage)
        await stage.press("P")
        await stage.until(lambda: "There is nothing to test from outside the cluster." in stage.text)
        assert "send" not in stage.lines[-1]


async def test_a_probe_is_sent_once(port: int) -> None:
    async with on_stage(shop(port)) as stage:
        await to_the_trace_of_web(stage)
        await stage.press("P")
        await stage.until(lambda: "Enter send" in stage.lines[-1])
        await stage.press("enter")
        await stage.until(lambda: "Enter send" not in stage.lines[-1])


WIDTHS = (70, 80, 93, 100, 120, 160)


def drawn(stage: Stage) -> set[str]:
    """The characters on the screen that are not ASCII."""
    return {character for line in strips(stage.app) for character in line.text if not character.isascii()}


@pytest.mark.parametrize("is_ascii", [False, True], ids=["unicode", "ascii"])
async def test_the_screen_and_the_trace_of_a_probe_fit(
    port: int, monkeypatch: pytest.MonkeyPatch, is_ascii: bool
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
    may_go_on = threading.Event()
    honest = prober.connect

    def connect(address: str, number: int, family: Family) -> tuple[Outcome, float, str]:
        may_go_on.wait(20)
        return honest(address, number, family)

    monkeypatch.setattr(prober, "connect", connect)
    options = {"appearance": Appearance(ascii_only=True)} if is_ascii else {}
    async with on_stage(shop(port), size=(300, 60), **options) as stage:
        await to_the_trace_of_web(stage)
        for key, words in (
            ("P", "nothing sent yet"),
            ("enter", "connecting~" if is_ascii else "connecting…"),
            ("", "observed from laptop"),
            ("escape", f"127.0.0.1:{port} open ("),
        ):
            await stage.pilot.resize_terminal(300, 60)
            await stage.press(*filter(None, [key]))
            if not key:
                may_go_on.set()
            await stage.until(lambda words=words: words in stage.text)  # type: ignore[misc]  # a lambda of its own
            assert await cut_words(stage.pilot, WIDTHS) == {}, words
            assert not is_ascii or drawn(stage) == set(), words


async def test_what_was_observed_is_whole_on_a_narrow_screen(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prober, "connect", lambda *_: (Outcome.OPEN, 0.001, ""))
    async with on_stage(shop(port), size=(60, 60)) as stage:
        await to_the_trace_of_web(stage)
        await stage.press("P")
        await stage.until(lambda: "Nothing is sent" in stage.text)
        await stage.press("enter")
        await stage.until(lambda: "open (1 ms)" in stage.text)
        await stage.press("escape")
        await stage.until(lambda: isinstance(stage.app.screen, TraceScreen))
        text = " ".join(stage.text.split())
        assert f"127.0.0.1:{port}" in text
        assert "open (1 ms)" in text


async def test_the_addresses_of_a_demo_are_not_connected_to() -> None:
    async with on_stage(shop(443)) as stage:
        await stage.press("/", *"web", "enter", "t")
        await stage.until(lambda: isinstance(stage.app.screen, TraceScreen))
        await stage.press("P")
        await stage.until(lambda: "made up" in stage.text)
        assert isinstance(stage.app.screen, TraceScreen)


async def test_a_pod_is_not_probed_since_nobody_outside_connects_to_it() -> None:
    async with on_stage(shop(443)) as stage:
        await stage.press("2", "t")
        await stage.until(lambda: isinstance(stage.app.screen, TraceScreen))
        await stage.press("P")
        await stage.until(lambda: "Only Services, Ingresses, Gateways" in stage.text)
