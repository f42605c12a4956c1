"""A loopback API server with a small cluster, and sessions that are stopped at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dsview.sources.kube import backoff, reconnect
from tests.support.apiserver import ApiServer
from tests.support.clusters import DATA
from tests.support.live import Json, Live

SCENARIO = DATA / "scenarios" / "09-disable-ipv6"


@pytest.fixture(autouse=True)
def quick_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry failures at once: the delays have tests of their own."""
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 0.02)
    monkeypatch.setattr(backoff, "MAX_DELAY", 0.05)
    monkeypatch.setattr(reconnect, "SPREAD", 0.02)
    monkeypatch.setattr(reconnect, "WAKE_INTERVAL", 0.05)


@pytest.fixture
def items() -> list[Json]:
    """The objects of the cluster."""
    loaded: list[Json] = json.loads((SCENARIO / "objects.json").read_text())["items"]
    return loaded


@pytest.fixture
def api(items: list[Json]) -> Iterator[ApiServer]:
    """The running server."""
    server = ApiServer()
    server.load(items)
    for conf in SCENARIO.glob("nginx/*/*.conf"):
        server.files[(conf.parent.name, conf.stem)] = {"cat /etc/nginx/nginx.conf": conf.read_bytes()}
    with server:
        yield server


@pytest.fixture
def live(api: ApiServer, tmp_path: Path) -> Iterator[Callable[..., Live]]:
    """Opens a session on the server, with the options of a source."""
    opened: list[Live] = []

    def open_live(**options: Any) -> Live:
        opened.append(Live(api, tmp_path, **options))
        return opened[-1]

    yield open_live
    for live_session in opened:
        live_session.session.stop()
