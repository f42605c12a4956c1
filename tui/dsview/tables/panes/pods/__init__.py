"""The Pods pane: the addresses of each Pod."""

from dsview.tables.pane_spec import PaneSpec

SPEC = PaneSpec(id="pods", title="Pods", singular="Pod", key="2", aliases=("po", "pod"))
