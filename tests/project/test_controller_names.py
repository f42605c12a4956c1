"""Only a controller's own package, its checks and the demo name it; the rest iterates over the registry."""

from __future__ import annotations

import ast
from pathlib import Path

import dsview

ROOT = Path(dsview.__file__).parent
ALLOWED = (
    "checks/ingress_nginx/",
    "listeners/ingress_nginx/",
    "listeners/nginx_conf/",
    "listeners/nginx_files.py",
    "listeners/nginx_gateway_fabric.py",
    "listeners/nginx_ingress_controller.py",
    # The registry itself, and modules that use the parser.
    "listeners/registry.py",
    "listeners/conf_reading.py",
    "listeners/kong.py",
    "sources/demo/",
    # The API's own names: kind NginxProxy, and an annotation that is read.
    "kinds/",
)


def code(path: Path) -> str:
    """The source of a module; without the docstring for a check, because that is a page of the documentation."""
    text = path.read_text("utf-8")
    if "checks" not in path.relative_to(ROOT).parts:
        return text
    first = ast.parse(text).body[0]
    return "\n".join(text.splitlines()[first.end_lineno or 0 :])


def test_no_other_module_names_ingress_nginx_or_nginx() -> None:
    modules = {path.relative_to(ROOT).as_posix(): path for path in ROOT.rglob("*.py")}
    others = {name: path for name, path in modules.items() if not name.startswith(ALLOWED)}
    assert len(others) > 200
    found = [
        f"{name}: {line.strip()}"
        for name, path in sorted(others.items())
        for line in code(path).splitlines()
        if "nginx" in line.lower()
    ]
    assert not found, "\n".join(found)
