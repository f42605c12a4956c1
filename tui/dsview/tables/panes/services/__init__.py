"""The Services pane: the families of each Service, and whether they work."""

from dsview.tables.pane_spec import PaneSpec

SPEC = PaneSpec(id="services", title="Services", singular="Service", key="1", aliases=("svc", "service"))
