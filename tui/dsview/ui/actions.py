"""Every action of the screen, defined once. Keys, palette, key bar, help and documentation are derived from here."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec
from textual.binding import Binding, BindingType

from dsview.tables.pane_spec import PaneSpec
from dsview.tables.panes import SPECS


class Where(StrEnum):
    """The part of the screen that an action's keys belong to."""

    EVERYWHERE = "everywhere"
    PANES = "panes"
    TABLE = "table"
    DOCUMENT = "document"
    READING = "reading"
    """Every screen that is read from top to bottom: detail, trace, help."""
    DETAIL = "detail"
    FINDINGS = "findings"
    TRACE = "trace"
    PROBE = "probe"
    FLEET = "fleet"
    TIMELINE = "timeline"
    FILTER = "filter"
    SEARCH = "search"
    """The line for the text of a search."""
    CHOICE = "choice"


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One action. `name` is Textual's name with arguments; key maps use it.

    `bar` is its label on the key bar, empty for actions without one. `help` is one sentence. With `while_typing`, its
    keys also work in a line of text. `aliases` are short names for it in the palette, as in k9s.
    """

    name: str
    keys: tuple[str, ...]
    title: str
    help: str
    group: str
    where: tuple[Where, ...]
    bar: str = ""
    while_typing: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The name of the action in a configuration file: `pane_pods` for `pane('pods')`."""
        return self.name.replace("('", "_").replace("')", "")

    @property
    def by_name(self) -> str:
        """What the palette does: a pane's key makes it fill the screen when pressed again, its name never does."""
        return self.name.replace("pane('", "go_to_pane('", 1) if self.name.startswith("pane('") else self.name


_LISTS = (Where.TABLE, Where.DOCUMENT)
_PANES = (Where.PANES,)
_TABLES = (Where.PANES, Where.FLEET)
_OBJECT = (Where.PANES, Where.DETAIL, Where.FINDINGS)
_FINDINGS = (Where.FINDINGS,)
_READING = (Where.READING,)
_SCREENS = (Where.READING, Where.FINDINGS, Where.TIMELINE)
_ALWAYS = (Where.EVERYWHERE,)
_FILTER = (Where.FILTER,)
_SEARCH = (Where.SEARCH,)
_CHOICE = (Where.CHOICE,)

Entry = tuple[tuple[Where, ...], str, str, str, str]
"""Where, name, keys, title, sentence."""


def _to(spec: PaneSpec) -> str:
    """The name of the action that goes to a pane."""
    return f"pane('{spec.id}')"


_BAR = {
    "open": "open",
    "detail": "detail",
    "back": "back",
    "filter": "filter",
    "search": "search",
    "only_findings": "flagged",
    "trace": "trace",
    "send": "send",
    "probe": "probe",
    "findings": "findings",
    "clear": "back",
    "copy": "copy fix",
    "timeline": "timeline",
    "narrow": "only one kind",
    "only_object": "only this object",
    "sort": "sort",
    "group": "group",
    "acknowledge": "acknowledge",
    "fold": "fold",
    "save": "save",
    "explain": "explain",
    "zoom": "zoom",
    "again": "read again",
    "namespaces": "namespaces",
    "next_pane": "next pane",
    "keep": "keep filter",
    "complete": "complete",
    "drop": "drop filter",
    "keep_search": "go on with n and N",
    "drop_search": "end the search",
    "yaml": "YAML",
    "earlier": "earlier",
    "help": "help",
    "quit": "quit",
}
"""The labels of the key bar, the most useful first; the last ones are dropped if the room is short."""

_BAR_ELSEWHERE = {"copy": ("copy", frozenset({Where.PANES, Where.DETAIL, Where.FINDINGS, Where.TRACE}))}
"""Actions with a different label in the named places."""

