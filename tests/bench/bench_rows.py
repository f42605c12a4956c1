"""`python -m tests.bench.bench_rows [PODS]`: what the Pods pane costs to filter, sort and refresh; JSON on stdout."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from functools import partial

import msgspec

from dsview.model.kinds import Kind
from dsview.rows.panes import PANES
from dsview.rows.view import TableView
from dsview.session.session import Delta, Session
from dsview.sources.events import Changed
from tests.bench import synthetic
from tests.support.scripted import ScriptedSource

KEYSTROKES = ("t", "te", "team-1", "team-12", "team-12 | node-3", "/^team-1.*not/", "")
COLUMNS = ("name", "pod_ip_v6", "flags", None)


def load(pods: int) -> Session:
    """A cluster with that many pods, evaluated."""
    source = ScriptedSource()
    session = Session(source)
    session.start()
    for event in synthetic.events(synthetic.size_of(pods)):
        source.tell(event)
    while session.has_work:
        session.drain(0.5)
    gc.collect()
    gc.freeze()
    return session


def main() -> None:
    """Open the pane; filter and sort it; change, remove and add one pod in a hundred, unsorted and sorted."""
    session = load(int(sys.argv[1]) if len(sys.argv) > 1 else synthetic.LARGEST.pods)
    figures: dict[str, float] = {}

    def measured(name: str, work: Callable[[], object]) -> None:
        started = time.perf_counter()
        work()
        figures[f"{name} ms"] = round((time.perf_counter() - started) * 1e3, 1)

    view = TableView(PANES["pods"], session)
    for text in KEYSTROKES:
        measured(f"filter {text!r}", partial(view.set_filter, text))
    for column in COLUMNS:
        measured(f"sort {column}", partial(view.set_sort, column))
    some = list(session.state.pods)[::100]
    for column in (None, "name", "phase"):
        view.set_sort(column)
        rounds = {
            "changed": Changed(Kind.POD, [msgspec.structs.replace(p, ready=not p.ready) for p in some]),
            "gone": Changed(Kind.POD, (), [pod.key for pod in some]),
            "new": Changed(Kind.POD, some),
        }
        for name, event in rounds.items():
            delta = Delta(changes=session.state.apply(event))
            measured(f"refresh 1% {name}, by {column}", partial(view.refresh, delta))
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")


if __name__ == "__main__":
    main()
