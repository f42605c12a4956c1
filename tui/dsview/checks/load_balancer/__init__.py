"""Checks of Services of type LoadBalancer: one module a check."""
