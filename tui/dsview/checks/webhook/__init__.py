"""Checks of webhooks and APIServices: one module a check."""
