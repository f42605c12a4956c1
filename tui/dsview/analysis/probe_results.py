"""The results of a probe and their meaning. They are shown beside the findings and do not change them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from dsview.analysis.hop import Lane, Trace, listed, with_lane
from dsview.analysis.probe_targets import ProbeHost, ProbePlan, ProbeTarget
from dsview.core.address import FAMILIES, Family, by_family, other
from dsview.core.text import Safe, clock_text, safe


class Outcome(StrEnum):
    """The result of one connection attempt."""

    OPEN = "open"
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    NO_RECORD = "no record"
    """A host name was published instead of an address, and it has no DNS record of the family."""
    NO_ROUTE = "no route of that family here"
    """This machine cannot send to addresses of the family, which says nothing about the cluster."""
    BLOCKED = "blocked on this machine"

    @property
    def was_tried(self) -> bool:
        """Whether a connection was attempted, or would have been if the name had an address."""
        return self not in (Outcome.NO_ROUTE, Outcome.BLOCKED)


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One connection: its target, its outcome, and its duration in seconds. `detail` is the system's error message."""

    target: ProbeTarget
    address: str
    outcome: Outcome
    seconds: float = 0.0
    detail: str = ""


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """The DNS addresses of a name in one family. If the lookup failed, `failure` says why."""

    addresses: tuple[str, ...] = ()
    failure: str = ""


class HostVerdict(StrEnum):
    """How the DNS records of a host in one family compare with the published addresses."""

    MATCHES = "published"
    ELSEWHERE = "not published by the cluster"
    """None of the published addresses. A CDN or another load balancer may be in front, or the record is outdated."""
    MISSING = "missing"
    """No record, although an address of the family is published."""
    UNPUBLISHED = "no such address is published"
    """A record, although no address of the family is published."""
    NEITHER = "neither record nor address"
    UNKNOWN = "not known"


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """The DNS records of a host in both families, and the addresses that the cluster published for it.

    Published host names are resolved. `canonical_name` is the last name of its CNAME chain; empty if there is none.
    """

    host: ProbeHost
    v4: Records
    v6: Records
    published: tuple[str, ...]
    canonical_name: str = ""

    def records(self, family: Family) -> Records:
        """The records of a family."""
        return self.v4 if family == "IPv4" else self.v6

    def lacks(self, family: Family) -> bool:
        """Whether clients fail over a family: it is published but has no record, or has a record but is not published.

        A record without a published address is accepted if the record of the other family points elsewhere too, because
        a CDN may be in front.
        """
        verdict = self.verdict(family)
        is_direct = self.verdict(other(family)) is HostVerdict.MATCHES
        return verdict is HostVerdict.MISSING or (verdict is HostVerdict.UNPUBLISHED and is_direct)

    def verdict(self, family: Family) -> HostVerdict:
        """How the records of a family compare with the published addresses."""
        records, published = self.records(family), set(by_family(self.published)[family])
        if records.failure:
            return HostVerdict.UNKNOWN
        if not records.addresses:
            return HostVerdict.MISSING if published else HostVerdict.NEITHER
        if not published:
            return HostVerdict.UNPUBLISHED if self.published else HostVerdict.UNKNOWN
        return HostVerdict.MATCHES if published & set(records.addresses) else HostVerdict.ELSEWHERE


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """A completed probe. `machine` is the name of the machine that ran it, and `at` its start, epoch seconds."""

    machine: Safe
    at: float
    plan: ProbePlan
    connections: tuple[Connection, ...]
    lookups: tuple[Lookup, ...]

    @property
    def has_failed(self) -> bool:
        """Whether a connection failed, or clients of a host fail over a family because of its DNS records."""
        return any(c.outcome.was_tried and c.outcome is not Outcome.OPEN for c in self._expected()) or any(
            lookup.lacks(family) for lookup in self.lookups for family in FAMILIES
        )

    @property
    def untried(self) -> tuple[Family, ...]:
        """The families with a connection that could not be tested from this machine."""
        untried = {c.target.family for c in self.connections if not c.outcome.was_tried}
        return tuple(family for family in FAMILIES if family in untried)

    def _expected(self) -> Iterable[Connection]:
        """All connections, without those to a host name that has addresses of the other family only.

        A published host name does not promise a specific family, but it must have an address.
        """
        names = {(c.target.name, c.target.port) for c in self.connections if c.outcome is not Outcome.NO_RECORD}
        for connection in self.connections:
            target = connection.target
            if connection.outcome is not Outcome.NO_RECORD or (target.name, target.port) not in names:
                yield connection


def milliseconds(seconds: float) -> str:
    """A duration in words, such as `12 ms`."""
    return f"{seconds * 1000:.0f} ms"


def in_words(connection: Connection) -> Safe:
    """The result of a connection in a few words."""
    target, outcome = connection.target, connection.outcome
    match outcome:
        case Outcome.OPEN:
            return safe(f"open ({milliseconds(connection.seconds)})")
        case Outcome.NO_ROUTE:
            return safe(f"not tested: no {target.family} route from this machine")
        case Outcome.NO_RECORD:
            return safe(f"the name has no {'A' if target.family == 'IPv4' else 'AAAA'} record")
        case Outcome.FAILED | Outcome.BLOCKED:
            return safe(f"{outcome.value} ({connection.detail})" if connection.detail else outcome.value)
        case _:
            return safe(outcome.value)


def with_observations(trace: Trace, observed: Observed) -> Trace:
    """The trace with the results of a probe at its first hop, the client. They change no verdict."""
    client = trace.hops[0]
    when = f"observed from {observed.machine} at {clock_text(observed.at)} UTC"
    for family in FAMILIES:
        values = [_value(c) for c in observed.connections if c.target.family == family]
        values += [_record(lookup, family) for lookup in observed.lookups]
        lane = client.lane(family)
        why = when if values else f"{when}: no address of the family is published"
        client = with_lane(client, family, Lane(values=listed(values), verdict=lane.verdict, why=safe(why)))
    return msgspec.structs.replace(trace, hops=(client, *trace.hops[1:]))


def _value(connection: Connection) -> str:
    return f"{connection.target.place} {in_words(connection)}"


def _record(lookup: Lookup, family: Family) -> str:
    return f"{lookup.host.name} {record_in_words(lookup, family)}"


def record_in_words(lookup: Lookup, family: Family) -> Safe:
    """The records of a host in one family, compared with the published addresses, in a few words."""
    word, records = ("A" if family == "IPv4" else "AAAA"), lookup.records(family)
    published = by_family(lookup.published)[family]
    names = _listed(records.addresses)
    match lookup.verdict(family):
        case HostVerdict.MATCHES:
            return safe(f"{word} {names}: published")
        case HostVerdict.ELSEWHERE:
            return safe(f"{word} {names}: not what is published ({_listed(published)}); a CDN, or an old record")
        case HostVerdict.MISSING:
            return safe(f"no {word}, though {_listed(published)} is published")
        case HostVerdict.UNPUBLISHED:
            return safe(f"{word} {names}, though no {family} address is published")
        case HostVerdict.NEITHER:
            return safe(f"no {word}, and no {family} address is published")
        case HostVerdict.UNKNOWN if records.failure:
            return safe(f"{word} is not known: {records.failure}")
        case _:
            return safe(f"{word} {names}; nothing is published to compare it with")


def _listed(values: Sequence[str]) -> str:
    return ", ".join(listed(values))
