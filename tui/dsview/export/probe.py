"""The output of `dsview probe`: its targets or its results, as text or JSON (probe.schema.json)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from dsview import __version__
from dsview.analysis.probe_results import Connection, Lookup, Observed, Outcome, in_words, record_in_words
from dsview.analysis.probe_targets import ProbePlan, ProbeTarget
from dsview.core.address import FAMILIES, Family
from dsview.core.finding import ObjectRef
from dsview.core.plurals import count
from dsview.core.text import safe
from dsview.export.json_text import json_text
from dsview.export.report import Ref, Wire, ref_of

SCHEMA = "dsview.io/probe/v1"

_INSIDE = (
    "To test the cluster IPs from inside the cluster, run this yourself. It adds a container to the pod, which stays "
    "there until the pod is deleted. It prints nothing if the connection is open."
)
_SCOPE = "The results are valid for this machine at that time. They do not change any finding."


class ConnectionPart(Wire, frozen=True):
    """One connection. `result` is null if it was not made, and `address` is empty if the name has none."""

    object: Ref
    role: str
    family: str
    address: str
    name: str | None
    port: int
    result: str | None = None
    milliseconds: float | None = None
    detail: str | None = None


class RecordsPart(Wire, frozen=True):
    """The records of a host in one family."""

    addresses: tuple[str, ...]
    verdict: str
    failure: str | None


class HostPart(Wire, frozen=True):
    """A host. Both families are null if it was not looked up."""

    host: str
    object: Ref
    published: tuple[str, ...]
    published_names: tuple[str, ...]
    canonical_name: str | None = None
    ipv4: RecordsPart | None = msgspec.field(name="IPv4", default=None)
    ipv6: RecordsPart | None = msgspec.field(name="IPv6", default=None)


class ProbeReport(Wire, frozen=True):
    """A probe. `machine` and `at` are null if nothing was sent."""

    schema: str
    dsview: str
    machine: str | None
    at: str | None
    connections: tuple[ConnectionPart, ...]
    hosts: tuple[HostPart, ...]
    notes: tuple[str, ...]
    inside: tuple[str, ...]


def _target(target: ProbeTarget) -> ConnectionPart:
    return ConnectionPart(
        object=ref_of(target.about),
        role=target.role.value,
        family=target.family,
        address=target.address,
        name=target.name or None,
        port=target.port,
    )


def _connection(observed: Connection) -> ConnectionPart:
    return msgspec.structs.replace(
        _target(observed.target),
        address=observed.address,
        result=observed.outcome.value,
        milliseconds=round(observed.seconds * 1000, 1) if observed.outcome.was_tried else None,
        detail=observed.detail or None,
    )


def _records(lookup: Lookup, family: Family) -> RecordsPart:
    records = lookup.records(family)
    return RecordsPart(
        addresses=records.addresses, verdict=lookup.verdict(family).value, failure=records.failure or None
    )


def render_plan_json(plan: ProbePlan) -> str:
    """The plan as JSON, before anything is sent."""
    return json_text(
        ProbeReport(
            schema=SCHEMA,
            dsview=__version__,
            machine=None,
            at=None,
            connections=tuple(map(_target, plan.targets)),
            hosts=tuple(
                HostPart(host=h.name, object=ref_of(h.about), published=h.addresses, published_names=h.names)
                for h in plan.hosts
            ),
            notes=plan.notes,
            inside=plan.inside,
        )
    )


def render_json(observed: Observed) -> str:
    """The results as JSON."""
    plan = observed.plan
    return json_text(
        ProbeReport(
            schema=SCHEMA,
            dsview=__version__,
            machine=observed.machine,
            at=datetime.fromtimestamp(observed.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            connections=tuple(map(_connection, observed.connections)),
            hosts=tuple(
                HostPart(
                    host=lookup.host.name,
                    object=ref_of(lookup.host.about),
                    published=lookup.published,
                    published_names=lookup.host.names,
                    canonical_name=lookup.canonical_name or None,
                    ipv4=_records(lookup, "IPv4"),
                    ipv6=_records(lookup, "IPv6"),
                )
                for lookup in observed.lookups
            ),
            notes=plan.notes,
            inside=plan.inside,
        )
    )


def render_plan(plan: ProbePlan, width: int) -> str:
    """The plan as text."""
    lines = list(_grouped((target, "") for target in plan.targets))
    lines += (safe(f"Host {host.name} ({host.about}): look up A and AAAA") for host in plan.hosts)
    if not plan.targets and not plan.hosts:
        lines.append("There is nothing to test from outside the cluster.")
    numbers = f"{count(len(plan.targets), 'TCP connection')}, {count(len(plan.hosts), 'host')} to look up."
    return _text([*lines, "", numbers, *_notes(plan, width)])


def render_text(observed: Observed, width: int) -> str:
    """The results as text."""
    when = datetime.fromtimestamp(observed.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"Observed from {observed.machine} at {when} UTC", ""]
    lines += _grouped((c.target, _result(c)) for c in observed.connections)
    for lookup in observed.lookups:
        alias = f", an alias of {lookup.canonical_name}" if lookup.canonical_name else ""
        lines.append(safe(f"Host {lookup.host.name} ({lookup.host.about}){alias}"))
        lines += [f"  {record_in_words(lookup, family)}" for family in FAMILIES]
    lines += ["", *_totals(observed)]
    for family in observed.untried:
        number = sum(c.target.family == family and not c.outcome.was_tried for c in observed.connections)
        lines += _wrapped(
            f"{count(number, f'{family} connection')} could not be tested: this machine has no route there, or blocks "
            "it. This is not a fault of the cluster; test from another machine.",
            width,
        )
    return _text([*lines, *_notes(observed.plan, width), *_wrapped(_SCOPE, width)])


def _result(connection: Connection) -> str:
    resolved = f"  {connection.address}" if connection.target.name and connection.address else ""
    return f"{in_words(connection)}{resolved}"


def _totals(observed: Observed) -> Iterator[str]:
    for family in FAMILIES:
        tried = [c for c in observed.connections if c.target.family == family and c.outcome.was_tried]
        if tried:
            number = sum(c.outcome is Outcome.OPEN for c in tried)
            verb = "is" if 1 in (number, len(tried)) else "are"
            yield f"{family}: {number} of {count(len(tried), 'connection')} {verb} open."


def _grouped(rows: Iterable[tuple[ProbeTarget, str]]) -> Iterator[str]:
    targets = list(rows)
    if not targets:
        return
    place_width = max(len(target.place) for target, _ in targets)
    role_width = max(len(target.role.value) for target, _ in targets)
    shown_object: ObjectRef | None = None
    for target, words in targets:
        if target.about != shown_object:
            shown_object = target.about
            yield safe(str(target.about))
        place, role = target.place.ljust(place_width), target.role.value.ljust(role_width)
        yield f"  {target.family}  {role}  {place}  {safe(words)}".rstrip()


def _notes(plan: ProbePlan, width: int) -> Iterator[str]:
    for note in plan.notes:
        yield from _wrapped(f"Note: {note}", width)
    if plan.inside:
        yield from _wrapped(_INSIDE, width)
        yield from (f"  $ {command}" for command in plan.inside)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(60, width), break_long_words=False, break_on_hyphens=False)


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
