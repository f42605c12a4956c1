"""Checks of Pods: one module a check."""
