"""Checks the screen settings of the configuration file. Textual is loaded only if the file names keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsview.config.preferences import Columns, Preferences, preferences_of
from dsview.config.toml_file import ConfigFile

if TYPE_CHECKING:
    from dsview.ui.actions import Action

# ruff: noqa: PLC0415 - panes bring the checks along, and actions Textual, for those who ask for it


def check_preferences(file: ConfigFile) -> None:
    """Report settings that no screen supports. Raises `UserError` with a sentence.

    The theme is checked by the screen, because themes depend on the machine.
    """
    wanted = preferences_of(file)
    known_columns(wanted)
    if wanted.keys:
        known_actions(wanted)


def known_columns(wanted: Preferences) -> Columns:
    """The configured columns. Raises `UserError` for an unknown pane or column."""
    if wanted.columns:
        from dsview.tables.registry import PANES

        for pane, columns in wanted.columns.items():
            wanted.file.known(pane, PANES, "pane")
            for column in columns:
                wanted.file.known(column, [one.id for one in PANES[pane].columns], f"column of {pane}")
    return wanted.columns


def known_actions(wanted: Preferences) -> tuple[Action, ...]:
    """All actions with the configured keys. Raises `UserError` if the keys are invalid."""
    from dsview.ui.actions import ACTIONS

    if not wanted.keys:
        return ACTIONS
    from dsview.ui.keymap import KeymapError, with_keys

    try:
        return with_keys(wanted.keys)
    except KeymapError as error:
        raise wanted.file.fail(error.word, str(error)) from None
