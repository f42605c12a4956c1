"""Runs the checks: which are due, what they found, and which finding explains which."""
