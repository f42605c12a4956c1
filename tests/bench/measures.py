"""The rows of the benchmark: each measures a line of the table in docs/performance.md, mostly on the real screen."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from tests.bench.figures import Figure, quantile
from tests.bench.fleet import fleet
from tests.bench.running import Bench, Check
from tests.bench.serving import Serving
from tests.bench.terminal import CursorKeys, Terminal

NOBODY_LISTENS = "https://127.0.0.1:9"


def first_frame(bench: Bench) -> list[Figure]:
    """Start to first frame, with a cluster that responds, with one that does not, and of a trivial application."""
    unreachable = bench.home / "unreachable"
    smallest = bench.serving(min(bench.sizes))
    config = json.loads(smallest.kubeconfig.read_text())
    config["clusters"][0]["cluster"] = {"server": NOBODY_LISTENS}
    unreachable.write_text(json.dumps(config))
    taken: dict[str, list[float]] = {"reachable": [], "unreachable": [], "trivial": []}
    for _ in range(2 * bench.runs):
        for name, path in (("reachable", smallest.kubeconfig), ("unreachable", unreachable)):
            with Terminal([sys.executable, "-m", "dsview", "--kubeconfig", str(path)]) as screen:
                taken[name].append(screen.when(lambda seen: b"dsview" in seen) - screen.started)
        with Terminal([sys.executable, "-m", "tests.bench.trivial"]) as screen:
            taken["trivial"].append(screen.when(lambda seen: b"trivial" in seen) - screen.started)
    trivial = Figure(row="first frame", what="a trivial Textual application", unit="s", values=taken.pop("trivial"))
    own = [
        Figure(
            row="first frame",
            what=f"cluster {name}",
            unit="s",
            values=values,
            goal=1.3 * trivial.median,
            plain=trivial.median,
        )
        for name, values in taken.items()
    ]
    return [*own, trivial]


def first_rows(bench: Bench) -> list[Figure]:
    """Start to the first rows on the screen."""
    return [
        Figure(
            row="first rows",
            what=f"{pods:,} pods",
            unit="s",
            values=[load.first_rows for load in bench.loads(pods)],
            goal=0.6 + quantile((load.plain.first_byte for load in bench.loads(pods)), 0.5),
        )
        for pods in bench.sizes
    ]


def load(bench: Bench) -> list[Figure]:
    """Start until everything is listed, checked and painted, and how much of it comes after the first request.

    Once from a server that only copies bytes, and once at the pace at which a real API server was measured to send.
    """
    figures = []
    for pace in (0.0,) if bench.is_quick else (0.0, REAL_PACE):
        for pods in bench.sizes:
            loads = bench.loads(pods, pace)
            plain = quantile((load.plain.seconds for load in loads), 0.5)
            what = f"{pods:,} pods, {f'{pace:.0f} MB/s' if pace else 'as fast as it goes'}"
            whole = [load.painted for load in loads]
            asked = [load.painted - load.ready for load in loads]
            goal = min(0.8, 1.5 * plain) if pods < 30_000 else 1.3 * plain
            figures += [
                Figure(row="load", what=what, unit="s", values=whole, goal=goal, plain=plain),
                Figure(row="load", what=f"{what}, from the first request on", unit="s", values=asked, plain=plain),
                Figure(row="load", what=f"{what}, a plain client", unit="s", values=[x.plain.seconds for x in loads]),
                _cpu("load", what, [(x.cpu, x.plain.cpu) for x in loads]),
            ]
    return figures


def _cpu(row: str, what: str, pairs: list[tuple[float, float]]) -> Figure:
    """CPU time compared with a plain client: the comparison that also works on a shared machine."""
    plain = quantile((plain for _, plain in pairs), 0.5)
    return Figure(row=row, what=f"{what}, CPU", unit="s", values=[own for own, _ in pairs], plain=plain)


def check(bench: Bench) -> list[Figure]:
    """`dsview check`, from the start of the process to its end."""
    figures = []
    for pods in bench.sizes:
        runs = [Check(bench, pods) for _ in range(bench.runs)]
        plain = quantile((run.plain.seconds for run in runs), 0.5)
        seconds = [run.seconds for run in runs]
        figures += [
            Figure(row="check", what=f"{pods:,} pods", unit="s", values=seconds, goal=1.3 * plain + 1, plain=plain),
            _cpu("check", f"{pods:,} pods", [(run.cpu, run.plain.cpu) for run in runs]),
        ]
    return figures


REAL_PACE = 40.0
"""MB a second: a real API server was measured to send 3,000 pods (28 MB) in 0.7 s."""


def memory(bench: Bench) -> list[Figure]:
    """The peak resident memory of the process while it loads."""
    return [
        Figure(
            row="peak memory",
            what=f"{pods:,} pods",
            unit="MB",
            values=[load.peak_mb for load in bench.loads(pods)],
            goal={3_000: 90.0, 150_000: 315.0}.get(pods),
        )
        for pods in bench.sizes
    ]


def cost_per_pod(bench: Bench) -> list[Figure]:
    """CPU time of a load per pod, without that of an almost empty cluster; and how it grows."""
    base = quantile((load.cpu for load in bench.loads(30)), 0.5)
    figures = [
        Figure(
            row="cost per pod",
            what=f"{pods:,} pods",
            unit="µs",
            values=[(load.cpu - base) / pods * 1e6 for load in bench.loads(pods)],
        )
        for pods in bench.sizes
    ]
    growth = [large / figures[0].median for large in figures[-1].values]
    what = f"{bench.largest:,} pods against {min(bench.sizes):,}"
    return [*figures, Figure(row="cost per pod", what=what, unit=" times", values=growth, goal=1.25)]


def keys(bench: Bench) -> list[Figure]:
    """From a key to the frame with the moved cursor: while events arrive, and while lists load."""
    serving = bench.serving(bench.largest)
    presses = 20 if bench.is_quick else 200
    taken: dict[str, list[float]] = {}
    with bench.open(serving.kubeconfig) as screen:
        screen.wait_for("all_painted")
        services = CursorKeys(screen)
        screen.press(b"2")
        pods = CursorKeys(screen)
        taken["nothing else happens"] = [_pressed(pods) for _ in range(presses)]
        serving.control("rate?events=500")
        time.sleep(0.5)
        taken["500 events/s"] = [_pressed(pods) for _ in range(presses)]
        serving.control("rate?events=0")
    loading: list[float] = []
    for _ in range(bench.runs):
        with bench.open(serving.kubeconfig) as screen:
            screen.wait_for("synced Service")
            screen.when(lambda seen: b"app-" in seen)
            again = CursorKeys(screen, like=services)
            while "all_synced" not in screen.milestones():
                loading.append(_pressed(again))
    taken["while lists load"] = loading
    goals = {"500 events/s": (0.015, 0.05), "while lists load": (None, 0.12)}
    return [
        Figure(
            row="keys",
            what=f"{what}, {len(values)} keys, {share:.0%}",
            unit="ms",
            values=[quantile(values, share) * 1e3],
            goal=goal * 1e3 if goal is not None else None,
        )
        for what, values in taken.items()
        for share, goal in zip((0.5, 0.99), goals.get(what, (None, None)), strict=True)
    ]


def _pressed(keys: CursorKeys) -> float:
    # Not in step with frames, and separate from the previous key.
    time.sleep(0.031)
    return keys.press()


def rows(bench: Bench) -> list[Figure]:
    """Filtering key by key, and sorting by each column: the median, the slowest, and those with a goal."""
    runs = [bench.inside("rows", str(bench.largest)) for _ in range(bench.runs)]

    def figure(what: str, values: list[float], goal: float | None = None) -> Figure:
        return Figure(row="rows", what=what, unit="ms", values=values, goal=goal)

    figures = []
    for word in ("filter", "sort"):
        names = [name for name in runs[0] if name.startswith(word)]
        slowest = max(names, key=lambda name: quantile((run[name] for run in runs), 0.5))
        figures.append(figure(f"{word}, the median", [quantile((run[name] for name in names), 0.5) for run in runs]))
        figures.append(figure(f"{slowest}, the slowest", [run[slowest] for run in runs]))
    for name, goal in (("first screenful", 50.0), ("sort pod_ip_v6", 120.0)):
        figures.append(figure(name, [run[name] for run in runs], goal))
    return figures


def events(bench: Bench) -> list[Figure]:
    """A burst of changes of pods on a large cluster, received, decoded, taken in and checked.

    Once at the pace at which a real API server was measured to send, and once all there at once.
    """
    count = 500 if bench.is_quick else 50_000
    figures = []
    for pace in (REAL_PACE, 0.0):
        told = [_burst(bench, count, pace) for _ in range(bench.runs)]
        absorbed = [run["events_per_cpu_s"] for run in told]
        how = f"{pace:.0f} MB/s" if pace else "all there at once"
        what = f"a burst of {count:,}, {how}"
        figures += [
            Figure(
                row="events",
                what=f"absorbed by one core, {how}",
                unit="/s",
                values=absorbed,
                goal=20_000,
                at_least=True,
            ),
            Figure(
                row="events",
                what=f"{what}: behind the server's last byte",
                unit="s",
                values=[run["behind_s"] for run in told],
                goal=1.0 if pace else None,
            ),
            Figure(
                row="events",
                what=f"{what}: until all are in",
                unit="s",
                values=[run["absorbed_in_s"] for run in told],
                goal=None if pace else 4.0,
            ),
        ]
    return figures


def _burst(bench: Bench, count: int, pace: float) -> dict[str, float]:
    # A separate server for each run: the changes begin again.
    with Serving(bench.largest, clusters=bench.clusters, pace=pace) as serving:
        return bench.inside("burst", str(serving.kubeconfig), str(serving.port), serving.certificate, str(count))


def nginx(bench: Bench) -> list[Figure]:
    """An nginx.conf of 3,000 servers from three controller pods."""
    told = [bench.inside("nginx", "0.5" if bench.is_quick else "10") for _ in range(bench.runs)]
    return [
        Figure(row="nginx.conf", what="CPU for each file", unit="s", values=[run["cpu_s"] for run in told], goal=5.0),
        Figure(row="nginx.conf", what="longest stall", unit="ms", values=[run["stall_ms"] for run in told], goal=50.0),
        Figure(row="nginx.conf", what="the same file again", unit="ms", values=[run["same_text_ms"] for run in told]),
    ]


def kubeconfig(bench: Bench) -> list[Figure]:
    """A kubeconfig with 400 contexts."""
    told = [bench.inside("kubeconfig", "400", str(bench.home)) for _ in range(bench.runs)]
    return [
        Figure(row="kubeconfig", what="list 400 contexts", unit="s", values=[run["list_s"] for run in told], goal=0.1),
        Figure(row="kubeconfig", what="resolve one of them", unit="s", values=[r["resolve_s"] for r in told], goal=0.1),
    ]


def idle(bench: Bench) -> list[Figure]:
    """The share of a core that is used while nothing changes."""
    seconds = 1.0 if bench.is_quick else 20.0
    shares = []
    with bench.open(bench.serving(bench.largest).kubeconfig) as screen:
        screen.wait_for("all_painted")
        # The refresh slows down after some seconds without changes.
        time.sleep(0.1 if bench.is_quick else 8.0)
        for _ in range(bench.runs):
            before = screen.cpu_seconds()
            time.sleep(seconds)
            shares.append((screen.cpu_seconds() - before) / seconds * 100)
    return [Figure(row="idle", what=f"{bench.largest:,} pods", unit="% of a core", values=shares, goal=1.0)]


def steady(bench: Bench) -> list[Figure]:
    """The share of a core that is used while pods change a hundred times a second."""
    seconds = 1.0 if bench.is_quick else 20.0
    serving = bench.serving(bench.largest)
    shares = []
    with bench.open(serving.kubeconfig) as screen:
        screen.wait_for("all_painted")
        serving.control("rate?events=100")
        time.sleep(0.1 if bench.is_quick else 8.0)
        for _ in range(bench.runs):
            before = screen.cpu_seconds()
            time.sleep(seconds)
            shares.append((screen.cpu_seconds() - before) / seconds * 100)
        serving.control("rate?events=0")
    what = f"{bench.largest:,} pods, 100 changes a second"
    return [Figure(row="steady", what=what, unit="% of a core", values=shares, goal=12.0)]


def flat(bench: Bench) -> list[Figure]:
    """How memory grows under events: twenty times as many a second as on a busy day, for a minute."""
    serving = bench.serving(min(bench.sizes))
    rate, warm, measured = (500, 0.2, 0.5) if bench.is_quick else (2_000, 20.0, 60.0)
    with bench.open(serving.kubeconfig) as screen:
        screen.wait_for("all_painted")
        serving.control(f"rate?events={rate}")
        time.sleep(warm)
        before = screen.resident_mb()
        time.sleep(measured)
        after = screen.resident_mb()
        serving.control("rate?events=0")
    what = f"{rate * measured:,.0f} events, after {rate * warm:,.0f} others"
    return [Figure(row="memory flat", what=what, unit="% grown", values=[(after / before - 1) * 100], goal=2.0)]


def engine(bench: Bench) -> list[Figure]:
    """The cost of the parts, to find where the time goes."""
    told = [bench.inside("engine", str(bench.largest)) for _ in range(bench.runs)]
    return [Figure(row="engine", what=name, unit="µs", values=[run[name] for run in told]) for name in told[0]]


def refresh(bench: Bench) -> list[Figure]:
    """The cost of changing rows in the Pods pane."""
    told = [bench.inside("refresh", str(bench.largest)) for _ in range(bench.runs)]
    return [Figure(row="refresh", what=name, unit="ms", values=[run[name] for run in told]) for name in told[0]]


def recording(bench: Bench) -> list[Figure]:
    """A recording of `--hours` at 100 changes a second: its size, and the cost of opening it and moving through it."""
    pods = min(bench.sizes, key=lambda size: abs(size - 30_000))
    path, hours = str(bench.home / "recorded.dsview"), 1 / 60 if bench.is_quick else bench.hours
    wrote = bench.inside("recording", path, str(pods), str(hours))
    alone = bench.inside("live", str(pods))["MB"]
    told = [bench.inside("replay", path, "2" if bench.is_quick else "30") for _ in range(bench.runs)]
    what = f"{pods:,} pods, {hours * 60:g} min"
    figures = [
        Figure(
            row="recording", what=f"{what}, for each minute", unit="MB", values=[wrote["MB"] / hours / 60], goal=2.0
        ),
        Figure(row="recording", what=f"{what}, simulated and written", unit="CPU s", values=[wrote["written, CPU s"]]),
    ]
    for name in told[0]:
        what, _, unit = name.rpartition(", ")
        values = [run[name] - alone if unit == "MB" else run[name] for run in told]
        goal = 0.3 if what.startswith(("jump", "by ")) else 50.0 if unit == "MB" else None
        said = f"{what}, above a live session" if unit == "MB" else what
        figures.append(Figure(row="replay", what=said, unit=unit, values=values, goal=goal))
    return figures


def recount(bench: Bench) -> list[Figure]:
    """The cost of a change in a cluster where every pod has a finding: causes are counted again, in slices."""
    pods = min(bench.largest, 30_000)
    told = [bench.inside("recount", str(pods)) for _ in range(bench.runs)]
    what = f"{pods:,} findings"
    longest = [run["longest"] for run in told]
    return [
        Figure(row="recount", what=f"{what}, the longest slice", unit="ms of CPU", values=longest, goal=10.0),
        Figure(row="recount", what=f"{what}, in all", unit="ms of CPU", values=[run["all"] for run in told]),
    ]


ROWS: dict[str, Callable[[Bench], list[Figure]]] = {
    "first-frame": first_frame,
    "first-rows": first_rows,
    "load": load,
    "check": check,
    "memory": memory,
    "cost-per-pod": cost_per_pod,
    "keys": keys,
    "rows": rows,
    "events": events,
    "nginx": nginx,
    "kubeconfig": kubeconfig,
    "idle": idle,
    "steady": steady,
    "flat": flat,
    "engine": engine,
    "refresh": refresh,
    "recount": recount,
    "fleet": fleet,
    "recording": recording,
}
