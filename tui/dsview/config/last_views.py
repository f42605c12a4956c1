"""Remembers how the user left the screen, for each context: the pane, its filter and its sort order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs

from dsview.sources.bounded_files import OWN_STATE, read_bounded
from dsview.sources.private_files import private_file, private_folder

_MAX_CONTEXTS = 50
"""The largest number of contexts to remember. The least recently used one is forgotten first."""


class PaneView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The view of a pane. `sort` is the id of a column, or empty for the default order."""

    filter: str = ""
    only_flagged: bool = False
    sort: str = ""
    descending: bool = False


class LastView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the user left the main screen: the id of the focused pane, and each pane that differs from its default."""

    pane: str = ""
    panes: Mapping[str, PaneView] = {}


def last_views_path() -> Path:
    """The file: `$XDG_STATE_HOME/dsview/views.json`."""
    return Path(platformdirs.user_state_dir("dsview")) / "views.json"


def last_views(path: Path) -> dict[str, LastView]:
    """How the user left each context, by name. Empty if the file is missing or broken."""
    try:
        return msgspec.json.decode(read_bounded(path, OWN_STATE), type=dict[str, LastView])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def remember_last_view(path: Path, context: str, view: LastView) -> None:
    """Remember how the user left a context.

    Raises:
        OSError: The file cannot be written.
    """
    views = last_views(path)
    views.pop(context, None)
    views[context] = view
    private_folder(path.parent)
    with private_file(path) as file:
        file.write(msgspec.json.encode(dict(list(views.items())[-_MAX_CONTEXTS:])))
