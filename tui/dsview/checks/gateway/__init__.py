"""Checks of Gateways and their routes, one in each module."""
