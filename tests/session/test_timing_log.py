"""`--timing_log-file`: the output for a benchmark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dsview.session.timing_log import TimingLog, resident_mb


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_event_is_a_line_with_its_time_and_memory(tmp_path: Path) -> None:
    timing_log = TimingLog(tmp_path / "trace")
    timing_log.event("first_frame")
    timing_log.first_rows("Pod")
    timing_log.synced("Pod", 3, 0.25)
    timing_log.all_synced()
    written = lines(tmp_path / "trace")
    assert [line["event"] for line in written] == ["first_frame", "first_rows", "synced", "all_synced"]
    assert [line["ms"] for line in written] == sorted(line["ms"] for line in written)
    assert written[1]["kind"] == "Pod"
    assert written[2]["count"] == 3
    assert written[2]["check_s"] == 0.25
    assert all(list(line)[:3] == ["event", "ms", "cpu_ms"] for line in written)


def test_the_source_adds_what_reading_a_kind_cost(tmp_path: Path) -> None:
    timing_log = TimingLog(tmp_path / "trace")
    timing_log.stats = lambda kind: {"bytes": len(kind), "read_s": 1.5, "decode_s": 0.5}
    timing_log.synced("Service", 1, 0.0)
    (line,) = lines(tmp_path / "trace")
    assert (line["bytes"], line["read_s"], line["decode_s"]) == (7, 1.5, 0.5)


def test_a_trace_is_appended_to(tmp_path: Path) -> None:
    for _ in range(2):
        TimingLog(tmp_path / "trace").all_synced()
    assert len(lines(tmp_path / "trace")) == 2


def test_times_count_from_the_start_of_the_process(tmp_path: Path) -> None:
    first, second = TimingLog(tmp_path / "first"), TimingLog(tmp_path / "second")
    first.all_synced()
    second.all_synced()
    one, other = lines(tmp_path / "first")[0]["ms"], lines(tmp_path / "second")[0]["ms"]
    # The kernel measures the start of a process in clock ticks of 10 ms.
    assert other - one > -30
    assert one > 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_ends_the_trace_and_nothing_else() -> None:
    timing_log = TimingLog(Path("/dev/full"))
    timing_log.all_synced()
    timing_log.all_synced()


def test_a_file_that_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        TimingLog(tmp_path / "missing" / "trace")


def test_memory_is_that_of_this_process() -> None:
    assert 10 < resident_mb() < 10_000
