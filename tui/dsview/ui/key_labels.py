"""Keys as people write them, for the key bar, the help, the palette and the documentation."""

from __future__ import annotations

from dsview.ui.actions import Action

_KEY_NAMES = {
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "shift+left": "Shift+Left",
    "shift+right": "Shift+Right",
    "home": "Home",
    "end": "End",
    "space": "Space",
}


def key_label(key: str) -> str:
    """A key as people write it: `Up`, `Ctrl+P`, `G`."""
    if key.startswith("ctrl+"):
        return f"Ctrl+{key.removeprefix('ctrl+').upper()}"
    if len(key) > 1 and key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return _KEY_NAMES.get(key, key)


def keys_label(action: Action) -> str:
    """All keys of an action, such as `Up k`."""
    return " ".join(key_label(key) for key in action.keys)
