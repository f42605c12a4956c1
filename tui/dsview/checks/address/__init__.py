"""Checks of fields and addresses of any object, one in each module."""
