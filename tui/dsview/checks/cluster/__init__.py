"""Checks of the cluster as a whole: one module a check."""
