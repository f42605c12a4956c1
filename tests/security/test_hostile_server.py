"""A hostile or broken API server cannot exhaust memory, block a thread or do lasting damage.

Each attack is mounted on all of its requests at once. Sizes are real; timeouts are shortened. To measure a separate
process with real timeouts, run `python -m tests.bench.hostile`.
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
from tests.support.under_attack import Memory, has_recovered, reported_message

MAX_GROWTH = 200.0
"""MB."""

RECOVERY_TIMEOUT = 10.0
SECONDS = 0.4

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests time out after less than a second, and are retried at once."""
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
def other_server() -> Iterator[ApiServer]:
    """A server that is in no kubeconfig."""
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


def await_message(live: Live, request: str, attack: Attack) -> None:
    """Wait until users can read what is wrong, unless the attack cannot be told from a quiet server."""
    if request not in attack.silent_on:
        live.until(
            lambda: bool(re.search(attack.message, reported_message(live, request))),
            f"{request} reports {attack.message!r}",
        )


def await_recovery(live: Live, request: str) -> None:
    live.until(lambda: has_recovered(live, request), f"{request} works again")


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_an_attack_is_reported_costs_little_memory_and_ends_when_the_server_recovers(
    api: ApiServer, other_server: ApiServer, tmp_path: Path, attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A watch whose chunk size trickles in looks like a silent one.
    monkeypatch.setattr(reflector, "SILENCE_TIMEOUT", SECONDS * 2)
    hostile, memory = Hostile(api, other_server.url), Memory()
    hostile.start(attack)
    with memory.measured():
        live = Live(api, tmp_path, request_timeout=SECONDS)
        live.until(lambda: bool(live.session.state.pods), "pods were read")
        for request in attack.requests:
            await_message(live, request, attack)
        monkeypatch.setattr(reflector, "SILENCE_TIMEOUT", 60.0)
        hostile.stop()
        stopped = time.monotonic()
        live.assert_recovers()
        live.until(lambda: live.session.state.status(Kind.EVENT).health.is_complete, "Events were read")
        for request in attack.requests:
            await_recovery(live, request)
        seconds = time.monotonic() - stopped
        live.session.stop()
    assert memory.growth < MAX_GROWTH
    assert seconds < RECOVERY_TIMEOUT
    assert other_server.log == []
