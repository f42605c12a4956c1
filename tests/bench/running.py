"""What the rows of the benchmark share: servers, dsview on a terminal with its trace, and loads of clusters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.serving import ROOT, Plain, Serving, environment, read_plainly
from tests.bench.terminal import Terminal

Trace = dict[str, float]


class Bench:
    """What all rows share: sizes, how often to measure, and one server for each cluster. Use as a context manager."""

    def __init__(
        self,
        sizes: list[int],
        *,
        runs: int,
        clusters: Path | None = None,
        quick: bool = False,
        json_only: bool = False,
        hours: float = 1.0,
    ) -> None:
        self.sizes = sizes
        self.runs = runs
        self.is_quick = quick
        self.hours = hours
        self.json_only = json_only
        self.clusters = clusters
        self._servers: dict[tuple[int, float], Serving] = {}
        self._home = tempfile.TemporaryDirectory(prefix="dsview-bench-")
        self.home = Path(self._home.name)
        self._loads: dict[tuple[int, float], list[Load]] = {}

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *error: object) -> None:
        for server in self._servers.values():
            server.stop()
        self._home.cleanup()

    @property
    def largest(self) -> int:
        """The largest cluster to measure."""
        return max(self.sizes)

    def serving(self, pods: int, pace: float = 0.0) -> Serving:
        """The server of a cluster."""
        if (pods, pace) not in self._servers:
            self._servers[pods, pace] = Serving(pods, pace=pace, clusters=self.clusters, json_only=self.json_only)
        return self._servers[pods, pace]

    def open(self, kubeconfig: Path) -> Opened:
        """Open dsview on a terminal."""
        trace = self.home / f"trace-{time.monotonic_ns()}.jsonl"
        trace.touch()
        command = [sys.executable, "-m", "dsview", "--kubeconfig", str(kubeconfig), "--trace-file", str(trace)]
        return Opened(command, trace)

    def inside(self, *arguments: str) -> dict[str, float]:
        """Run one of the measurements without a screen, in a separate process."""
        command = [sys.executable, "-m", "tests.bench.inside", *arguments]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment(), cwd=ROOT)
        found: dict[str, float] = json.loads(done.stdout)
        return found

    def loads(self, pods: int, pace: float = 0.0) -> list[Load]:
        """Each run: dsview loads the cluster, and a plain client does. Measured once for all rows that need it."""
        if (pods, pace) not in self._loads:
            self._loads[pods, pace] = [Load(self, pods, pace) for _ in range(self.runs)]
        return self._loads[pods, pace]


class Check:
    """One `dsview check` of a cluster as a whole process, and a plain client's reading of the same server."""

    def __init__(self, bench: Bench, pods: int) -> None:
        serving = bench.serving(pods)
        self.plain: Plain = read_plainly(serving)
        command = [sys.executable, "-m", "dsview", "check", "--kubeconfig", str(serving.kubeconfig)]
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise subprocess.CalledProcessError(process.returncode, command)
        self.seconds = time.monotonic() - started
        self.cpu = used.ru_utime + used.ru_stime


class Opened(Terminal):
    """dsview on a terminal, with its trace."""

    def __init__(self, command: list[str], trace: Path) -> None:
        super().__init__(command)
        self._trace = trace

    def milestones(self) -> Trace:
        """Seconds from the start of the process to the first occurrence of each event."""
        found: Trace = {}
        for line in self._trace.read_text().splitlines():
            event = json.loads(line)
            name = f"{event['event']} {event['kind']}" if "kind" in event else event["event"]
            found.setdefault(name, event["ms"] / 1000)
        return found

    def wait_for(self, milestone: str, timeout: float = 300.0) -> float:
        """Wait for an event. Returns the seconds since the start of the process."""
        deadline = time.monotonic() + timeout
        while (found := self.milestones().get(milestone)) is None:
            if time.monotonic() > deadline or not self.is_running:
                raise TimeoutError(f"dsview never came to {milestone}, only to {', '.join(self.milestones())}")
            time.sleep(0.02)
        return found


class Load:
    """One load of a cluster since the start of the process, and that of a plain client on the same server."""

    def __init__(self, bench: Bench, pods: int, pace: float = 0.0) -> None:
        serving = bench.serving(pods, pace)
        self.plain: Plain = read_plainly(serving)
        with bench.open(serving.kubeconfig) as screen:
            self.first_rows = screen.when(lambda seen: b"app-" in seen) - screen.started
            self.painted = screen.wait_for("all_painted")
            self.ready = screen.milestones()["client_ready"]
            self.cpu = screen.cpu_seconds()
            self.peak_mb = screen.peak_mb()
