"""The current known state of the cluster: objects, indexes, the inferred profile, and the state of every kind."""
