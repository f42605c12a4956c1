"""Fixes as a shell takes them: commands as they are, and what is said in words as comments."""

from __future__ import annotations

from dsview.core.text import Safe, safe_lines


def is_command(line: str) -> bool:
    """Whether a line of a fix is a command; all that dsview gives begin with kubectl."""
    return line.startswith("kubectl ")


def pasteable(fix: str) -> Safe:
    """The fix for a clipboard: whoever pastes all of it runs its commands and nothing else."""
    lines = safe_lines(fix).split("\n")
    return Safe("\n".join(line if is_command(line) or not line else f"# {line.removeprefix('# ')}" for line in lines))
