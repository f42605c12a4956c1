"""Small clusters with a story, for `--demo`: scenario files in shorthand, sent as the events of a live cluster.

`description` defines the shorthand, and `manifests` expands it. `simulated_cluster` keeps derived objects (slices,
address objects) up to date, `script` has the steps of the story, and `source` sends the events.
"""

from dsview.sources.demo.scenarios import DEFAULT, SCENARIOS, Scenario
from dsview.sources.demo.source import DemoSource

__all__ = ["DEFAULT", "SCENARIOS", "DemoSource", "Scenario"]
