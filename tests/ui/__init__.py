"""The screen, driven by keys as a person would."""
