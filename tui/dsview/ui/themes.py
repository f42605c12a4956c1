"""dsview's themes, read from `themes.toml`, and the variables that Textual's themes lack."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.theme import Theme

from dsview.sources.bounded_files import CONFIGURATION, read_text_bounded
from dsview.ui.styles import styles_dir

DEFAULT_THEME = "dsview-dark"

FEW_COLOURS_THEME = "dsview-16"
"""The default where the terminal has 16 colours: others would have to be rounded, lanes and muted words to one grey."""

VARIABLES: tuple[str, ...] = (
    "ink",
    "ink-muted",
    "ink-faint",
    "rule",
    "focus",
    "row-cursor",
    "row-cursor-blur",
    "cell-cursor",
    "lane-v4",
    "lane-v6",
    "flag-error",
    "flag-warning",
    "flag-note",
    "good",
)
"""What the stylesheets use beyond Textual's own variables."""


_ANSI = {
    "ink": "ansi_default",
    "ink-muted": "ansi_default",
    "ink-faint": "ansi_bright_black",
    "rule": "ansi_bright_black",
    "focus": "ansi_bright_blue",
    "row-cursor": "ansi_bright_black",
    "row-cursor-blur": "ansi_default",
    "cell-cursor": "ansi_blue",
    "lane-v4": "ansi_bright_cyan",
    "lane-v6": "ansi_bright_magenta",
    "flag-error": "ansi_bright_red",
    "flag-warning": "ansi_bright_yellow",
    "flag-note": "ansi_default",
    "good": "ansi_green",
}
"""For themes made of the terminal's own 16 colours, which cannot be blended."""


def missing_variables(theme: Theme) -> dict[str, str]:
    """Values of `VARIABLES` for a theme that is not one of dsview's, blended from its own colours."""
    if "ink" in theme.variables:
        return {}
    if theme.ansi:
        return _ANSI
    colours = theme.to_color_system().generate()
    ground, ink, primary = (Color.parse(colours[name]) for name in ("background", "foreground", "primary"))
    return {
        "ink": ink.hex,
        "ink-muted": ground.blend(ink, 0.7).hex,
        "ink-faint": ground.blend(ink, 0.45).hex,
        "rule": ground.blend(ink, 0.22).hex,
        "focus": primary.hex,
        "row-cursor": ground.blend(primary, 0.25).hex,
        "row-cursor-blur": ground.blend(ink, 0.08).hex,
        "cell-cursor": ground.blend(primary, 0.5).hex,
        "lane-v4": "#6cb6ff" if theme.dark else "#0f62b5",
        "lane-v6": "#c8a2ff" if theme.dark else "#7a3bb8",
        "flag-error": colours["error"],
        "flag-warning": colours["warning"],
        "flag-note": colours["secondary"],
        "good": colours["success"],
    }


class ThemeError(ValueError):
    """A file of themes that cannot be used; the text is a sentence."""


def own_themes() -> list[Theme]:
    """Dsview's own themes."""
    return [_theme(name, table) for name, table in _tables(styles_dir() / "themes.toml").items()]


def users_themes(path: Path) -> list[Theme]:
    """The themes of a user's file. Missing values come from dsview's dark or light theme.

    Raises:
        ThemeError: a table or a colour makes no sense.
        OSError: the file cannot be read.
    """
    own = {bool(table["dark"]): table for table in reversed(_tables(styles_dir() / "themes.toml").values())}
    themes: list[Theme] = []
    for name, table in _tables(path).items():
        if not isinstance(table, dict):
            raise ThemeError(f"{path.name}: {name} is not a table; write [{name}] and its colours below.")
        base = own[bool(table.get("dark", True))]
        for key, value in table.items():
            if key not in base:
                raise ThemeError(f"{path.name}: {key} of theme {name} is not a colour. Colours: {', '.join(base)}.")
            if key != "dark" and not _is_colour(value):
                raise ThemeError(f"{path.name}: {key} of theme {name} is {value!r}, which is not a colour.")
        themes.append(_theme(name, {**base, **table}))
    return themes


def _tables(path: Path) -> dict[str, dict[str, str]]:
    try:
        return tomllib.loads(read_text_bounded(path, CONFIGURATION))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ThemeError(f"{path.name} is not valid TOML: {error}.") from None
    except RecursionError:
        raise ThemeError(f"{path.name} is nested too deep.") from None


def _is_colour(value: object) -> bool:
    try:
        Color.parse(str(value))
    except ColorParseError:
        return False
    return isinstance(value, str)


def _theme(name: str, colours: Mapping[str, str]) -> Theme:
    ink, background, rule = colours["ink"], colours["background"], colours["rule"]
    variables = {key: colours[key] for key in VARIABLES}
    variables |= {
        "block-cursor-background": colours["cell-cursor"],
        "block-cursor-foreground": ink,
        "block-cursor-text-style": "bold",
        "input-cursor-background": ink,
        "input-cursor-foreground": background,
        "input-cursor-text-style": "none",
        "scrollbar": rule,
        "scrollbar-hover": colours["ink-faint"],
        "scrollbar-active": colours["focus"],
        "scrollbar-background": background,
        "scrollbar-background-hover": background,
        "scrollbar-background-active": background,
        "scrollbar-corner-color": background,
    }
    return Theme(
        name=name,
        primary=colours["focus"],
        secondary=colours["flag-note"],
        accent=colours["accent"],
        warning=colours["flag-warning"],
        error=colours["flag-error"],
        success=colours["good"],
        foreground=ink,
        background=background,
        surface=colours["surface"],
        panel=colours["panel"],
        dark=bool(colours["dark"]),
        variables=variables,
    )
