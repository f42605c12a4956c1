"""Checks of the whole cluster, one in each module."""
