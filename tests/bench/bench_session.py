"""`python -m tests.bench.bench_session [PODS]`: how long a drain takes while a cluster pours in; JSON on stdout."""

from __future__ import annotations

import gc
import resource
import sys
import time

import msgspec

from dsview.model.kinds import Kind
from dsview.session.session import Session
from dsview.sources.events import Changed, StatusChanged
from tests.bench import synthetic
from tests.support.scripted import ScriptedSource

BUDGET = 0.008


def quantile(values: list[float], share: float) -> float:
    """The value that so many of the others do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Load a cluster, then a burst of 50,000 events, each drained in slices."""
    size = synthetic.size_of(int(sys.argv[1])) if len(sys.argv) > 1 else synthetic.LARGEST
    events = list(synthetic.events(size))
    gc.collect()
    gc.freeze()
    source = ScriptedSource()
    session = Session(source)
    session.start()
    taken: list[float] = []

    def drain() -> None:
        while session.has_work:
            started = time.perf_counter()
            session.drain(BUDGET)
            taken.append(time.perf_counter() - started)

    begun = time.process_time()
    for event in events:
        source.tell(event)
        if isinstance(event, Changed | StatusChanged):
            drain()
    figures = {"load_cpu_s": time.process_time() - begun, "settled": float(session.is_settled)}
    figures |= {f"drain_ms_p{round(share * 100)}": quantile(taken, share) * 1e3 for share in (0.5, 0.95, 0.99)}
    figures["drain_ms_max"] = max(taken) * 1e3
    figures["drains"] = len(taken)
    del events
    taken.clear()
    pods = list(session.state.pods)[:50_000]
    begun = time.process_time()
    for at in range(0, len(pods), 500):
        batch = [msgspec.structs.replace(pod, ready=not pod.ready, resource_version="0") for pod in pods[at : at + 500]]
        source.tell(Changed(Kind.POD, batch))
    drain()
    figures["burst_events_per_s"] = len(pods) / (time.process_time() - begun)
    figures |= {f"burst_drain_ms_p{round(share * 100)}": quantile(taken, share) * 1e3 for share in (0.5, 0.99)}
    figures["burst_drain_ms_max"] = max(taken) * 1e3
    figures["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rounded = {name: round(value, 2) for name, value in figures.items()}
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(rounded)) + b"\n")


if __name__ == "__main__":
    main()
