"""Checks of fields and addresses of any object: one module a check."""
