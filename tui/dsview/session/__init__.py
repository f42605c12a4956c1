"""A session: owns the source, updates the cluster, and decides when to run the checks. It also provides the clock."""
