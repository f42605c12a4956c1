"""Checks of Services: one module a check."""
