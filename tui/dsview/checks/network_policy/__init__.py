"""Checks of NetworkPolicies: one module a check."""
