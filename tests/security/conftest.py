"""Settings for every test of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of these tests press every key, and one of them records into the current folder."""
    monkeypatch.chdir(tmp_path)
