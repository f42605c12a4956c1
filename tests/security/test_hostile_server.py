"""A hostile or broken API server takes no memory, holds no thread, and ends nothing for good.

Each attack comes on all of its ways at once. Sizes are real; times are shortened. `python -m tests.bench.hostile` does
the same with real times, in a process that can be measured.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsview.kinds.kind import Kind
from dsview.session import proxy_config_reader
from dsview.sources.kube import backoff, client, events, in_flight, reconnect, reflector, source, version, watch_tracker
from dsview.sources.kube.limits import ERROR, EXEC, OBJECT, PAGE, VERSION, WATCH_EVENT, BodyLimit
from tests.security.live import SCENARIO
from tests.support.apiserver import ApiServer
from tests.support.attacks import ATTACKS, Attack, Hostile
from tests.support.live import Live
from tests.support.under_attack import Memory, is_well, said

MOST_MEMORY = 200.0
"""MB above the start."""

HEALS_WITHIN = 10.0
SECONDS = 0.4

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes too long is given up after less than a second, and asked for again at once."""
    short = ((client, "ERROR", ERROR), (client, "EXEC", EXEC), (client, "OBJECT", OBJECT), (events, "PAGE", PAGE))
    for module, name, limit in (*short, (reflector, "PAGE", PAGE), (version, "VERSION", VERSION)):
        monkeypatch.setattr(module, name, BodyLimit(limit.size, SECONDS))
    monkeypatch.setattr(in_flight, "WATCH_EVENT", BodyLimit(WATCH_EVENT.size, SECONDS))
    monkeypatch.setattr(watch_tracker, "TRUSTED_AFTER", SECONDS)
    monkeypatch.setattr(in_flight, "WAIT_TIMEOUT", SECONDS)
    monkeypatch.setattr(reflector, "RESPONSE_TIMEOUT", SECONDS / 2)
    monkeypatch.setattr(client, "CONNECT_TIMEOUT", SECONDS)
    monkeypatch.setattr(version, "TIMEOUT", SECONDS)
    monkeypatch.setattr(source, "MONITOR_INTERVAL", 0.05)
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 0.02)
    monkeypatch.setattr(backoff, "MAX_DELAY", 0.1)
    monkeypatch.setattr(reconnect, "SPREAD", 0.02)
    monkeypatch.setattr(reconnect, "WAKE_INTERVAL", 0.05)
    monkeypatch.setattr(proxy_config_reader, "RETRY_DELAY", 0.1)


@pytest.fixture
def stranger() -> Iterator[ApiServer]:
    """A server that no kubeconfig names."""
    with ApiServer() as server:
        yield server


@pytest.fixture
def api() -> Iterator[ApiServer]:
    server = ApiServer()
    server.load(json.loads((SCENARIO / "objects.json").read_text())["items"])
    for conf in SCENARIO.glob("nginx/*/*.conf"):
        server.files[(conf.parent.name, conf.stem)] = {"cat /etc/nginx/nginx.conf": conf.read_bytes()}
    with server:
        yield server


def until_said(one: Live, way: str, attack: Attack) -> None:
    """Wait until a person can read what is wrong; a watch that is kept silent cannot be told from a quiet one."""
    if way not in attack.silent_on:
        one.until(lambda: bool(re.search(attack.said, said(one, way))), f"{way}: {attack.said!r} is said")


def until_well(one: Live, way: str) -> None:
    one.until(lambda: is_well(one, way), f"{way} is well again")


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_an_attack_is_said_costs_little_and_is_over_when_the_server_behaves_again(
    api: ApiServer, stranger: ApiServer, tmp_path: Path, attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A watch that drips in the size of a chunk looks like a silent one.
    monkeypatch.setattr(reflector, "SILENCE_TIMEOUT", SECONDS * 2)
    hostile, memory = Hostile(api, stranger.url), Memory()
    hostile.begin(attack)
    with memory.watched():
        one = Live(api, tmp_path, request_timeout=SECONDS)
        one.until(lambda: bool(one.session.state.pods), "pods are there")
        for way in attack.ways:
            until_said(one, way, attack)
        monkeypatch.setattr(reflector, "SILENCE_TIMEOUT", 60.0)
        hostile.heal()
        healed = time.monotonic()
        one.ends_well()
        one.until(lambda: one.session.state.status(Kind.EVENT).health.is_complete, "Events were read")
        for way in attack.ways:
            until_well(one, way)
        seconds = time.monotonic() - healed
        one.session.stop()
    assert memory.grown < MOST_MEMORY
    assert seconds < HEALS_WITHIN
    assert stranger.log == []
