"""Every case is exact: clusters and captures that were rebuilt from public reports (tests/data/cases/README.md)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.clusters import DATA, from_path
from tests.support.expectations import differences

CASES = sorted(path for path in (DATA / "cases").iterdir() if path.is_dir())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_a_case_has_exactly_the_expected_findings(path: Path) -> None:
    found = differences(from_path(path), json.loads((path / "expect.json").read_text()))
    assert not found, "\n".join(found)
