"""Small clusters with a story, for `--demo`: scenario files in shorthand, told as the events of a live cluster.

`description` is the shorthand's shape, `manifests` writes it out, `world` keeps what follows from it (slices, address
objects) true, `story` knows what happens when, `source` tells it.
"""

from dsview.sources.demo.scenarios import DEFAULT, SCENARIOS, Scenario
from dsview.sources.demo.source import DemoSource

__all__ = ["DEFAULT", "SCENARIOS", "DemoSource", "Scenario"]
