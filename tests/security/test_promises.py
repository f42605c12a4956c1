"""Each promise of SECURITY.md names the tests that hold it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text()
PROMISED = TEXT.partition("## What dsview promises")[2].partition("\n## ")[0]
PROMISES = re.split(r"^ *\* ", PROMISED, flags=re.MULTILINE)[1:]


def named_in(promise: str) -> list[Path]:
    """The files that a promise names; one without a folder is beside the one before it."""
    found: list[Path] = []
    for name in re.findall(r"`((?:tests/\w+/)?test_\w+\.py)`", promise):
        found.append(ROOT / name if "/" in name else found[-1].parent / name)
    return found


@pytest.mark.parametrize("promise", PROMISES, ids=[promise[:40] for promise in PROMISES])
def test_a_promise_names_tests_that_are_there(promise: str) -> None:
    named = named_in(promise)
    assert named
    assert [path for path in named if not path.exists()] == []
