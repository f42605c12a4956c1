"""The checks, by the kind of object that they evaluate, and the engine that runs them. No I/O, no clock."""
