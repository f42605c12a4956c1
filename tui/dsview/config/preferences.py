"""How somebody wants the screen: theme, signs, keys, columns. From the configuration file; columns also as chosen last.

Light: it is read before the first frame. Which names there are is known to whoever draws, who says what is wrong with
them through `file.fail`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs

from dsview.config.configuration import configuration_of
from dsview.config.toml_file import ConfigFile, read_config
from dsview.sources.bounded_files import REMEMBERED, read_bounded
from dsview.sources.private_files import private_file, private_folder

Columns = Mapping[str, tuple[str, ...]]
"""For each pane's id, the ids of the columns to show, from left to right."""


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """`keys` are the keys of actions by name. `file` is where it was said."""

    theme: str = ""
    ascii: bool = False
    keys: Mapping[str, tuple[str, ...]] = {}
    columns: Columns = {}
    file: ConfigFile = ConfigFile()


def load_preferences(path: str | None) -> Preferences:
    """What the configuration file says of the screen. Raises `UserError` with a sentence."""
    return preferences_of(read_config(path))


def preferences_of(file: ConfigFile) -> Preferences:
    """What a file that was read says of the screen. Raises `UserError` with a sentence."""
    said = configuration_of(file)
    return Preferences(
        theme=said.theme,
        ascii=said.ascii,
        keys={name: (value,) if isinstance(value, str) else tuple(value) for name, value in said.keys.items()},
        columns={name: tuple(value) for name, value in said.columns.items()},
        file=file,
    )


def columns_path() -> Path:
    """Where chosen columns are remembered: `$XDG_STATE_HOME/dsview/columns.json`."""
    return Path(platformdirs.user_state_dir("dsview")) / "columns.json"


def remembered_columns(path: Path) -> Columns:
    """What was chosen last. A file that is missing or broken remembers nothing."""
    try:
        return msgspec.json.decode(read_bounded(path, REMEMBERED), type=dict[str, tuple[str, ...]])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def remember_columns(path: Path, columns: Columns) -> None:
    """Keep a choice for the next time.

    Raises:
        OSError: it cannot be written.
    """
    private_folder(path.parent)
    with private_file(path) as file:
        file.write(msgspec.json.encode(columns))
