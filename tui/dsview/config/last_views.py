"""How the screen was left: the pane, its filter and its order, for each context of the kubeconfig."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs

from dsview.sources.bounded_files import REMEMBERED, read_bounded
from dsview.sources.private_files import private_file, private_folder

_MOST = 50
"""Contexts that are remembered; the one left longest ago is forgotten first."""


class PaneView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a pane showed: `sort` is the id of a column, empty for namespace and name."""

    filter: str = ""
    only_flagged: bool = False
    sort: str = ""
    descending: bool = False


class LastView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the main screen was left: the id of the pane with the keys, and each pane that is not as it comes."""

    pane: str = ""
    panes: Mapping[str, PaneView] = {}


def last_views_path() -> Path:
    """Where it is remembered: `$XDG_STATE_HOME/dsview/views.json`."""
    return Path(platformdirs.user_state_dir("dsview")) / "views.json"


def last_views(path: Path) -> dict[str, LastView]:
    """How each context was left, by name. A file that is missing or broken remembers nothing."""
    try:
        return msgspec.json.decode(read_bounded(path, REMEMBERED), type=dict[str, LastView])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def remember_last_view(path: Path, context: str, view: LastView) -> None:
    """Keep how a context was left.

    Raises:
        OSError: it cannot be written.
    """
    views = last_views(path)
    views.pop(context, None)
    views[context] = view
    private_folder(path.parent)
    with private_file(path) as file:
        file.write(msgspec.json.encode(dict(list(views.items())[-_MOST:])))
