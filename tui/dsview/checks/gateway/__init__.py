"""Checks of Gateways and their routes: one module a check."""
