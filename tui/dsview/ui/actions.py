"""Every action of the screen, once: keys, palette, key bar, help and documentation are all made from here."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec
from textual.binding import Binding, BindingType


class Where(StrEnum):
    """The part of the screen whose keys an action belongs to."""

    EVERYWHERE = "everywhere"
    PANES = "panes"
    TABLE = "table"
    DOCUMENT = "document"
    """Every screen that is read from top to bottom: detail, findings, trace, help."""
    DETAIL = "detail"
    FINDINGS = "findings"


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One action. `name` is the Textual action and what a key map in the configuration refers to.

    `bar` is its word on the key bar, empty for actions that are not on it. `help` is one sentence.
    """

    name: str
    keys: tuple[str, ...]
    title: str
    help: str
    group: str
    where: tuple[Where, ...]
    bar: str = ""


_READ = (Where.DOCUMENT,)
_TABLE = (Where.TABLE,)
_PANES = (Where.PANES,)
_MOVE, _LOOK, _FIND, _TAKE, _RUN = "Move", "Look closer", "Find", "Take away", "dsview"


def _act(
    name: str, keys: str, group: str, where: tuple[Where, ...], title: str, sentence: str, bar: str = ""
) -> Action:
    return Action(name=name, keys=tuple(keys.split()), title=title, help=sentence, group=group, where=where, bar=bar)


ACTIONS: tuple[Action, ...] = (
    _act("open", "enter", _LOOK, (Where.TABLE, Where.DOCUMENT), "Open", "Opens what the cursor is on.", "open"),
    _act("back", "escape", _LOOK, _READ, "Back", "Goes back to where you came from.", "back"),
    _act("dismiss", "escape", _FIND, _PANES, "Clear", "Clears the filter, else shows all four panes again."),
    _act("cursor_up", "up k", _MOVE, (Where.TABLE, Where.DOCUMENT), "Up", "Moves the cursor up."),
    _act("cursor_down", "down j", _MOVE, (Where.TABLE, Where.DOCUMENT), "Down", "Moves the cursor down."),
    _act("page_up", "pageup ctrl+b", _MOVE, (Where.TABLE, Where.DOCUMENT), "Page up", "Moves up by one page."),
    _act("page_down", "pagedown ctrl+f space", _MOVE, (Where.TABLE, Where.DOCUMENT), "Page down", "Moves down by one page."),
    _act("first", "home g", _MOVE, (Where.TABLE, Where.DOCUMENT), "First", "Moves to the beginning."),
    _act("last", "end G", _MOVE, (Where.TABLE, Where.DOCUMENT), "Last", "Moves to the end."),
    _act("column_left", "left h", _MOVE, _TABLE, "Column left", "Selects the column to the left."),
    _act("column_right", "right l", _MOVE, _TABLE, "Column right", "Selects the column to the right."),
    _act("next_pane", "tab", _MOVE, _PANES, "Next pane", "Moves to the next pane.", "next pane"),
    _act("previous_pane", "shift+tab", _MOVE, _PANES, "Previous pane", "Moves to the pane before."),
    _act("pane('services')", "1", _MOVE, _PANES, "Services", "Shows the Services; once more: alone."),
    _act("pane('pods')", "2", _MOVE, _PANES, "Pods", "Shows the Pods; once more: alone."),
    _act("pane('nodes')", "3", _MOVE, _PANES, "Nodes", "Shows the Nodes; once more: alone."),
    _act("pane('listeners')", "4", _MOVE, _PANES, "Ingress listeners", "Shows the ingress listeners; once more: alone."),
    _act("zoom", "z f", _LOOK, _PANES, "Zoom", "Shows this pane alone, or all four again.", "zoom"),
    _act("filter", "/", _FIND, _PANES, "Filter", "Shows only the rows that match what you type.", "filter"),
    _act("only_findings", "!", _FIND, _PANES, "Only findings", "Shows only the rows that are flagged, or all.", "flagged"),
    _act("sort", "s", _FIND, _PANES, "Sort", "Sorts by the selected column; once more: the other way round; a third time: as before.", "sort"),
    _act("namespaces", "n", _FIND, _PANES, "Namespaces", "Chooses which namespaces are shown.", "namespaces"),
    _act("all_columns", "v", _LOOK, _PANES, "All columns", "Shows every column and scrolls sideways, or only those that fit."),
    _act("findings", "w", _LOOK, (Where.PANES, Where.DETAIL), "Findings", "Lists all findings, grouped under their causes.", "findings"),
    _act("trace", "t", _LOOK, (Where.PANES, Where.DETAIL, Where.FINDINGS), "Trace", "Follows both families hop by hop through what the cursor is on.", "trace"),
    _act("explain", "e", _LOOK, (Where.PANES, Where.DETAIL, Where.FINDINGS), "Explain", "Explains the check behind the flag.", "explain"),
    _act("yaml", "Y", _LOOK, (Where.PANES, Where.DETAIL), "YAML", "Shows the object as YAML, read anew.", "YAML"),
    _act("copy", "y", _TAKE, (Where.PANES, Where.DOCUMENT), "Copy", "Copies the fix; where there is none, the row or the text.", "copy fix"),
    _act("copy_cell", "c", _TAKE, _PANES, "Copy cell", "Copies the selected cell."),
    _act("contexts", "x", _RUN, (Where.EVERYWHERE,), "Contexts", "Changes to another cluster of the kubeconfig."),
    _act("palette", "p ctrl+p", _RUN, (Where.EVERYWHERE,), "Palette", "Finds any of these by its name."),
    _act("help", "?", _RUN, (Where.EVERYWHERE,), "Help", "Shows every key.", "help"),
    _act("quit", "q ctrl+c ctrl+q", _RUN, (Where.EVERYWHERE,), "Quit", "Leaves dsview.", "quit"),
)  # fmt: skip

