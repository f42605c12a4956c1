"""Checks of Nodes, one in each module."""
