"""Command-line flags as Go's flag packages parse them: one dash or two, and the last one wins."""

from __future__ import annotations

from collections.abc import Sequence


def flag_value(words: Sequence[str], name: str) -> str:
    """The value of `--name=value` or `--name value`: `true` for a flag without a value, empty if it is absent."""
    found = ""
    for index, word in enumerate(words):
        option, equals, value = word.lstrip("-").partition("=")
        if option != name or not word.startswith("-"):
            continue
        following = words[index + 1] if index + 1 < len(words) else ""
        found = value if equals else "true" if following.startswith("-") or not following else following
    return found


def switch_value(words: Sequence[str], name: str) -> str:
    """The value of a boolean `--name` or `--name=value`: `true` without a value, empty if it is absent.

    Unlike `flag_value`, it never takes the next word, as in `--name false`, which turns the switch on (package flag).
    """
    found = ""
    for word in words:
        option, equals, value = word.lstrip("-").partition("=")
        if option == name and word.startswith("-"):
            found = value if equals else "true"
    return found


def split_list(value: str) -> tuple[str, ...]:
    """The parts of a comma-separated flag."""
    return tuple(part.strip() for part in value.split(",") if part.strip())
