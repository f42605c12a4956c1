"""The overview as lines of a given width: the verdict, the matrix of layers and families, the worst causes."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from dsview.analysis.family_coverage import Count, Layer
from dsview.analysis.overview import Overview, WorstCause
from dsview.checks.engine.check import LayerName
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import Severity
from dsview.ui.fitting import fit
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import FAINT, GOOD, MUTED, STRONG, Part, content, lane_style, severity_style, spaced, spread

_MIN_NAME = 30
"""The cells that a name in the verdict has at least."""

_GAP_WIDTH, _SHORT_GAP_WIDTH = 3, 2
"""The blanks between two layers, and where room is short."""

_SHORT = {LayerName.LOAD_BALANCERS: "LBs"}

_SHORTEST = {**_SHORT, LayerName.SERVICES: "Svc", LayerName.ENDPOINTS: "Eps"}
"""The names where a count would otherwise not fit."""

_LABEL = 7
_MIN_WIDTH_OF_MESSAGE = 70
"""The minimum width of a line with a message; a shorter line names the check."""


def verdict_lines(overview: Overview, width: int, glyphs: Glyphs, *, max_lines: int) -> list[Content]:
    """The verdict, wrapped to the given number of lines; the last one is shortened if needed."""
    severity = overview.severity
    if severity is not None and severity is not Severity.NOTE:
        sign: tuple[str, str] = (glyphs.severity(severity), severity_style(severity))
    elif overview.is_degraded:
        sign = (glyphs.short, severity_style(Severity.WARNING))
    elif overview.is_complete and overview.is_settled and overview.families:
        sign = (glyphs.good, GOOD)
    else:
        sign = ("?", MUTED)
    longest = max(_MIN_NAME, (width - 4) // 2)
    sentences = (_with_short_names(sentence, longest, glyphs) for sentence in overview.sentences)
    parts = [(overview.mode, STRONG), *((sentence, "$ink") for sentence in sentences)]
    text = spaced([*parts, (overview.disclaimer, MUTED)] if overview.disclaimer else parts, " ")
    lines = text.wrap(max(20, width - 4))
    if len(lines) > max_lines:
        rest = content(*(part for line in lines[max_lines - 1 :] for part in (line, " ")))
        lines = [*lines[: max_lines - 1], rest.truncate(max(20, width - 4), ellipsis=True)]
    return [content(" ", sign if number == 0 else " ", " ", line) for number, line in enumerate(lines)]


def _with_short_names(sentence: str, longest: int, glyphs: Glyphs) -> str:
    """A sentence whose long names are shortened in the middle: wrapping would break them anywhere."""
    words = sentence.split(" ")
    short = (fit(word, longest, glyphs.ellipsis, middle=True) if len(word) > longest else word for word in words)
    return " ".join(short)


def matrix_lines(overview: Overview, width: int, glyphs: Glyphs, *, is_short: bool = False) -> list[Content]:
    """Three lines: the layers' names, and a line of counts for each family. Layers that do not fit are left out.

    An ellipsis shows that layers were left out. `is_short` selects shorter names.
    """
    layers = _fitting(overview, width, is_short=is_short)
    titles: list[Part] = [" " * _LABEL]
    rows: dict[Family, list[Part]] = {
        family: [(f" {family}".ljust(_LABEL), f"{lane_style(family)} bold")] for family in FAMILIES
    }
    for layer in layers:
        room = _width_with_gap(layer, overview, is_short=is_short)
        name = _name(layer, is_short=is_short)
        words = _note(layer, is_short=is_short)
        note = f" {words}" if words else ""
        titles += [(name, MUTED), (note, FAINT), " " * (room - len(name) - len(note))]
        for family in FAMILIES:
            cell = _cell(layer, family, overview, glyphs)
            rows[family] += [cell, " " * (room - cell.cell_length)]
    if len(layers) < len(overview.layers):
        titles.append((glyphs.ellipsis, FAINT))
    return [content(*titles), *(content(*rows[family]) for family in FAMILIES)]


def gap_line(overview: Overview, width: int, glyphs: Glyphs) -> Content:
    """One line for both families: the layers in which some objects lack one, or only the flagged layers."""
    wordings = ((_SHORT, False), (_SHORT, True), (_SHORTEST, True))
    lines = [_gaps(overview, glyphs, names, only_flagged=only_flagged) for names, only_flagged in wordings]
    return next((line for line in lines if line.cell_length <= width), lines[-1])


def _gaps(overview: Overview, glyphs: Glyphs, names: Mapping[LayerName, str], *, only_flagged: bool) -> Content:
    parts: list[Part] = []
    for family in overview.families or FAMILIES:
        shown: list[Part] = []
        is_whole = True
        is_known = bool(overview.layers) and all(layer.count(family) is not None for layer in overview.layers)
        for layer in overview.layers:
            count = layer.count(family)
            flag = overview.flags.get((layer.name, family))
            if count is None or (count.is_whole and (flag is None or _is_shown_by_pods(layer, family, overview))):
                continue
            is_whole = False
            name = names.get(layer.name, layer.name)
            if flag is not None or _is_short(layer, count):
                mark = glyphs.severity(flag) if flag is not None else glyphs.short
                # All have the family, so the number of flagged objects is shown.
                words = f"{mark}{overview.flagged.get((layer.name, family), 1):,}" if count.is_whole and flag else ""
                sign = (words or f"{mark}{_count_text(count)}", severity_style(flag or Severity.WARNING))
                shown.append(content((f"{name} ", MUTED), sign))
            elif not only_flagged:
                shown.append(content((f"{name} ", MUTED), (_count_text(count), lane_style(family))))
        title = (f" {family} ", f"{lane_style(family)} bold")
        if is_whole and not is_known:
            parts.append(content(title, ("?", MUTED), " "))
        elif is_whole:
            parts.append(content(title, (glyphs.good, GOOD), " "))
        elif shown:
            parts.append(content(title, spaced(shown, " "), " "))
    return content(*parts)


def _is_shown_by_pods(layer: Layer, family: Family, overview: Overview) -> bool:
    """Whether the flag of Nodes repeats that of Pods: all Nodes have the family, but Pods of a flagged one lack it."""
    return layer.name is LayerName.NODES and (LayerName.PODS, family) in overview.flags


def worst_lines(overview: Overview, width: int, max_lines: int, glyphs: Glyphs) -> list[Content]:
    """The worst causes, one line each, under a title that says how many there are."""
    if not overview.worst:
        return []
    shown = overview.worst[: max(0, max_lines - 1)]
    more = f"{len(shown)} of {overview.causes:,}" if overview.causes > len(shown) else f"{overview.causes:,}"
    title = content(("Worst causes ", MUTED), (more, FAINT), ("  w", "$focus bold"), (" all", MUTED))
    return [title.truncate(width, ellipsis=True), *(_worst_line(cause, width, glyphs) for cause in shown)]


def _worst_line(cause: WorstCause, width: int, glyphs: Glyphs) -> Content:
    since = content((f"  since {cause.since}", STRONG) if cause.since else "")
    tail = content(since, (f"  {_consequences(cause)}", MUTED) if cause.explains else "")
    sign = (f"{glyphs.severity(cause.severity)} ", severity_style(cause.severity))
    kind, _, name = cause.object.partition(" ")
    amount = content((f" ({cause.amount})", MUTED) if cause.amount else "")
    if width < _MIN_WIDTH_OF_MESSAGE:
        code = content(sign, (f"{cause.check.removeprefix('DS-')} ", MUTED))
        if code.cell_length + len(name) + amount.cell_length + tail.cell_length >= width:
            # The name of the object matters more than what it breaks; both of its ends are kept.
            tail = since
        room = max(8, width - code.cell_length - amount.cell_length - tail.cell_length - 1)
        short = fit(name, min(room, len(name)), glyphs.ellipsis, middle=True)
        return spread(content(code, (short, "$ink"), amount), tail, width)
    name = fit(name, min(len(name), width // 2), glyphs.ellipsis, middle=True)
    words = content(sign, (f"{kind} ", MUTED), (name, "$ink"), amount, (f"  {cause.message}", MUTED))
    return spread(words, tail, width)


def _consequences(cause: WorstCause) -> str:
    """What else fails because of the cause."""
    if cause.services:
        return f"breaks {cause.services:,} Service{'' if cause.services == 1 else 's'}"
    return f"explains {cause.explains:,}"


def _fitting(overview: Overview, width: int, *, is_short: bool) -> list[Layer]:
    fitting: list[Layer] = []
    room = width - _LABEL
    for number, layer in enumerate(overview.layers, 1):
        room -= _width_with_gap(layer, overview, is_short=is_short)
        if room < 0 or (not room and number < len(overview.layers)):
            break
        fitting.append(layer)
    return fitting


def matrix_width(overview: Overview, *, is_short: bool = False) -> int:
    """The width of the whole matrix."""
    return _LABEL + sum(_width_with_gap(layer, overview, is_short=is_short) for layer in overview.layers)


def _note(layer: Layer, *, is_short: bool) -> str:
    """The note beside the name. The short form omits how many are not ready, which the sign of the counts shows."""
    return "" if is_short and layer.unready else layer.note


def _name(layer: Layer, *, is_short: bool) -> str:
    return _SHORT.get(layer.name, layer.name) if is_short else layer.name


def _width_with_gap(layer: Layer, overview: Overview, *, is_short: bool) -> int:
    """The cells of a layer with the blanks after it."""
    return _width(layer, overview, is_short=is_short) + (_SHORT_GAP_WIDTH if is_short else _GAP_WIDTH)


def _width(layer: Layer, overview: Overview, *, is_short: bool) -> int:
    found = ((count, _flagged_text(layer, family, overview)) for family in FAMILIES if (count := layer.count(family)))
    # A flag takes a sign and a blank.
    counts = [len(_count_text(count)) + 2 + len(flagged) for count, flagged in found]
    note = _note(layer, is_short=is_short)
    title = len(_name(layer, is_short=is_short)) + (len(note) + 1 if note else 0)
    return max(title, len(layer.unread), *counts, 0)


def _flagged_text(layer: Layer, family: Family, overview: Overview) -> str:
    """The number of flagged objects if all have the family: the flag alone would seem to contradict the count."""
    count, number = layer.count(family), overview.flagged.get((layer.name, family), 0)
    return f" {number:,}" if count is not None and count.is_whole and number else ""


def _count_text(count: Count) -> str:
    return f"{count.having:,}/{count.of:,}"


def _cell(layer: Layer, family: Family, overview: Overview, glyphs: Glyphs) -> Content:
    count = layer.count(family)
    if count is None:
        return content((layer.unread, MUTED))
    flag = overview.flags.get((layer.name, family))
    if flag is not None:
        words = f"{_count_text(count)} {glyphs.severity(flag)}{_flagged_text(layer, family, overview)}"
        return content((words, severity_style(flag)))
    if not count.of:
        return content((glyphs.dot, FAINT))
    is_served = not overview.families or family in overview.families
    if is_served and _is_short(layer, count):
        return content((f"{_count_text(count)} {glyphs.short}", severity_style(Severity.WARNING)))
    style = FAINT if not is_served else lane_style(family) if count.is_whole else f"{lane_style(family)} bold"
    return content((_count_text(count), style))


def _is_short(layer: Layer, count: Count) -> bool:
    """Whether some lack the family that should have it, or are not ready. A Service may have one family on purpose."""
    return bool(layer.unready) or (not count.is_whole and layer.name is not LayerName.SERVICES)
