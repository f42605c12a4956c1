"""The smallest Textual application: the first frame of dsview is compared with it."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static


class Trivial(App[None]):
    """One line."""

    def compose(self) -> ComposeResult:
        """The line."""
        yield Static("trivial")


if __name__ == "__main__":
    Trivial().run()
