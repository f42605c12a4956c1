"""Checks of the listeners of front doors, one in each module."""
