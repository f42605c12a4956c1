"""Measurements without a screen, in a separate process: `python -m tests.bench.inside WHAT ARGUMENTS`."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from dsview.analysis.cause_summary import CauseSummarizer
from dsview.analysis.cluster_view import Delta
from dsview.checks.engine.engine import Engine
from dsview.cluster.state import ClusterState
from dsview.kinds.decode import decode
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.listeners.conf_reading import read_conf
from dsview.session.session import Session
from dsview.sources.events import Changed, Health, Item, SourceEvent, StatusChanged
from dsview.sources.kube import KubeSource
from dsview.sources.kube.kubeconfig import list_contexts, resolve_context
from dsview.tables.registry import PANES
from dsview.tables.view import TableView
from dsview.ui.app import SUMMARY_SLICE
from dsview.ui.workspace import FIRST_SLICE
from tests.bench import recordings, synthetic, wire
from tests.bench.gateways import raw_objects
from tests.support.scripted import ScriptedSource

T = TypeVar("T")
NOW = 1_800_000_000.0
BATCH = 500
SCREENFUL = 60
KEYSTROKES = ("t", "te", "team-1", "team-12", "team-12 | node-3", "/^team-1.*not/", "")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of CPU time, and the result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def loaded(pods: int, changed: Callable[[SourceEvent], SourceEvent] = lambda event: event) -> Session:
    """A session with a synthetic cluster, whose events were `changed`, after evaluation."""
    source = ScriptedSource()
    session = Session(source)
    session.start()
    for event in synthetic.events(synthetic.size_of(pods)):
        source.send(changed(event))
        session.drain(10.0)
    while session.has_work:
        session.drain(0.5)
    gc.collect()
    gc.freeze()
    return session


def rows(pods: int) -> dict[str, float]:
    """Milliseconds of CPU time that the Pods pane takes to filter, and to sort by each column."""
    view = TableView(PANES["pods"], loaded(pods))
    figures: dict[str, float] = {}

    def measured(name: str, work: Callable[[], object]) -> None:
        figures[name] = timed(work)[0] * 1e3

    for text in KEYSTROKES:
        measured(f"filter {text!r}", partial(view.set_filter, text))
    eager = TableView(PANES["pods"], view.session, first_slice=FIRST_SLICE)
    measured("first screenful", partial(_find, eager, KEYSTROKES[0]))
    for column in PANES["pods"].columns:
        measured(f"sort {column.id}", partial(view.set_sort, column.id))
    return figures


def _find(view: TableView, text: str) -> None:
    """Filter as the screen does, until one screen is full."""
    view.set_filter(text)
    while view.is_searching and len(view) < SCREENFUL:
        view.work(FIRST_SLICE)


def refresh(pods: int) -> dict[str, float]:
    """Milliseconds that the Pods pane takes when one pod in a hundred changes, is added or is deleted."""
    session = loaded(pods)
    view = TableView(PANES["pods"], session)
    figures: dict[str, float] = {}
    some = list(session.state.pods)[::100]
    for column in (None, "name"):
        view.set_sort(column)
        rounds = {
            "changed": Changed(Kind.POD, [msgspec.structs.replace(p, ready=not p.ready) for p in some]),
            "gone": Changed(Kind.POD, (), [pod.key for pod in some]),
            "new": Changed(Kind.POD, some),
        }
        for name, event in rounds.items():
            delta = Delta(changes=session.state.apply(event))
            started = time.perf_counter()
            view.refresh(delta)
            figures[f"refresh 1 % {name}, by {column}"] = (time.perf_counter() - started) * 1e3
    return figures


def recount(pods: int) -> dict[str, float]:
    """Counting causes again when no pod has an IPv6 address: ms of CPU time in total, and of the longest slice."""
    summary = CauseSummarizer(loaded(pods, _without_ipv6))
    summary.finish()
    slices = []
    for _ in range(5):
        summary.mark_dirty()
        while summary.has_work:
            slices.append(timed(lambda: summary.work(SUMMARY_SLICE, time.process_time))[0] * 1e3)
    return {"all": sum(slices) / 5, "longest": max(slices)}


def _without_ipv6(event: SourceEvent) -> SourceEvent:
    if not isinstance(event, Changed) or event.kind is not Kind.POD:
        return event
    pods = (item for item in event.upserts if isinstance(item, Pod))
    return Changed(Kind.POD, [msgspec.structs.replace(pod, pod_ips=pod.pod_ips[:1]) for pod in pods])


def burst(kubeconfig: str, port: int, certificate: str, count: int) -> dict[str, float]:
    """A burst of changes: events for each second of processor time, and seconds until all are in.

    A server that sends as fast as is received is never far ahead: `behind_s`, since it got rid of the last, says
    something only where it has a pace of its own.
    """
    from tests.bench.serving import ask

    session = Session(KubeSource(kubeconfig=kubeconfig, context=None))
    session.start()
    while not session.is_settled:
        session.drain(0.05)
        session.wait(0.05)
    seen = 0
    # The response comes when the changes were made and are on their way.
    ask(port, certificate, f"burst?count={count}")
    used, began = time.process_time(), time.monotonic()
    last = 2 * wire.FIRST_VERSION + count
    while session.has_work or seen < last:
        for change in session.drain(0.016).changes:
            if isinstance(change.new, Pod):
                seen = max(seen, int(change.new.resource_version))
        session.wait(0.05)
    done = time.monotonic()
    told = ask(port, certificate, "sent")
    used = time.process_time() - used
    session.stop()
    return {
        "events_per_cpu_s": count / used,
        "behind_s": done - told["sent_at"],
        "absorbed_in_s": done - began,
    }


def engine(pods: int) -> dict[str, float]:
    """Microseconds per object: to decode a pod of 8 kB, to add it to the state, and to check it."""
    size = synthetic.size_of(pods)
    lines = [item for item, _ in zip(wire.objects(Kind.POD, size), range(5_000), strict=False)]
    taken = min(timed(lambda: [decode(Kind.POD, line) for line in lines])[0] for _ in range(3))
    figures = {"decode a pod": taken / len(lines) * 1e6}
    lines.clear()
    gc.collect()
    gc.disable()
    events = list(synthetic.events(size))
    state = ClusterState()
    taken, _ = timed(lambda: [state.apply(event) for event in events])
    figures["take in an object"] = taken / sum(len(state.store(kind)) for kind in Kind) * 1e6
    checks = Engine(state, live=True)
    checks.tracker.refresh()
    checks.note_statuses()
    checks.mark_everything()
    figures["check everything, each pod's share"] = timed(lambda: checks.step(NOW))[0] / size.pods * 1e6
    return figures


def doors(pods: int, gateways: int, routes: int) -> dict[str, float]:
    """A cluster with this many Gateways and routes: seconds of CPU time to read and check it, and memory."""
    size = synthetic.size_of(pods)
    raw = list(raw_objects(size, gateways, routes))
    source = ScriptedSource()
    session = Session(source)
    session.start()
    gc.collect()
    gc.disable()
    before = _resident()
    used = time.process_time()
    for start in range(0, len(raw), BATCH):
        found: dict[Kind, list[Item]] = {}
        for kind, line in raw[start : start + BATCH]:
            found.setdefault(kind, []).append(decode(kind, line))
        for kind, items in found.items():
            source.send(Changed(kind, items))
        session.drain(10.0)
    source.send(*(StatusChanged(kind=kind, health=Health.LIVE) for kind in Kind))
    while session.has_work:
        session.drain(0.5)
    used = time.process_time() - used
    gc.collect()
    return {"cpu_s": used, "resident_mb": (_resident() - before) / 1e6, "findings": float(len(session.findings))}


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def live(pods: int) -> dict[str, float]:
    """The memory of a session with a cluster, without a screen."""
    session = loaded(pods)
    return {"MB": _resident() / 1e6, "objects": float(sum(len(session.state.store(kind)) for kind in Kind))}


def recording(path: str, pods: int, hours: float) -> dict[str, float]:
    """The cost of simulating and writing hours of a cluster."""
    used = recordings.written(Path(path), pods, hours)
    return {"written, CPU s": used, "MB": Path(path).stat().st_size / 1e6}


def nginx(megabytes: float) -> dict[str, float]:
    """An nginx.conf of 3,000 servers from three pods: seconds of CPU time for each, and the longest stall."""
    import resource

    text = _conf(int(megabytes * 1e6))
    pods = [Pod(name=f"controller-{n}", namespace="ingress-nginx") for n in range(3)]
    texts = [text.replace(b"example.test", b"example%d.test" % n) for n in range(3)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
    thread = threading.Thread(target=lambda: [read_conf(p, t) for p, t in zip(pods, texts, strict=True)])
    thread.start()
    longest, last = 0.0, time.perf_counter()
    while thread.is_alive():
        time.sleep(0.002)
        now = time.perf_counter()
        longest, last = max(longest, now - last - 0.002), now
    after, used = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time() - before[1]
    used += after.ru_utime + after.ru_stime - before[0].ru_utime - before[0].ru_stime
    started = time.process_time()
    read_conf(pods[1], texts[0])
    return {"cpu_s": used / 3, "stall_ms": longest * 1e3, "same_text_ms": (time.process_time() - started) * 1e3}


def _conf(length: int, servers: int = 3_000) -> bytes:
    locations = "\t\tlocation / {\n\t\t\tset $namespace team;\n\t\t\tproxy_pass http://upstream_balancer;\n\t\t}\n"
    filling = "\t\tproxy_set_header X-Padding value;\n" * max(1, (length // servers - 250) // 36)
    made = "".join(
        f"\tserver {{\n\t\tserver_name app-{n}.example.test;\n\t\tlisten 80;\n\t\tlisten [::]:80;\n"
        f"\t\tlisten 443 ssl http2;\n\t\tlisten [::]:443 ssl http2;\n{filling}{locations}\t}}\n"
        for n in range(servers)
    )
    return f"events {{}}\nhttp {{\n{made}}}\n".encode()


def kubeconfig(contexts: int, folder: str) -> dict[str, float]:
    """A kubeconfig: seconds to list its contexts, and to resolve one."""
    import yaml

    names = [f"cluster-{number}" for number in range(contexts)]
    data = "A" * 1500
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": names[-1],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        "clusters": [
            {"name": name, "cluster": {"server": f"https://{name}.test", "certificate-authority-data": data}}
            for name in names
        ],
        "users": [{"name": name, "user": {"token": data}} for name in names],
    }
    path = Path(folder) / "many"
    path.write_text(yaml.safe_dump(config))
    gc.disable()  # as dsview begins
    started = time.perf_counter()
    list_contexts(str(path), None)
    listed = time.perf_counter()
    resolve_context(str(path), None)
    return {"list_s": listed - started, "resolve_s": time.perf_counter() - listed}


MEASURES: dict[str, Callable[..., dict[str, float]]] = {
    "rows": lambda pods: rows(int(pods)),
    "refresh": lambda pods: refresh(int(pods)),
    "recount": lambda pods: recount(int(pods)),
    "burst": lambda config, port, certificate, count: burst(config, int(port), certificate, int(count)),
    "engine": lambda pods: engine(int(pods)),
    "doors": lambda pods, gateways, routes: doors(int(pods), int(gateways), int(routes)),
    "live": lambda pods: live(int(pods)),
    "recording": lambda path, pods, hours: recording(path, int(pods), float(hours)),
    "replay": lambda path, jumps: recordings.replayed(Path(path), int(jumps)),
    "nginx": lambda megabytes: nginx(float(megabytes)),
    "kubeconfig": lambda contexts, folder: kubeconfig(int(contexts), folder),
}


def main() -> None:
    """Measure one thing."""
    sys.stdout.buffer.write(msgspec.json.encode(MEASURES[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
