"""A session owns a source, updates the cluster state, and decides when checks run. It also provides the clock."""
