"""The cluster as it is known now: objects, indexes, the inferred profile, and the state of every kind."""
