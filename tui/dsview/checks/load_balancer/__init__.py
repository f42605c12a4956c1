"""Checks of Services of type LoadBalancer, one in each module."""
