"""The screen, driven by keys like a user."""
