"""Validates the screen settings of the configuration file. Textual is only imported if the file configures keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsview.config.preferences import Columns, Preferences, preferences_of
from dsview.config.toml_file import ConfigFile

if TYPE_CHECKING:
    from dsview.ui.actions import Action

# ruff: noqa: PLC0415 - panes import the checks, and actions import Textual, which most commands do not need


def check_preferences(file: ConfigFile) -> None:
    """Report settings that no screen supports. Raises `UserError` with a sentence.

    The theme is checked by the screen, because themes depend on the machine.
    """
    preferences = preferences_of(file)
    known_columns(preferences)
    if preferences.keys:
        known_actions(preferences)


def known_columns(preferences: Preferences) -> Columns:
    """The configured columns. Raises `UserError` for an unknown pane or column."""
    if preferences.columns:
        from dsview.tables.registry import PANES

        for pane, columns in preferences.columns.items():
            preferences.file.known(pane, PANES, "pane")
            for column in columns:
                preferences.file.known(
                    column, [pane_column.id for pane_column in PANES[pane].columns], f"column of {pane}"
                )
    return preferences.columns


def known_actions(preferences: Preferences) -> tuple[Action, ...]:
    """All actions with the configured keys. Raises `UserError` if the keys are invalid."""
    from dsview.ui.actions import ACTIONS

    if not preferences.keys:
        return ACTIONS
    from dsview.ui.keymap import KeymapError, with_keys

    try:
        return with_keys(preferences.keys)
    except KeymapError as error:
        raise preferences.file.fail(error.word, str(error)) from None
