"""The cluster as it is known now: objects, indexes, the inferred profile, the health of every kind."""
