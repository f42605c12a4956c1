"""The configuration file as TOML, before its values are interpreted.

This module imports little, because it is loaded before the first frame.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from dsview.core.errors import UserError
from dsview.core.text import safe
from dsview.sources.bounded_files import CONFIGURATION, read_text_bounded


def config_dir() -> Path:
    """`$XDG_CONFIG_HOME/dsview`."""
    return Path(platformdirs.user_config_dir("dsview"))


def default_path() -> Path:
    """`$XDG_CONFIG_HOME/dsview/config.toml`."""
    return config_dir() / "config.toml"


class ConfigFile(msgspec.Struct, frozen=True):
    """A TOML file: its name, its text, in which error messages find their line, and its contents."""

    name: str = ""
    text: str = ""
    data: dict[str, Any] = {}

    def fail(self, word: str, message: str, table: str = "", number: int = 0) -> UserError:
        """An error that names the line with a word.

        Args:
            word: The key or value that is wrong.
            message: What is wrong.
            table: The table that contains the word; empty for any.
            number: The index of the table among those with the same name.
        """
        line = _line_of(word, self.text, table, number)
        where = f"{self.name}, line {line}" if line else self.name
        return UserError(safe(f"{where}: {message}"))

    def known(self, word: str, choices: Iterable[str], what: str, table: str = "", number: int = 0) -> None:
        """Raise `UserError` with a suggestion if the word is not one of the choices. For the arguments see `fail`."""
        options = list(choices)
        if word not in options:
            close = difflib.get_close_matches(word, options, n=1)
            hint = f" Did you mean {close[0]}?" if close else f" Valid: {', '.join(options)}."
            raise self.fail(word, f"{word} is not a valid {what}.{hint}", table, number)


_COMMENT = re.compile(r"""("(?:[^"\\]|\\.)*"|'[^']*')|#.*""")
_HEADER = re.compile(r"\s*\[")


def _line_of(word: str, text: str, table: str, number: int) -> int:
    """The line, counted from 1, in which the word is a key or, otherwise, first occurs; 0 if it does not occur."""
    lines = [_COMMENT.sub(lambda found: found.group(1) or "", line) for line in text.splitlines()]
    within = _section(lines, table, number) if table else range(len(lines))
    name = re.escape(word)
    key, anywhere = re.compile(rf"""[\s\["']*{name}["']?\s*[=\].]"""), re.compile(rf"(?<!\w){name}(?!\w)")
    found = (i + 1 for lines_to_search in (within, range(len(lines))) for i in lines_to_search if key.match(lines[i]))
    otherwise = (
        i + 1 for lines_to_search in (within, range(len(lines))) for i in lines_to_search if anywhere.search(lines[i])
    )
    return next(found, 0) or next(otherwise, 0)


def _section(lines: list[str], table: str, number: int) -> range:
    """The lines of a table, including its header; empty if it has no header."""
    header = re.compile(rf"""\s*\[+\s*["']?{re.escape(table)}["']?\s*\]""")
    headers = [i for i, line in enumerate(lines) if header.match(line)]
    if number >= len(headers):
        return range(0)
    start = headers[number]
    end = next((i for i in range(start + 1, len(lines)) if _HEADER.match(lines[i])), len(lines))
    return range(start, end)


def read_config(path: str | None) -> ConfigFile:
    """The file at that path or, if it is None, the default file if that exists. Raises `UserError` if it is invalid."""
    file = Path(path) if path is not None else default_path()
    try:
        text = read_text_bounded(file, CONFIGURATION)
    except FileNotFoundError:
        if path is None:
            return ConfigFile()
        raise UserError(f"The configuration file {safe(path)} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or "an error"
        raise UserError(f"The configuration file {safe(file.name)} cannot be read: {reason}.") from None
    import tomllib  # noqa: PLC0415 - most people have no file

    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise UserError(safe(f"{file.name} is not valid TOML: {why}.")) from None
    return ConfigFile(file.name, text, data)
