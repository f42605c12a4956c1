"""Preferences for the screen: theme, ASCII, keys, columns. They come from the configuration file.

The last chosen columns are remembered. This module imports little, because it is loaded before the first frame. Names
are validated by the modules that use them, which report an unknown name through `file.fail`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs

from dsview.config.configuration import configuration_of
from dsview.config.toml_file import ConfigFile, read_config
from dsview.sources.bounded_files import OWN_STATE, read_bounded
from dsview.sources.private_files import private_file, private_folder

Columns = Mapping[str, tuple[str, ...]]
"""The ids of the columns to show, from left to right, by the id of the pane."""


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of the screen. `keys` are the keys of actions, by name. `file` is the configuration file."""

    theme: str = ""
    ascii: bool = False
    keys: Mapping[str, tuple[str, ...]] = {}
    columns: Columns = {}
    file: ConfigFile = ConfigFile()


def load_preferences(path: str | None) -> Preferences:
    """The screen settings of the configuration file. Raises `UserError` if it is invalid."""
    return preferences_of(read_config(path))


def preferences_of(file: ConfigFile) -> Preferences:
    """The screen settings of a file that was read. Raises `UserError` if it is invalid."""
    configuration = configuration_of(file)
    return Preferences(
        theme=configuration.theme,
        ascii=configuration.ascii,
        keys={name: (value,) if isinstance(value, str) else tuple(value) for name, value in configuration.keys.items()},
        columns={name: tuple(value) for name, value in configuration.columns.items()},
        file=file,
    )


def columns_path() -> Path:
    """The file of the chosen columns: `$XDG_STATE_HOME/dsview/columns.json`."""
    return Path(platformdirs.user_state_dir("dsview")) / "columns.json"


def remembered_columns(path: Path) -> Columns:
    """The last chosen columns. Empty if the file is missing or broken."""
    try:
        return msgspec.json.decode(read_bounded(path, OWN_STATE), type=dict[str, tuple[str, ...]])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def remember_columns(path: Path, columns: Columns) -> None:
    """Remember the chosen columns.

    Raises:
        OSError: The file cannot be written.
    """
    private_folder(path.parent)
    with private_file(path) as file:
        file.write(msgspec.json.encode(columns))
