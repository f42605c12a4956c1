"""Each guarantee in SECURITY.md names the tests that enforce it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text()
SECTION = TEXT.partition("## Guarantees")[2].partition("\n## ")[0]
GUARANTEES = re.split(r"^ *\* ", SECTION, flags=re.MULTILINE)[1:]


def named_in(guarantee: str) -> list[Path]:
    """The files that a guarantee names; one without a folder is beside the one before it."""
    found: list[Path] = []
    for name in re.findall(r"`((?:tests/\w+/)?test_\w+\.py)`", guarantee):
        found.append(ROOT / name if "/" in name else found[-1].parent / name)
    return found


@pytest.mark.parametrize("guarantee", GUARANTEES, ids=[guarantee[:40] for guarantee in GUARANTEES])
def test_a_guarantee_names_tests_that_are_there(guarantee: str) -> None:
    named = named_in(guarantee)
    assert named
    assert [path for path in named if not path.exists()] == []
