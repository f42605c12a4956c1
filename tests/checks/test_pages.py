"""docs/checks has a current page for each check, and no document has a broken link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dsview.checks.engine.check import Check
from dsview.checks.engine.registry import all_checks
from dsview.export.explain import write_pages

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_pages_in_docs_are_those_of_the_checks(tmp_path: Path) -> None:
    write_pages(tmp_path)
    assert _texts(ROOT / "docs" / "checks") == _texts(tmp_path), (
        "write them anew: dsview explain --all -o markdown --folder docs/checks"
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_of_the_repository_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text())
    assert not [target for target in targets if not (document.parent / target).exists()]


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "checks").glob("DS-*.md")), ids=lambda path: path.stem)
def test_a_page_names_no_file_of_dsview_that_is_not_there(page: Path) -> None:
    named = re.findall(r"(?<![\w/.])(?:docs|tui/dsview|tests)/[\w./-]+\w", page.read_text())
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.code)
def test_every_check_explains_itself_in_sentences(check: Check) -> None:
    assert check.title
    assert not check.title.endswith(".")
    for text in (check.condition, check.why, check.fix, check.not_when):
        assert text.endswith("."), text
    assert check.source
    assert check.subjects or check.needs, "what it is evaluated from"
