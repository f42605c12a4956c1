"""Sessions on a real kube-apiserver. Tests that need one are skipped if there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dsview.sources.kube import backoff, reconnect
from tests.real.real import Real
from tests.support.realapi import RealApi, missing_prerequisite


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    """There are binaries of a real API server."""
    if why := missing_prerequisite():
        pytest.skip(why)


@pytest.fixture(autouse=True)
def quick_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are retried soon: the delays have tests of their own."""
    monkeypatch.setattr(backoff, "INITIAL_DELAY", 0.1)
    monkeypatch.setattr(backoff, "MAX_DELAY", 0.5)
    monkeypatch.setattr(reconnect, "SPREAD", 0.1)
    monkeypatch.setattr(reconnect, "WAKE_INTERVAL", 0.5)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, assets: None) -> Iterator[RealApi]:
    """A dual-stack API server, IPv4 first; the tests of a module share it."""
    with RealApi(tmp_path_factory.mktemp("apiserver"), "--request-timeout=6s") as server:
        yield server


@pytest.fixture
def real(api: RealApi, tmp_path: Path) -> Iterator[Callable[..., Real]]:
    """Opens a session on the server, with the options of a source."""
    opened: list[Real] = []

    def open_real(**options: Any) -> Real:
        opened.append(Real(api, tmp_path, **options))
        return opened[-1]

    yield open_real
    for one in opened:
        one.session.stop()
