"""Checks of the listeners of front doors: one module a check."""
