"""The four panes, by id, in the order of the screen."""

from __future__ import annotations

from dsview.tables import listeners, nodes, pods, services
from dsview.tables.pane import Pane

PANES: dict[str, Pane] = {pane.id: pane for pane in (services.PANE, pods.PANE, nodes.PANE, listeners.PANE)}
