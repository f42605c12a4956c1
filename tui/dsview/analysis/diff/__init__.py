"""The differences between two clusters, or of one cluster at two times."""
