"""By hand: `python -m tests.fuzz --inputs 100000 --seed 1`. `--only SEED` repeats one input, with its traceback."""

from __future__ import annotations

import argparse
import collections
import gc
import resource
import sys
import time
import traceback

from tests.fuzz.targets import chosen

SLOW = 5.0
"""Seconds of CPU that no input of this size may take."""

MEMORY = 3 << 30
"""Bytes of address space: what needs more fails."""


def main() -> int:
    """Run, and print the number of inputs and the failures."""
    parser = argparse.ArgumentParser(prog="tests.fuzz")
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--only", type=int, help="one seed again, with its traceback")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if options.only is not None:
        target, data = chosen(options.only)
        sys.stdout.write(f"{target.name}: {data[:2000]!r}\n")
        target.take(data)
        return 0
    taken: collections.Counter[str] = collections.Counter()
    failures: collections.Counter[str] = collections.Counter()
    began = time.monotonic()
    for number, seed in enumerate(range(options.seed, options.seed + options.inputs), 1):
        target, data = chosen(seed)
        before = time.process_time()
        try:
            target.take(data)
        except BaseException as error:  # noqa: BLE001  (that is what is looked for)
            if isinstance(error, KeyboardInterrupt):
                break
            where = traceback.extract_tb(error.__traceback__)[-1]
            sign = f"{target.name}: {type(error).__name__} in {where.filename.rpartition('/')[2]}:{where.lineno}"
            if not failures[sign]:
                sys.stdout.write(f"seed {seed}: {sign}: {str(error)[:200]!r}\n")
                sys.stdout.flush()
            failures[sign] += 1
        if time.process_time() - before > SLOW:
            failures[f"{target.name}: slow"] += 1
            sys.stdout.write(f"seed {seed}: {target.name} takes {time.process_time() - before:.1f} s\n")
        taken[target.name] += 1
        if number % 1000 == 0:
            # A session excludes its objects from garbage collection, because it is usually the only one of its process.
            gc.unfreeze()
            gc.collect()
        if number % 20_000 == 0:
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            sys.stdout.write(
                f"{number:,} inputs in {time.monotonic() - began:.0f} s, {rss} MB, {sum(failures.values())} failed\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"{sum(taken.values()):,} inputs {dict(taken)}; failed: {dict(failures) or 'none'}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
