"""From state to findings: one registry of checks, one module for each kind of object. No I/O, no clock."""
