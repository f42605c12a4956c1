"""The current state of the cluster: objects, indexes, the inferred profile, and how completely each kind was read."""
