"""The process that reads a fleet for the screen: what it sends, and that it ends with the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dsview.analysis.fleet import Contact, Member
from dsview.cli.fleet_process import FleetProcess, ReadRequest
from dsview.cli.options import Settings
from tests.support.fleets import Fleet, fleet


class Heard:
    """What was received, with functions that wait for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.members: dict[str, Member] = {}
        self.count = 0
        self.failure = ""

    def tell(self, member: Member) -> None:
        with self._changed:
            self.members[member.name] = member
            self.count += member.contact is Contact.READ
            self._changed.notify_all()

    def fail(self, sentence: str) -> None:
        with self._changed:
            self.failure = sentence
            self._changed.notify_all()

    def until(self, condition: Callable[[], bool]) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, 60)


@pytest.fixture
def few(tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path, healthy=3, refusing=1, hanging=1) as found:
        yield found


def start(found: Fleet, heard: Heard, config: str | None = None) -> FleetProcess:
    request = ReadRequest(
        settings=Settings(kubeconfig=str(found.kubeconfig), request_timeout=30.0, config=config),
        names=found.names,
        parallel=2,
        interval=600.0,
    )
    process = FleetProcess(request)
    process.start(heard.tell, heard.fail)
    return process


def test_every_change_of_a_cluster_is_reported_with_its_totals_and_findings(few: Fleet) -> None:
    heard = Heard()
    process = start(few, heard)
    try:
        assert heard.until(lambda: heard.count == 3 and heard.members["refuses-0"].contact is Contact.FAILED)
        member = heard.members[few.healthy[1]]
        assert member.summary is not None
        assert member.summary.layers
        assert member.findings
        assert heard.members["hangs-0"].contact is Contact.READING
        process.read_again(few.healthy[0])
        assert heard.until(lambda: heard.count == 4)
    finally:
        process.stop()
    assert process._process is not None
    assert process._process.wait(10) is not None
    assert heard.failure == ""


def test_an_unreadable_configuration_is_reported(few: Fleet, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("ignore = 7")
    heard = Heard()
    process = start(few, heard, config=str(tmp_path / "bad.toml"))
    try:
        assert heard.until(lambda: bool(heard.failure))
        assert "bad.toml" in heard.failure
    finally:
        process.stop()


def test_a_process_that_exits_unexpectedly_is_reported(few: Fleet) -> None:
    heard = Heard()
    process = start(few, heard)
    assert process._process is not None
    process._process.kill()
    assert heard.until(lambda: bool(heard.failure))
    assert heard.failure == "The process that reads the clusters ended (exit code -9)."
    process.stop()