_ALIASES: dict[str, tuple[str, ...]] = {
    **{_to(spec): spec.aliases for spec in SPECS},
    "namespaces": ("ns",),
    "contexts": ("ctx",),
    "timeline": ("ev", "events"),
    "quit": ("q", "q!", "exit"),
    "help": ("h",),
}

_SHORT = ", ".join(f":{spec.aliases[0]}" for spec in SPECS)

_ENTRIES: dict[str, tuple[Entry, ...]] = {
    "Look closer": (
        (_LISTS, "open", "enter", "Open", "Opens the selected item."),
        (
            (Where.READING, Where.FINDINGS, Where.TIMELINE),
            "back",
            "escape",
            "Back",
            "Goes back to the previous screen.",
        ),
        (_ALWAYS, "earlier", "[", "Earlier", "Goes back to the screen that you visited before."),
        (_ALWAYS, "later", "]", "Later", "Goes forward to the screen that you visited after it."),
        ((Where.TRACE,), "detail", "enter", "Detail", "In a trace: opens the object with its facts and findings."),
        ((Where.TRACE,), "probe", "P", "Probe", "In a trace: lists the targets of a probe and asks for confirmation."),
        ((Where.PROBE,), "send", "enter", "Send", "In a probe: connects to the listed targets from this machine."),
        (_OBJECT, "trace", "t", "Trace", "Follows both families hop by hop through the object."),
        ((*_OBJECT, *_ALWAYS), "explain", "e", "Explain", "Explains the check with the selected code."),
        ((*_TABLES, Where.DETAIL), "findings", "w", "Findings", "Lists the findings by cause."),
        (
            (*_OBJECT, Where.FLEET),
            "timeline",
            "T",
            "Timeline",
            "Lists what changed since dsview started. In a fleet, each cluster has one from when it is opened.",
        ),
        (_OBJECT, "yaml", "Y", "YAML", "Shows the current YAML of the object."),
        (_PANES, "zoom", "z f", "Zoom", "Shows only this pane, or all panes again."),
        (
            _TABLES,
            "all_columns",
            "v",
            "All columns",
            "Shows every column, or only those that fit. Both lanes stay visible.",
        ),
        (_PANES, "choose_columns", "C", "Choose columns", "Selects the columns of this pane, and remembers them."),
        (_PANES, "column_earlier", "shift+left", "Column earlier", "Moves the selected column to the left."),
        (_PANES, "column_later", "shift+right", "Column later", "Moves the selected column to the right."),
    ),
    "Find": (
        (_TABLES, "filter", "/", "Filter", "Shows only the rows that match the text."),
        (_TABLES, "only_findings", "!", "Only flagged", "Shows only flagged rows, or all rows."),
        (
            (Where.TIMELINE,),
            "narrow",
            "!",
            "Only one kind",
            "In the timeline: shows findings only, families only, and so on.",
        ),
        (
            (Where.TIMELINE,),
            "only_object",
            "o",
            "Only this object",
            "In the timeline: shows only the changes of this object, by layer, or all again.",
        ),
        (_TABLES, "sort", "s", "Sort", "Sorts by severity, name or any column; again: reverses the order."),
        (_FINDINGS, "group", "s", "Group", "In the findings: groups them by severity, by namespace or by check."),
        (_FINDINGS, "fold", "o", "Fold", "In the findings: hides or shows what the causes explain."),
        (
            _FINDINGS,
            "acknowledge",
            "a",
            "Acknowledge",
            "In the findings: acknowledges the cause for this session, or undoes it.",
        ),
        (_FINDINGS, "acknowledged", "A", "Acknowledged", "In the findings: shows or hides acknowledged causes."),
        (_FINDINGS, "exempted", "E", "Exempted", "In the findings: shows or hides exempted findings."),
        (_SCREENS, "search", "/", "Search", "In a text or a list: searches for the text."),
        (
            _SCREENS,
            "search_next",
            "n",
            "Next match",
            "In a text or a list: goes to the next match.",
        ),
        (_SCREENS, "search_previous", "N", "Previous match", "In a text or a list: goes to the previous match."),
        (_PANES, "namespaces", "n", "Namespaces", "Selects the namespaces to show."),
        (
            _TABLES,
            "clear",
            "escape",
            "Clear",
            "Removes the filter, else shows all panes again, else goes back to the fleet.",
        ),
    ),
    "Move": (
        (_LISTS, "cursor_up", "up k", "Up", "Moves the cursor up."),
        (_LISTS, "cursor_down", "down j", "Down", "Moves the cursor down."),
        (_LISTS, "page_up", "pageup ctrl+b", "Page up", "Moves up by one page."),
        (_LISTS, "page_down", "pagedown ctrl+f space", "Page down", "Moves down by one page."),
        (_LISTS, "half_page_up", "ctrl+u", "Half a page up", "Moves up by half a page."),
        (_LISTS, "half_page_down", "ctrl+d", "Half a page down", "Moves down by half a page."),
        (_LISTS, "first", "home g", "First", "Moves to the beginning."),
        (_LISTS, "last", "end G", "Last", "Moves to the end."),
        ((Where.TABLE,), "column_left", "left h", "Column left", "Selects the column to the left."),
        ((Where.TABLE,), "column_right", "right l", "Column right", "Selects the column to the right."),
        (_PANES, "next_pane", "tab", "Next pane", "Moves to the next pane."),
        (_PANES, "previous_pane", "shift+tab", "Previous pane", "Moves to the previous pane."),
        *(
            (_PANES, _to(spec), spec.key, spec.title, f"Goes to the {spec.title}; again: shows only them.")
            for spec in SPECS
        ),
    ),
    "Copy and save": (
        (
            (*_OBJECT, Where.READING, Where.TIMELINE, Where.FLEET),
            "copy",
            "y",
            "Copy",
            "Copies the fix, else the row or the text.",
        ),
        (_PANES, "copy_cell", "c", "Copy cell", "Copies the selected cell."),
        ((Where.PANES, Where.FINDINGS), "copy_row", "r", "Copy row", "Copies the row, or the finding with its fix."),
        (_ALWAYS, "save", "S", "Save", "Saves a picture, the rows of the pane or the report to a file."),
    ),
    "Time": (
        (_ALWAYS, "record", "R", "Record", "Records changes from now on into a file; again: stops."),
        (_ALWAYS, "change_before", "<", "Previous change", "In a recording: goes back to the previous change."),
        (_ALWAYS, "change_after", ">", "Next change", "In a recording: goes to the next change."),
        (_ALWAYS, "minute_before", "{", "Minute back", "In a recording: goes back one minute."),
        (_ALWAYS, "minute_after", "}", "Minute forward", "In a recording: goes forward one minute."),
        (
            _ALWAYS,
            "finding_before",
            "(",
            "Previous finding",
            "In a recording: goes back to where a finding appeared or disappeared.",
        ),
        (
            _ALWAYS,
            "finding_after",
            ")",
            "Next finding",
            "In a recording: goes to where a finding next appears or disappears.",
        ),
        (_ALWAYS, "mark", "M", "Mark", "In a recording: marks this moment for comparison with D."),
        (
            _ALWAYS,
            "compare",
            "D",
            "Compare",
            "Compares this moment with the marked one, or with the beginning of the recording.",
        ),
        (_ALWAYS, "play", ".", "Play", "In a recording: plays it; again: at 10 and 60 times the speed, then stops."),
    ),
    "While typing a filter": (
        (_FILTER, "keep", "enter down up", "Keep", "Keeps the filter and moves to the rows."),
        (_FILTER, "complete", "tab", "Complete", "Accepts the first suggestion."),
        (_FILTER, "drop", "escape", "Drop", "Removes the filter."),
    ),
    "While typing a search": (
        (_SEARCH, "keep_search", "enter down up", "Go on", "Keeps the search; n and N go from match to match."),
        (_SEARCH, "drop_search", "escape", "End the search", "Ends the search."),
    ),
    "In a list of choices": (
        (_CHOICE, "accept", "enter", "Accept", "Confirms the selection, else the line under the cursor."),
        (_CHOICE, "choose", "space", "Choose", "Adds the line to the selection, or removes it."),
        (_CHOICE, "choose_all", "ctrl+a", "All", "Selects all."),
        (_CHOICE, "cancel", "escape", "Cancel", "Changes nothing."),
    ),
    "dsview": (
        (_ALWAYS, "contexts", "x", "Contexts", "Switches to another cluster of the kubeconfig."),
        ((Where.FLEET,), "again", "r", "Read again", "In a fleet: reads the cluster of the row again."),
        (_ALWAYS, "begin", "B", "Begin the demo", "In a demo: starts its story. Until then nothing changes."),
        (_ALWAYS, "sources", "i", "Sources", "Shows the state of each source and the requests to the server."),
        (_ALWAYS, "palette", ": p ctrl+p", "Palette", f"Finds an action by its name: {_SHORT}."),
        (_ALWAYS, "theme", "", "Theme", "Changes the colours."),
        (_ALWAYS, "help", "?", "Help", "Shows every key."),
        (_ALWAYS, "quit", "q ctrl+c ctrl+q", "Quit", "Leaves dsview."),
    ),
}

