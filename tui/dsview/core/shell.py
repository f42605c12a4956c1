"""Formats a fix for a shell: commands stay unchanged, and sentences become comments."""

from __future__ import annotations

from dsview.core.text import Safe, safe_lines


def is_command(line: str) -> bool:
    """Whether a line of a fix is a command; all commands in fixes start with kubectl."""
    return line.startswith("kubectl ")


def pasteable(fix: str) -> Safe:
    """The fix for the clipboard: pasting it into a shell runs its commands and nothing else."""
    lines = safe_lines(fix).split("\n")
    return Safe("\n".join(line if is_command(line) or not line else f"# {line.removeprefix('# ')}" for line in lines))
