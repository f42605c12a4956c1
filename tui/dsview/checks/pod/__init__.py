"""Checks of Pods, one in each module."""
