"""Checks of ingress-nginx controllers: one module a check."""
