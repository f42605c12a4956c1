"""The trace screen: both families as two lines with a stop at every hop, the broken one marked and explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.content import Content

from dsview.model.address import FAMILIES, Family
from dsview.model.objects import Key
from dsview.rows.trace import Hop, Lane, Trace, Verdict, trace
from dsview.ui.actions import Where, bindings_of
from dsview.ui.document import Block, blank, paragraph
from dsview.ui.glyphs import Glyphs
from dsview.ui.paint import fit
from dsview.ui.screens.reading import ReadingScreen
from dsview.ui.words import FAINT, GOOD, MUTED, STRONG, Part, content, lane_style

if TYPE_CHECKING:
    from dsview.session.session import Delta
    from dsview.ui.workspace import Workspace

_LABEL = 17
_NARROW_LABEL = 15
_LEAST_NAME = 9
_BRIEF = 2
_CAUSE = "breaks here"
_BROKEN = "$flag-error bold"


class TraceScreen(ReadingScreen):
    """Shows `dsview.rows.trace` and follows it while it changes."""

    PARTS: ClassVar[tuple[Where, ...]] = (Where.READING, Where.TRACE)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Where.TRACE)

    def __init__(self, workspace: Workspace, pane_id: str, key: Key, *, glyphs: Glyphs) -> None:
        super().__init__(glyphs=glyphs)
        self._workspace = workspace
        self._pane_id = pane_id
        self._key = key
        self._trace = trace(workspace.session, pane_id, key)

    @property
    def crumb(self) -> str:
        """The name in the trail."""
        return "Trace"

    def heading(self) -> Content:
        """What is traced."""
        title = self._trace.title if self._trace is not None else "/".join(filter(None, self._key))
        return content((" Trace ", MUTED), (title, STRONG), ("   what the API tells, hop by hop", FAINT))

    def blocks(self) -> Sequence[Block]:
        """A sentence for each family, then the hops."""
        found = self._trace
        if found is None:
            return [blank(), paragraph(content("No Service leads here, so that there is nothing to follow."))]
        return [
            blank(),
            *(_summary(found, family, self.glyphs) for family in FAMILIES),
            blank(),
            Block(lambda width: trace_lines(found, width, self.glyphs)),
            blank(),
        ]

    def session_changed(self, delta: Delta) -> None:
        """Show what is different now."""
        if not delta:
            return
        now = trace(self._workspace.session, self._pane_id, self._key)
        if now is not None and now != self._trace:
            self._trace = now
            self.show_heading()
            self.fill()

    def action_detail(self) -> None:
        """The object with its facts and findings."""
        self.app.go.detail(self._pane_id, self._key)


def _summary(found: Trace, family: Family, glyphs: Glyphs) -> Block:
    verdicts = [hop.lane(family).verdict for hop in found.hops]
    if Verdict.BROKEN in verdicts:
        sign = (f"{glyphs.error} ", _BROKEN)
    elif "not offered" in found.summary(family):
        sign = (f"{glyphs.nowhere} ", MUTED)
    else:
        sign = (f"{glyphs.good} ", GOOD)
    words, _, rest = found.summary(family).partition(family)
    return paragraph(content(sign, words, (family, f"{lane_style(family)} bold"), (rest, "$ink")), hanging=2)


def trace_lines(found: Trace, width: int, glyphs: Glyphs) -> list[Content]:
    """The picture: a column of names, then a line for each family. `width` is in cells."""
    label = _LABEL if width >= 76 else _NARROW_LABEL
    room = max(10, (width - label - 3) // 2)
    causes = {family: _cause(found.hops, family) for family in FAMILIES}
    lines = [_titles(label, room, glyphs)]
    for index, hop in enumerate(found.hops):
        last = index == len(found.hops) - 1
        stops = [
            _stop(hop.lane(family), family, room, glyphs, is_cause=causes[family] == index, is_last=last)
            for family in FAMILIES
        ]
        height = max(len(stop) for stop in stops)
        for number in range(height):
            parts: list[Part] = [(_label(hop, number, label), STRONG)]
            for stop, family in zip(stops, FAMILIES, strict=True):
                rail = content("") if last else content(_rail(hop.lane(family), family, glyphs))
                line = stop[number] if number < len(stop) else rail
                parts.append(line if family == "IPv6" else line.pad_right(max(0, room + 3 - line.cell_length)))
            lines.append(content(*parts))
    return lines


def _label(hop: Hop, number: int, width: int) -> str:
    """The hop's name on its first line; a long name goes on on the second."""
    words, _, rest = hop.name.partition(" ")
    if len(hop.name) < width:
        words, rest = hop.name, ""
    text = words if number == 0 else rest if number == 1 else ""
    return (text if len(text) < width else text[: width - 2] + "…").ljust(width)