_KEY_NAMES = {
    "up": "↑", "down": "↓", "left": "←", "right": "→",
    "pageup": "PgUp", "pagedown": "PgDn", "escape": "Esc", "enter": "Enter", "tab": "Tab", "shift+tab": "Shift+Tab",
    "home": "Home", "end": "End", "space": "Space",
}  # fmt: skip


def actions_of(where: Where) -> list[Action]:
    """The actions of one part of the screen, in the registry's order."""
    return [action for action in ACTIONS if where in action.where]


def bindings_of(where: Where) -> list[BindingType]:
    """Textual's bindings for one part of the screen; their ids are the actions' names, for key maps.

    The Ctrl keys that work everywhere work also while something is being typed.
    """
    bindings: list[BindingType] = []
    for action in actions_of(where):
        urgent = [key for key in action.keys if where is Where.EVERYWHERE and key.startswith("ctrl+")]
        plain = [key for key in action.keys if key not in urgent]
        if plain:
            bindings.append(Binding(",".join(plain), action.name, action.title, show=False, id=action.name))
        if urgent:
            bindings.append(Binding(",".join(urgent), action.name, action.title, show=False, priority=True))
    return bindings


def key_label(key: str) -> str:
    """A key as people write it: `↑`, `Ctrl+P`, `G`."""
    if key.startswith("ctrl+"):
        return f"Ctrl+{key.removeprefix('ctrl+').upper()}"
    return _KEY_NAMES.get(key, key)


def keys_label(action: Action) -> str:
    """All keys of an action, such as `↑ k`."""
    return " ".join(key_label(key) for key in action.keys)


def bar_actions(parts: Iterable[Where]) -> list[Action]:
    """What the key bar shows where the given parts are on the screen, each action once."""
    wanted = set(parts)
    return [action for action in ACTIONS if action.bar and wanted & set(action.where)]


def groups() -> dict[str, list[Action]]:
    """All actions by group, for help and documentation."""
    found: dict[str, list[Action]] = {}
    for action in ACTIONS:
        found.setdefault(action.group, []).append(action)
    return found
