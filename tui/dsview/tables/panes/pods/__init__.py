"""The Pods pane: which addresses each Pod has."""

from dsview.tables.pane_spec import PaneSpec

SPEC = PaneSpec(id="pods", title="Pods", singular="Pod", key="2", aliases=("po", "pod"))
