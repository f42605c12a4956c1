"""Where objects come from: a cluster, files, a demo. Each yields the same events."""
