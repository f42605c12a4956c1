"""The configuration file, and the preferences that are remembered."""
