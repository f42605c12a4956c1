"""The Listeners pane: the families on which each proxy accepts connections."""

from dsview.tables.pane_spec import PaneSpec

SPEC = PaneSpec(id="listeners", title="Listeners", singular="listener", key="4", aliases=("lis", "listener"))
