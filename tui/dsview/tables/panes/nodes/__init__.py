"""The Nodes pane: the addresses and Pod ranges of each Node."""

from dsview.tables.pane_spec import PaneSpec

SPEC = PaneSpec(id="nodes", title="Nodes", singular="Node", key="3", aliases=("no", "node"))
