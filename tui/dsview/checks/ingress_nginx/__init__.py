"""Checks of ingress-nginx controllers, one in each module."""
