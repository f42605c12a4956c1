"""Checks of NetworkPolicies, one in each module."""
