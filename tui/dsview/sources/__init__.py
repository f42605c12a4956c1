"""Sources of objects: a cluster, files, or a demo. All send the same events."""
