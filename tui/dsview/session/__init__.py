"""A session: owns the source, drains it into the state, decides when to evaluate. The clock is here."""