def _titles(label: int, room: int, glyphs: Glyphs) -> Content:
    parts: list[Part] = [" " * label]
    for family in FAMILIES:
        line = glyphs.line * (room - len(family) - 1)
        parts += [(f"{family} ", f"{lane_style(family)} bold"), (line, f"{lane_style(family)} 45%"), "   "]
    return content(*parts[:-1])


def _cause(hops: Sequence[Hop], family: Family) -> int | None:
    """The hop that is to blame: the last broken one, since those before it only show the effect."""
    broken = [index for index, hop in enumerate(hops) if hop.lane(family).verdict is Verdict.BROKEN]
    return broken[-1] if broken else None


def _rail(lane: Lane, family: Family, glyphs: Glyphs) -> tuple[str, str]:
    """The line from this hop to the next."""
    if lane.verdict is Verdict.BROKEN:
        return (glyphs.broken_rail, _BROKEN)
    if lane.verdict is Verdict.ABSENT:
        return (glyphs.broken_rail, FAINT)
    return (glyphs.rail, lane_style(family))


def _stop(lane: Lane, family: Family, room: int, glyphs: Glyphs, *, is_cause: bool, is_last: bool) -> list[Content]:
    """One family at one hop: the sign and the values, then why, then the line on to the next hop."""
    is_broken = lane.verdict is Verdict.BROKEN
    rail: Part = "  " if is_last else content(_rail(lane, family, glyphs), " ")
    word = f" {_CAUSE} " if is_cause else lane.verdict.value
    if lane.verdict is Verdict.OK and lane.values and cell_len(lane.values[0]) + len(word) + 4 > room:
        # The sign and the value say it; the name of a pod needs the room more.
        word = ""
    word_style = "$background on $flag-error bold" if is_cause else _BROKEN if is_broken else FAINT
    # One value is the verdict's own; several are what is there in spite of it.
    value_style = _BROKEN if is_broken and len(lane.values) == 1 else lane_style(family)
    texts: list[Content] = []
    for number, value in enumerate(lane.values):
        space = room - 2 - (len(word) + 2 if number == 0 else 0)
        texts.append(content((_shortened(value, space, glyphs), value_style)))
    texts[:1] = [content(*texts[:1], *(["  "] if texts else []), (word, word_style))]
    if lane.why and not is_broken and lane.verdict is not Verdict.OK:
        texts[0] = content(texts[0], (f"  {lane.why}", FAINT))
    elif lane.why and is_broken:
        # What is only an effect is told in brief, so that the cause is seen without scrolling.
        why = content((lane.why, "$ink")).wrap(room - 2)
        texts += (
            why if is_cause or len(why) <= _BRIEF else [*why[: _BRIEF - 1], content(why[_BRIEF - 1], glyphs.ellipsis)]
        )
    lines = [wrapped for text in texts for wrapped in text.wrap(room - 2)]
    sign = _sign(lane.verdict, family, glyphs)
    stop = [content(rail if number else content(sign, " "), line) for number, line in enumerate(lines)]
    return stop if is_last else [*stop, content(rail)]


def _sign(verdict: Verdict, family: Family, glyphs: Glyphs) -> tuple[str, str]:
    match verdict:
        case Verdict.OK:
            return (glyphs.good, lane_style(family))
        case Verdict.BROKEN:
            return (glyphs.error, _BROKEN)
        case Verdict.ABSENT:
            return (glyphs.nowhere, MUTED)
    return ("?", MUTED)


def _shortened(value: str, space: int, glyphs: Glyphs) -> str:
    """A name and an address in one line: the name is cut in its middle, the address is not."""
    name, blank_, address = value.rpartition(" ")
    if cell_len(value) <= space or not name:
        return value
    return fit(name, max(_LEAST_NAME, space - cell_len(address) - 1), glyphs.ellipsis, middle=True) + blank_ + address
