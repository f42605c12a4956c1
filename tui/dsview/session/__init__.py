"""A session: owns the source, feeds the cluster, and decides when to run the checks. The clock is here."""
