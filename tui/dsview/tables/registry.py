"""The panes with their rows, by id, in the order of the screen."""

from __future__ import annotations

import importlib

from dsview.tables import panes
from dsview.tables.pane import Pane

PANES: dict[str, Pane] = {
    spec.id: importlib.import_module(f"{panes.__name__}.{spec.id}.rows").PANE for spec in panes.SPECS
}