ACTIONS: tuple[Action, ...] = tuple(
    Action(
        name=name,
        keys=tuple(keys.split()),
        title=title,
        help=sentence,
        group=group,
        where=where,
        bar=_BAR.get(name, ""),
        while_typing=where is _CHOICE,
        aliases=_ALIASES.get(name, ()),
    )
    for group, entries in _ENTRIES.items()
    for where, name, keys, title, sentence in entries
)


def actions_of(where: Where) -> list[Action]:
    """The actions of one part of the screen, in the registry's order."""
    return [action for action in ACTIONS if where in action.where]


def bindings_of(where: Where) -> list[BindingType]:
    """Textual's bindings for one part of the screen; their ids are the ids of the actions, for key maps.

    The Ctrl keys that work everywhere also work while typing.
    """
    bindings: list[BindingType] = []
    for action in actions_of(where):
        priority_keys = [
            key for key in action.keys if action.while_typing or (where is Where.EVERYWHERE and key.startswith("ctrl+"))
        ]
        other_keys = [key for key in action.keys if key not in priority_keys]
        if other_keys:
            bindings.append(Binding(",".join(other_keys), action.name, action.title, show=False, id=action.id))
        if priority_keys:
            # Ctrl keys beside others stay if a key map changes the action: Ctrl+C always quits.
            keys, binding_id = ",".join(priority_keys), None if other_keys else action.id
            bindings.append(Binding(keys, action.name, action.title, show=False, priority=True, id=binding_id))
    return bindings


def bar_word(action: Action, parts: Iterable[Where]) -> str:
    """The label of an action on a key bar that shows the keys of the given parts."""
    word, where = _BAR_ELSEWHERE.get(action.name, ("", frozenset()))
    return word if word and where.isdisjoint(parts) else action.bar


def bar_actions(parts: Iterable[Where], actions: Iterable[Action] = ACTIONS) -> list[Action]:
    """The actions of the key bar when the given parts are on the screen, each action once, the most useful first."""
    shown_parts = set(parts)
    order = list(_BAR)
    shown = [action for action in actions if action.bar and shown_parts & set(action.where)]
    return sorted(shown, key=lambda action: order.index(action.name))


def groups(actions: Iterable[Action] = ACTIONS) -> dict[str, list[Action]]:
    """All actions by group, for help and documentation."""
    by_group: dict[str, list[Action]] = {}
    for action in actions:
        by_group.setdefault(action.group, []).append(action)
    return by_group
