"""A fleet of forty clusters on the screen: when they are read, what it takes, and how long a key waits meanwhile.

Run as a program it serves the fleet's small clusters until its standard input ends.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.figures import Figure, quantile
from tests.bench.running import Bench
from tests.bench.serving import ROOT, environment
from tests.bench.terminal import CursorKeys, Terminal
from tests.support.fleets import fleet as small_clusters

HEALTHY = 33
HANGING = 3
REFUSING = 2
FAILING = 1
LARGE = 30_000
"""Pods of the one large cluster among them."""

_READ = re.compile(rb"clusters, ([0-9]+) read")


class Fleet:
    """The small clusters, served by a process of its own, and the large one; a context manager."""

    def __init__(self, folder: Path, large: Path) -> None:
        self.kubeconfig = folder / "kubeconfig"
        folder.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tests.bench.fleet", str(folder), str(large)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), cwd=ROOT
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


class Opened(Terminal):
    """The fleet on a terminal, sorted by name so that no row moves."""

    def __init__(self, kubeconfig: Path) -> None:
        super().__init__([sys.executable, "-m", "dsview", "fleet", "--kubeconfig", str(kubeconfig)])
        self.when(lambda seen: b"to go" in seen)
        self.press(b"s")
        self.when(lambda seen: b"Sort Clusters by" in seen)
        self.press(b"Cluster\r")
        self.when(lambda seen: "Cluster ↑".encode() in seen)
        # The cursor stays on its cluster, wherever that is sorted.
        self.press(b"g")

    def read_after(self, count: int) -> float:
        """Seconds from the start until this many clusters were read."""
        return self.when(lambda seen: any(int(x) >= count for x in _READ.findall(seen))) - self.started

    def processes(self) -> list[int]:
        """The process of the screen and its child processes."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [self.pid, *map(int, children.split())]

    def peak_of_all_mb(self) -> float:
        """The sum of the peak resident memory of the processes."""
        texts = [Path(f"/proc/{pid}/status").read_text(encoding="ascii") for pid in self.processes()]
        return sum(int(found.group(1)) for text in texts if (found := re.search(r"VmHWM:\s*(\d+)", text))) * 1024 / 1e6

    def cpu_of_all(self) -> float:
        """The CPU time of all of them so far."""
        fields = [
            Path(f"/proc/{p}/stat").read_text(encoding="ascii").rpartition(")")[2].split() for p in self.processes()
        ]
        return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def fleet(bench: Bench) -> list[Figure]:
    """Forty clusters: three hang, two refuse, one has a failing plug-in, one is large."""
    large = bench.serving(min(bench.largest, LARGE))
    healthy = 3 if bench.is_quick else HEALTHY
    taken: dict[str, list[float]] = {"first": [], "small": [], "all": [], "memory": [], "cpu": [], "screen": []}
    reading: list[float] = []
    quiet: list[float] = []
    with Fleet(bench.home / "fleet", large.kubeconfig) as served:
        like: CursorKeys | None = None
        for _ in range(bench.runs + 1):
            with Opened(served.kubeconfig) as screen:
                if like is None:
                    like = _cursor_of(screen)
                    quiet += [_pressed(like) for _ in range(20 if bench.is_quick else 200)]
                    continue
                keys = CursorKeys(screen, like=like)
                while not any(int(x) > healthy for x in _READ.findall(screen.since(0))):
                    reading.append(_pressed(keys))
                taken["first"].append(screen.read_after(1))
                taken["small"].append(screen.read_after(healthy))
                taken["all"].append(screen.read_after(healthy + 1))
                taken["memory"].append(screen.peak_of_all_mb())
                taken["cpu"].append(screen.cpu_of_all())
                taken["screen"].append(screen.cpu_seconds())
    figures = [
        Figure(row="fleet", what=what, unit=unit, values=taken[name], goal=goal)
        for name, what, unit, goal in (
            ("first", "the first cluster is read", "s", 1.0),
            ("small", f"{healthy} healthy ones are read", "s", 10.0),
            ("all", "all healthy ones, the large one too", "s", 10.0),
            ("memory", "peak memory, all processes", "MB", 250.0),
            ("cpu", "processor time until then, all processes", "s", None),
            ("screen", "processor time until then, the screen's process", "s", None),
        )
    ]
    for when, values, goals in (
        ("while they are read", reading, (None, 50.0)),
        ("when all are read", quiet, (None, None)),
    ):
        figures += [
            Figure(
                row="fleet",
                what=f"keys {when}, {len(values)}, {share:.0%}",
                unit="ms",
                values=[quantile(values, share) * 1e3],
                goal=goal,
            )
            for share, goal in zip((0.5, 0.99), goals, strict=True)
        ]
    return figures


def _cursor_of(screen: Opened) -> CursorKeys:
    """The position of the cursor once only ages change."""
    screen.when(lambda seen: b"%d could not be read" % (HANGING + REFUSING + FAILING) in seen)
    for _ in range(5):
        with suppress(AssertionError):
            return CursorKeys(screen)
    return CursorKeys(screen)


def _pressed(keys: CursorKeys) -> float:
    # Not in step with frames, and separate from the previous key.
    time.sleep(0.031)
    return keys.press()


def main() -> None:
    """Serve the small clusters; the kubeconfig also has the large one."""
    folder, large = Path(sys.argv[1]), Path(sys.argv[2])
    with small_clusters(folder, healthy=HEALTHY, hanging=HANGING, refusing=REFUSING, failing=FAILING) as found:
        config, other = json.loads(found.kubeconfig.read_text()), json.loads(large.read_text())
        for part in ("clusters", "contexts", "users"):
            config[part] += other[part]
        found.kubeconfig.write_text(json.dumps(config))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
