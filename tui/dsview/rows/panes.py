"""The four panes, by id, in the order of the screen."""

from __future__ import annotations

from dsview.rows import listeners, nodes, pods, services
from dsview.rows.pane import Pane

PANES: dict[str, Pane] = {pane.id: pane for pane in (services.PANE, pods.PANE, nodes.PANE, listeners.PANE)}
