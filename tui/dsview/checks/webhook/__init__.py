"""Checks of webhooks and APIServices, one in each module."""
