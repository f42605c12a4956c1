"""Determines the appearance of the screen from the configuration and the options, and validates all values."""

from __future__ import annotations

import difflib
import locale
from functools import partial
from pathlib import Path
from typing import Any

from textual.css.errors import StylesheetError
from textual.css.stylesheet import Stylesheet, StylesheetParseError
from textual.css.tokenizer import TokenError
from textual.theme import BUILTIN_THEMES, Theme

from dsview.cli.configured import known_actions, known_columns
from dsview.cli.options import Settings
from dsview.config.last_views import last_views, last_views_path, remember_last_view
from dsview.config.preferences import (
    Preferences,
    columns_path,
    load_preferences,
    remember_columns,
    remembered_columns,
)
from dsview.config.toml_file import config_dir
from dsview.core.errors import UserError
from dsview.core.text import safe
from dsview.sources.bounded_files import CONFIGURATION, read_bounded
from dsview.ui.appearance import Appearance
from dsview.ui.styles import styles_dir
from dsview.ui.themes import ThemeError, own_themes, users_themes


def open_appearance(settings: Settings) -> Appearance:
    """The requested appearance. Raises `UserError` if a setting is invalid."""
    preferences = load_preferences(settings.config)
    themes = _users_themes(config_dir() / "themes.toml")
    theme = settings.theme or preferences.theme
    if theme:
        known = [defined_theme.name for defined_theme in (*own_themes(), *themes)] + sorted(BUILTIN_THEMES)
        _require_theme(theme, known, preferences, is_option=bool(settings.theme))
    columns = {**known_columns(preferences), **remembered_columns(columns_path())}
    return Appearance(
        theme=theme,
        ascii_only=settings.ascii_only or preferences.ascii or not _is_unicode_locale(),
        actions=known_actions(preferences),
        themes=themes,
        css=_users_css(config_dir() / "style.tcss"),
        columns=columns,
        remember=partial(remember_columns, columns_path()),
        **_memory(settings),
    )


def _memory(settings: Settings) -> dict[str, Any]:
    """The functions that load and store the last view of each context. With redacted names, nothing is stored."""
    if settings.redact:
        return {}
    path = last_views_path()
    return {
        "last_view": lambda context: last_views(path).get(context),
        "remember_view": partial(remember_last_view, path),
    }


def _is_unicode_locale() -> bool:
    return "utf" in locale.getpreferredencoding(do_setlocale=False).lower()


def _require_theme(theme: str, known: list[str], preferences: Preferences, *, is_option: bool) -> None:
    if theme in known:
        return
    if not is_option:
        preferences.file.known(theme, known, "theme")
    close = difflib.get_close_matches(theme, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Themes: {', '.join(known)}."
    raise UserError(safe(f"There is no theme {theme!r}. {hint}"))


def _users_themes(path: Path) -> tuple[Theme, ...]:
    try:
        return tuple(users_themes(path)) if path.exists() else ()
    except ThemeError as error:
        raise UserError(safe(str(error))) from None
    except OSError as error:
        raise UserError(safe(f"{path} cannot be read: {error.strerror or error}.")) from None


def _users_css(path: Path) -> Path | None:
    """The user's style file, if it exists and Textual can parse it together with dsview's own."""
    if not path.exists():
        return None
    sheet = Stylesheet(variables=_variables())
    try:
        # Textual would read any kind of file, without a limit.
        read_bounded(path, CONFIGURATION)
        sheet.read_all([styles_dir() / "app.tcss", path])
        sheet.parse()
    except StylesheetParseError as error:
        lines = sorted(token.location[0] + 1 for rule in error.errors.rules for token, _ in rule.errors)
        raise UserError(safe(f"{path}, line {lines[0] if lines else 1}: this is not valid Textual CSS.")) from None
    except TokenError as error:
        raise UserError(safe(f"{path}, line {error.start[0]}: this is not valid Textual CSS.")) from None
    except (StylesheetError, OSError) as error:
        raise UserError(safe(f"{path} cannot be read: {error}.")) from None
    return path


def _variables() -> dict[str, str]:
    theme = own_themes()[0]
    return {**theme.to_color_system().generate(), **theme.variables}
