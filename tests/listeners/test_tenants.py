"""Only a controller's own module and its own checks know it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import dsview

ROOT = Path(dsview.__file__).parent
TENANT = "dsview.listeners.ingress_nginx"
ALLOWED = (
    "listeners/ingress_nginx/",
    "listeners/registry.py",
    "checks/ingress_nginx/",
    "checks/ingress/ingress_status_family.py",  # reads the controller's own flags
)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_only_its_own_checks_and_the_registry_import_a_controller() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if any(name.startswith(TENANT) for name in _imports(path))
    ]

    assert found
    assert [path for path in found if not path.startswith(ALLOWED)] == []
