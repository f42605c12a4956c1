"""The fuzzer for a limited time, with the same inputs each time; `python -m tests.fuzz` runs it for longer."""

from __future__ import annotations

import time

import pytest

from tests.fuzz.targets import TARGETS, chosen

INPUTS = 4_000
SECONDS = 8.0
"""On a slow machine fewer inputs are taken, of each part the first ones."""


@pytest.mark.parametrize("part", range(2))
def test_nothing_that_comes_in_raises_what_nobody_expects(part: int) -> None:
    ends = time.monotonic() + SECONDS / 2
    names = set()
    for seed in range(part * INPUTS, (part + 1) * INPUTS):
        target, data = chosen(seed)
        try:
            target.take(data)
        except Exception as error:
            raise AssertionError(f"python -m tests.fuzz --only {seed}   # {target.name}: {error!r}") from error
        names.add(target.name)
        if time.monotonic() > ends:
            break
    assert names <= {target.name for target in TARGETS}
    assert names


def test_the_same_seed_gives_the_same_input() -> None:
    assert all(chosen(seed)[1] == chosen(seed)[1] for seed in range(50))
