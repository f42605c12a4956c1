"""`python -m tests.bench.bench_engine [PODS]`: what decoding, the state and the checks cost; JSON on stdout."""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from dsview.checks.engine import Engine
from dsview.model.decode import decode
from dsview.model.kinds import Kind
from dsview.model.objects import Pod
from dsview.sources.events import Changed, SourceEvent
from dsview.state.cluster import ClusterState
from tests.bench import synthetic

NOW = 1_800_000_000.0
BATCH = 500
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of processor time, and the result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def resident() -> float:
    """Resident memory in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return float(pages * resource.getpagesize())


def decoding(size: synthetic.Size) -> float:
    """Seconds for one pod of 8 kB."""
    lines = [synthetic.encoded(synthetic.pod(n, size, padding="x" * 6_600)) for n in range(min(5_000, size.pods))]
    return min(timed(lambda: [decode(Kind.POD, line) for line in lines])[0] for _ in range(3)) / len(lines)


def feed(state: ClusterState, events: Iterable[SourceEvent]) -> None:
    """Apply all events."""
    for event in events:
        state.apply(event)


def changed_pods(pods: list[Pod], number: int) -> list[Pod]:
    """A batch of pods, spread over the cluster, that became unready or ready."""
    step = max(1, len(pods) // BATCH)
    batch = []
    for index in range(number % step, len(pods), step)[:BATCH]:
        old = pods[index]
        pods[index] = msgspec.structs.replace(old, ready=not old.ready, resource_version=f"{number}-{index}")
        batch.append(pods[index])
    return batch


def incremental(state: ClusterState, engine: Engine, batches: int) -> tuple[list[float], float]:
    """Seconds for each batch of pod events, checks included, and the dearest cluster-wide checks of one batch."""
    pods = list(state.pods)
    taken: list[float] = []
    for number in range(batches):
        event = Changed(Kind.POD, changed_pods(pods, number))

        def absorb(event: Changed = event, now: float = NOW + number) -> None:
            engine.note(state.apply(event))
            engine.step(now)

        taken.append(timed(absorb)[0])
    engine.note(state.apply(Changed(Kind.POD, changed_pods(pods, batches))))
    waiting, engine._dirty = engine._dirty, {}  # the rest of the batch is what remains: cluster-wide checks
    wide = timed(lambda: engine.step(NOW + batches))[0]
    engine._dirty = waiting
    engine.step(NOW + batches)
    return taken, wide


def main() -> None:
    """Measure, and print."""
    size = synthetic.size_of(int(sys.argv[1])) if len(sys.argv) > 1 else synthetic.LARGEST
    figures: dict[str, float] = {"decode_us_per_pod": decoding(size) * 1e6}
    gc.collect()
    gc.disable()
    before = resident()
    arriving = list(synthetic.events(size))
    state = ClusterState()
    seconds, _ = timed(lambda: feed(state, arriving))
    arriving.clear()
    figures["apply_us_per_object"] = seconds / sum(len(state.store(kind)) for kind in Kind) * 1e6
    figures["kept_bytes_per_pod"] = (resident() - before) / size.pods
    engine = Engine(state, live=True)
    engine.note_statuses()
    engine.tracker.refresh()
    engine.mark_everything()
    seconds, _ = timed(lambda: engine.step(NOW))
    figures["full_evaluation_s"] = seconds
    figures["findings"] = len(engine.book)
    for kind in (Kind.POD, Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.NODE):
        engine._sweep(kind)
        seconds, _ = timed(lambda: engine.step(NOW))
        figures[f"check_us_per_{kind.value.lower()}"] = seconds / len(state.store(kind)) * 1e6
    engine._dirty_wide.update(check.code for check in engine._active.get(None, ()))
    figures["wide_checks_all_ms"] = timed(lambda: engine.step(NOW))[0] * 1e3
    taken, wide = incremental(state, engine, 20)
    figures["pod_events_per_s"] = BATCH / (sum(taken) / len(taken))
    figures["wide_checks_per_pod_batch_ms"] = wide * 1e3
    figures["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.buffer.write(
        msgspec.json.format(msgspec.json.encode({k: round(v, 2) for k, v in figures.items()})) + b"\n"
    )


if __name__ == "__main__":
    main()
