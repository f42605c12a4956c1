"""The parts of a trace: hops, each with a lane for each family, and a conclusion for each family."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from dsview.core.address import FAMILIES, Family
from dsview.core.finding import Finding, ObjectRef, Severity
from dsview.core.text import Safe, safe, safe_lines

SHOWN = 4
"""The largest number of values of a hop that are listed. The others are counted."""


class Verdict(StrEnum):
    """What the API says about one family at one hop."""

    OK = "ok"
    BROKEN = "broken"
    ABSENT = "not there"
    NOT_PROVEN = "not proven"
    NOT_READ = "not read"


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One family at one hop: its values, the verdict, the reason, and a fix.

    `in_part`: only some of the objects at this hop are broken.
    """

    values: tuple[Safe, ...] = ()
    verdict: Verdict
    why: Safe = Safe("")
    fix: Safe = Safe("")
    in_part: bool = False


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One hop. `symptom_of` are the ids of the later hops that explain it if they are broken too."""

    id: str
    name: Safe
    v4: Lane
    v6: Lane
    symptom_of: tuple[str, ...] = ()

    def lane(self, family: Family) -> Lane:
        """The lane of a family."""
        return self.v4 if family == "IPv4" else self.v6


class Outcome(StrEnum):
    """The conclusion for a family."""

    BROKEN = "broken"
    FLAGGED = "flagged"
    NOT_OFFERED = "not offered"
    NOT_READ = "not read"
    NOT_PROVEN = "not proven"
    CLEAR = "no problem found"


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """One family from end to end.

    `causes` are the indexes of the hops that cause the break, and `fix` is the fix of the one nearest to the server.
    """

    outcome: Outcome
    sentence: Safe
    causes: tuple[int, ...] = ()
    fix: Safe = Safe("")


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """The hops, starting at the client, and the conclusions.

    `target` is the traced object, and `host` the traced host of an Ingress or a route. `others` are the traces through
    the other front doors that serve the host.
    """

    title: Safe
    target: ObjectRef
    host: str = ""
    hops: tuple[Hop, ...]
    v4: Course
    v6: Course
    others: tuple[Trace, ...] = ()

    def course(self, family: Family) -> Course:
        """The conclusion for a family."""
        return self.v4 if family == "IPv4" else self.v6

    @property
    def is_broken(self) -> bool:
        """Whether a family breaks at any front door."""
        is_this_broken = any(self.course(family).outcome is Outcome.BROKEN for family in FAMILIES)
        return is_this_broken or any(trace.is_broken for trace in self.others)

    @property
    def fix(self) -> Safe:
        """The fix for IPv4 or, if there is none, for IPv6; empty if there is no fix."""
        return self.v4.fix or self.v6.fix


def listed(values: Iterable[str]) -> tuple[Safe, ...]:
    """The first few values and the number of others."""
    strings = list(values)
    more = (safe(f"and {len(strings) - SHOWN} more"),) if len(strings) > SHOWN else ()
    return (*map(safe, strings[:SHOWN]), *more)


def make_hop(hop_id: str, name: str, lanes: Mapping[Family, Lane], *, symptom_of: tuple[str, ...] = ()) -> Hop:
    """A hop with two lanes."""
    return Hop(id=hop_id, name=safe(name), v4=lanes["IPv4"], v6=lanes["IPv6"], symptom_of=symptom_of)


def same_for_both(hop_id: str, name: str, verdict: Verdict, why: str) -> Hop:
    """A hop with the same verdict for both families."""
    return make_hop(hop_id, name, {family: Lane(verdict=verdict, why=safe(why)) for family in FAMILIES})


def client_hop() -> Hop:
    """The first hop of every trace, about which nothing can be proven."""
    return same_for_both("client", "Client", Verdict.NOT_PROVEN, "dsview sends no packets")


def worst_about(findings: Iterable[Finding], family: Family) -> Finding | None:
    """The worst finding about the family or about no family."""
    return min((f for f in findings if f.family in (family, None)), key=lambda f: f.order, default=None)


def fix_of(finding: Finding | None) -> Safe:
    """The fix of a finding, if there is one."""
    return safe_lines(finding.fix or "") if finding is not None else Safe("")


def broken_lane(
    finding: Finding | None, default_reason: str = "", *, values: Iterable[str] = (), in_part: bool = False
) -> Lane:
    """A broken lane, with the finding that explains it, if there is one."""
    return Lane(
        values=listed(values),
        verdict=Verdict.BROKEN,
        why=safe(finding.message if finding is not None else default_reason),
        fix=fix_of(finding),
        in_part=in_part,
    )


def with_lane(hop: Hop, family: Family, lane: Lane) -> Hop:
    """The hop with another lane for a family."""
    return msgspec.structs.replace(hop, **{"v4" if family == "IPv4" else "v6": lane})


def not_proven(hop: Hop, family: Family) -> Hop:
    """The hop with broken lanes changed to "not proven": no finding confirms them, as in a rollout."""
    lane = hop.lane(family)
    if lane.verdict is not Verdict.BROKEN:
        return hop
    return with_lane(hop, family, Lane(values=lane.values, verdict=Verdict.NOT_PROVEN, why=lane.why))


def causes_of(hops: Sequence[Hop], family: Family) -> list[int]:
    """The indexes of the broken hops that no later hop explains."""
    broken = {hop.id for hop in hops if hop.lane(family).verdict is Verdict.BROKEN}
    return [i for i, hop in enumerate(hops) if hop.id in broken and broken.isdisjoint(hop.symptom_of)]


def course_of(hops: tuple[Hop, ...], family: Family, findings: Iterable[Finding]) -> Course:
    """The conclusion for a family. `findings` are those about the objects on the path, shown at a hop or not."""
    lanes = [hop.lane(family) for hop in hops]
    causes = causes_of(hops, family)
    if causes:
        return _broken(hops, family, causes)
    missing = next((lane for hop, lane in zip(hops, lanes, strict=True) if _is_not_offered(hop, lane)), None)
    if missing is not None:
        # If there is a fix, the reason is the sentence of a finding.
        why = f": {missing.why}" if missing.fix else "."
        return Course(outcome=Outcome.NOT_OFFERED, sentence=safe(f"{family} is not offered{why}"), fix=missing.fix)
    serious = [f for f in findings if f.severity is not Severity.NOTE and f.family in (family, None)]
    serious.sort(key=_order)
    if serious:
        first = serious[0]
        more = f" And {len(serious) - 1} more." if len(serious) > 1 else ""
        sentence = f"{family}: no hop is broken, but {first.check} is flagged: {first.message}{more}"
        return Course(outcome=Outcome.FLAGGED, sentence=safe(sentence), fix=fix_of(first))
    for verdict, outcome, words in (
        (Verdict.NOT_READ, Outcome.NOT_READ, "no problem found in what was read; not read"),
        (Verdict.NOT_PROVEN, Outcome.NOT_PROVEN, "no problem found; not proven"),
    ):
        # The client is left out, because nothing about it can ever be proven.
        names = [str(hop.name) for hop in hops[1:] if hop.lane(family).verdict is verdict]
        if names:
            return Course(outcome=outcome, sentence=safe(f"{family}: {words}: {', '.join(names)}."))
    return Course(outcome=Outcome.CLEAR, sentence=safe(f"{family}: no problem found."))


def _is_not_offered(hop: Hop, lane: Lane) -> bool:
    return hop.id == "service" and lane.verdict is Verdict.ABSENT


def _order(finding: Finding) -> tuple[object, ...]:
    return finding.order


def _broken(hops: tuple[Hop, ...], family: Family, causes: list[int]) -> Course:
    # The last broken hop is nearest to the server; the others are listed after it.
    main, *others = reversed(causes)
    lane = hops[main].lane(family)
    in_part = " in part" if all(hops[i].lane(family).in_part for i in causes) else ""
    also = f" Also at {', '.join(hops[i].name for i in reversed(others))}." if others else ""
    why = lane.why if lane.why.endswith((".", "!")) or not also else f"{lane.why}."
    fixes = [hops[i].lane(family).fix for i in reversed(causes)]
    return Course(
        outcome=Outcome.BROKEN,
        sentence=safe(f"{family} breaks{in_part} at {hops[main].name}: {why}{also}"),
        causes=tuple(causes),
        fix=next((fix for fix in fixes if fix), Safe("")),
    )


def make_trace(
    title: str, target: ObjectRef, hops: Iterable[Hop], findings: Iterable[Finding] = (), *, host: str = ""
) -> Trace:
    """The trace with these hops. `findings` are those about the objects on the path."""
    path, about_path = tuple(hops), list(findings)
    return Trace(
        title=safe(title),
        target=target,
        host=host,
        hops=path,
        v4=course_of(path, "IPv4", about_path),
        v6=course_of(path, "IPv6", about_path),
    )
