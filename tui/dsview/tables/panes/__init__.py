"""The panes, each a package of this one, which is found by its place; nothing lists them.

`__init__` of a package says what its pane is called (`SPEC`), `rows` what its columns and rows are (`PANE`).
"""

from __future__ import annotations

import importlib
import pkgutil

from dsview.tables.pane_spec import PaneSpec


def _specs() -> tuple[PaneSpec, ...]:
    found: list[PaneSpec] = [
        importlib.import_module(f"{__name__}.{package.name}").SPEC for package in pkgutil.iter_modules(__path__)
    ]
    return tuple(sorted(found, key=lambda spec: spec.key))


SPECS = _specs()
"""Every pane, in the order of the screen."""
