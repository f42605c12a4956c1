"""The panes. Each is a package in this folder and is discovered by its location.

`__init__` of a package has the pane's names (`SPEC`), and `rows` its columns and rows (`PANE`).
"""

from __future__ import annotations

import importlib
import pkgutil

from dsview.tables.pane_spec import PaneSpec


def _specs() -> tuple[PaneSpec, ...]:
    specs: list[PaneSpec] = [
        importlib.import_module(f"{__name__}.{package.name}").SPEC for package in pkgutil.iter_modules(__path__)
    ]
    return tuple(sorted(specs, key=lambda spec: spec.key))


SPECS = _specs()
"""Every pane, in the order of the screen."""
