"""The Nodes pane: which addresses and Pod ranges each Node has."""

from dsview.tables.pane_spec import PaneSpec

SPEC = PaneSpec(id="nodes", title="Nodes", singular="Node", key="3", aliases=("no", "node"))
