"""Checks of Services, one in each module."""
