"""`P` in a trace: what a probe would connect to, nothing before Enter, and the observations in the trace."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import msgspec
import pytest

from dsview.analysis.probe_results import Outcome
from dsview.core.address import Family
from dsview.kinds.load_balancer import LoadBalancerIngress
from dsview.kinds.metadata import Object
from dsview.kinds.service import Service, ServicePort
from dsview.session import prober
from dsview.ui.screens.probe import ProbeScreen
from dsview.ui.screens.trace import TraceScreen
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
