"""Runs the checks: which ones are due, their findings, and which finding explains which."""
