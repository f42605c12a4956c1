"""A sentence about what has no verdict yet: new objects, findings in their grace period, and settling findings."""

from __future__ import annotations

import math
from collections.abc import Collection

from dsview.checks.engine.settling import Settling
from dsview.core.finding import ObjectRef, Pending
from dsview.core.plurals import count
from dsview.core.text import clock_text
from dsview.kinds.kind import Kind

_NAMED = 2
"""The largest number of objects that are named. If there are more, they are counted."""


def settling_sentence(settling: Settling) -> str:
    """The Services with pending findings, or the number of pending findings about other objects, and until when.

    Empty if nothing is pending.
    """
    pending = list(settling)
    of_services = [entry for entry in pending if entry.finding.object.kind == Kind.SERVICE.value]
    undecided = settling.undecided(Kind.SERVICE.value)
    if of_services or undecided:
        services = {entry.finding.object for entry in of_services} | undecided.keys()
        verb = "is" if len(services) == 1 else "are"
        return f"Settling: {_service_names(services)} {verb} not judged {when_judged(of_services, undecided.values())}."
    if pending:
        verb = "is" if len(pending) == 1 else "are"
        return f"Settling: {count(len(pending), 'finding')} {verb} not judged {when_judged(pending)}."
    return ""


def _service_names(services: Collection[ObjectRef]) -> str:
    named = sorted(f"{ref.namespace}/{ref.name}" for ref in services)
    return " and ".join(named) if len(named) <= _NAMED else count(len(named), "Service")


def settles(settling: Settling, ref: ObjectRef) -> str:
    """When an object will have its verdict: `until 14:03:22`; empty if it has one."""
    pending, undecided = settling.of(ref), settling.undecided_until(ref)
    return when_judged(pending, () if undecided is None else (undecided,)) if pending or undecided is not None else ""


def when_judged(entries: Collection[Pending], undecided: Collection[float] = ()) -> str:
    """When all of these will have a verdict: `until 14:03:22`, `while Pod shop/web-1 is not ready`.

    `undecided` are the times when checks that wait can decide, epoch seconds.
    """
    moments = [*(entry.until for entry in entries if entry.until < math.inf), *undecided]
    awaited = {entry.waits_for for entry in entries if entry.waits_for is not None}
    if not awaited:
        return f"until {clock_text(max(moments))}" if moments else "yet"
    kinds = {ref.kind for ref in awaited}
    who = str(min(awaited)) if len(awaited) == 1 else count(len(awaited), kinds.pop() if len(kinds) == 1 else "object")
    return f"while {who} {'is' if len(awaited) == 1 else 'are'} not ready"
