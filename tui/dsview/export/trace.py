"""The output of `dsview trace`: text in two lanes, or JSON (trace.schema.json)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from dsview import __version__
from dsview.analysis.hop import Lane, Trace
from dsview.analysis.trace_layout import Line, Role, Signs, hop_lines, summary_line, width_of, wrapped
from dsview.core.address import FAMILIES, Family
from dsview.export.json_text import json_text
from dsview.export.report import Ref, Wire, ref_of

SCHEMA = "dsview.io/trace/v1"

_COLOURS = {
    Role.LABEL: "1",
    Role.V4: "36",
    Role.V6: "35",
    Role.GOOD: "32",
    Role.WARNING: "33",
    Role.BROKEN: "1;31",
    Role.CAUSE: "1;7;31",
    Role.MUTED: "2",
    Role.FAINT: "2",
}
"""ANSI codes. Every terminal has these 16 colours."""

_MIN_WIDTH = 32


class LanePart(Wire, frozen=True):
    """One family at one hop."""

    verdict: str
    values: tuple[str, ...]
    why: str | None
    fix: str | None


class HopPart(Wire, frozen=True):
    """One hop."""

    id: str
    name: str
    ipv4: LanePart = msgspec.field(name="IPv4")
    ipv6: LanePart = msgspec.field(name="IPv6")


class CoursePart(Wire, frozen=True):
    """The conclusion for a family. `broken_at` are the ids of the hops that cause the break."""

    outcome: str
    sentence: str
    broken_at: tuple[str, ...]
    fix: str | None


class TraceReport(Wire, frozen=True):
    """The whole trace. `others` are the traces through the other front doors that serve the host."""

    schema: str
    dsview: str
    target: Ref
    host: str | None
    ipv4: CoursePart = msgspec.field(name="IPv4")
    ipv6: CoursePart = msgspec.field(name="IPv6")
    hops: tuple[HopPart, ...]
    others: tuple[TraceReport, ...] = ()


def _lane(lane: Lane) -> LanePart:
    return LanePart(verdict=lane.verdict.value, values=lane.values, why=lane.why or None, fix=lane.fix or None)


def _course(trace: Trace, family: Family) -> CoursePart:
    course = trace.course(family)
    return CoursePart(
        outcome=course.outcome.value,
        sentence=course.sentence,
        broken_at=tuple(trace.hops[index].id for index in course.causes),
        fix=course.fix or None,
    )


def render_json(trace: Trace, _width: int, _colour: bool) -> str:
    """The trace as JSON (trace.schema.json)."""
    return json_text(_report(trace))


def _report(trace: Trace) -> TraceReport:
    hops = tuple(HopPart(id=hop.id, name=hop.name, ipv4=_lane(hop.v4), ipv6=_lane(hop.v6)) for hop in trace.hops)
    return TraceReport(
        schema=SCHEMA,
        dsview=__version__,
        target=ref_of(trace.target),
        host=trace.host or None,
        ipv4=_course(trace, "IPv4"),
        ipv6=_course(trace, "IPv6"),
        hops=hops,
        others=tuple(map(_report, trace.others)),
    )


def _painted(line: Line, colour: bool) -> str:
    if not colour:
        return "".join(text for text, _ in line).rstrip()
    pieces = (f"\x1b[{_COLOURS[role]}m{text}\x1b[0m" if role in _COLOURS else text for text, role in line)
    return "".join(pieces).rstrip()


def _summary(trace: Trace, family: Family, width: int) -> Iterator[Line]:
    """The conclusion, wrapped after its symbol."""
    sign, (name, name_role), (sentence, role) = summary_line(trace, family, Signs())
    lines = wrapped(f"{name}{sentence}", width - width_of((sign,)))
    yield (sign, (name, name_role), (lines[0].removeprefix(name), role))
    for line in lines[1:]:
        yield (("  ", Role.PLAIN), (line, role))


def render_text(trace: Trace, width: int, colour: bool) -> str:
    """The trace in the given number of columns, optionally with ANSI colours."""
    width = max(_MIN_WIDTH, width)
    lines = [line for each in (trace, *trace.others) for line in _one_trace(each, width)]
    disclaimer = "dsview reads the API and sends no packets: a hop that is ok may still be unreachable."
    lines += [((line, Role.FAINT),) for line in wrapped(disclaimer, width)]
    return "\n".join(_painted(line, colour) for line in lines) + "\n"


def _one_trace(trace: Trace, width: int) -> Iterator[Line]:
    yield ((trace.title, Role.LABEL),)
    yield ()
    for family in FAMILIES:
        yield from _summary(trace, family, width)
    for number, text in _fix(trace):
        yield (("  fix " if number == 0 else "      ", Role.MUTED), (text, Role.INK))
    yield ()
    yield from hop_lines(trace, width, Signs())
    yield ()


def _fix(trace: Trace) -> list[tuple[int, str]]:
    return list(enumerate(trace.fix.split("\n"))) if trace.fix else []


TRACE_FORMATS: dict[str, Callable[[Trace, int, bool], str]] = {"text": render_text, "json": render_json}
"""The functions that turn a trace into text, for a width in cells and with or without colours, by format."""
