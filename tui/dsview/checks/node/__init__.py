"""Checks of Nodes: one module a check."""
