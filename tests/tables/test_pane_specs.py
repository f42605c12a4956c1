"""A pane is a package: its names are in it, and nowhere else."""

from __future__ import annotations

import ast
import pkgutil
from pathlib import Path

import dsview
from dsview.tables import panes
from dsview.tables.panes import SPECS
from dsview.tables.registry import PANES
from dsview.ui.actions import ACTIONS

ELSEWHERE = ("ui", "cli", "config", "export", "session")
"""Rooms that know panes by their entries only. In the others `pods` is also a hop, a layer or a word of kubectl."""


def test_a_pane_is_called_as_its_package() -> None:
    assert {spec.id for spec in SPECS} == {package.name for package in pkgutil.iter_modules(panes.__path__)}
    assert [pane.spec for pane in PANES.values()] == list(SPECS)


def test_panes_stand_in_the_order_of_their_keys_and_share_no_name() -> None:
    assert [spec.key for spec in SPECS] == [str(number) for number in range(1, len(SPECS) + 1)]
    names = [name for spec in SPECS for name in (spec.id, *spec.aliases)]
    assert len(names) == len(set(names))


def test_every_pane_has_its_key_and_its_short_words() -> None:
    actions = {action.id: action for action in ACTIONS}
    for spec in SPECS:
        action = actions[f"pane_{spec.id}"]
        assert (action.keys, action.aliases, action.title) == ((spec.key,), spec.aliases, spec.title)


def test_no_other_module_names_a_pane() -> None:
    ids = {spec.id for spec in SPECS}
    root = Path(dsview.__file__).parent
    found = [
        f"{path.relative_to(root)}:{node.lineno}: {node.value}"
        for room in ELSEWHERE
        for path in (root / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in ids
    ]
    assert found == []
