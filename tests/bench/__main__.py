"""`python -m tests.bench`: measures each row of the table in docs/performance.md, and says whether its goal is met."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import msgspec

from tests.bench.figures import Figure, table
from tests.bench.measures import ROWS
from tests.bench.running import Bench


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write JSON if requested."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--pods", default="3000,30000,150000", help="sizes of clusters, with commas")
    parser.add_argument("--row", action="append", choices=ROWS, help="only this row; may be repeated")
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run's values")
    parser.add_argument("--clusters", type=Path, metavar="DIR", help="where clusters are kept, 1.5 GB for all sizes")
    parser.add_argument("--quick", action="store_true", help="as little of each as shows that it works")
    parser.add_argument("--hours", type=float, default=1.0, help="how long a recording is that is simulated")
    parser.add_argument("--json-only", action="store_true", help="from a server that has no protobuf")
    options = parser.parse_args(arguments)
    figures: list[Figure] = []
    sizes = sorted(map(int, options.pods.split(",")))
    with Bench(
        sizes,
        runs=options.runs,
        clusters=options.clusters,
        quick=options.quick,
        json_only=options.json_only,
        hours=options.hours,
    ) as bench:
        for name in options.row or ROWS:
            started = time.monotonic()
            figures += ROWS[name](bench)
            sys.stderr.write(f"{name}: {time.monotonic() - started:.0f} s\n")
    sys.stdout.write(table(figures) + "\n")
    if options.json is not None:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()}
        told = {"machine": machine, "figures": figures}
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(told)) + b"\n")


if __name__ == "__main__":
    main()
