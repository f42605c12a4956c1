"""The Services pane: which families each Service has, and whether they work."""

from dsview.tables.pane_spec import PaneSpec

SPEC = PaneSpec(id="services", title="Services", singular="Service", key="1", aliases=("svc", "service"))
