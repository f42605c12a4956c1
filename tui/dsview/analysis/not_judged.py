"""A sentence about what is not judged at the moment: new objects, and findings in their grace period or unsettled."""

from __future__ import annotations

import math
from collections.abc import Collection

from dsview.checks.engine.remediation import count
from dsview.checks.engine.settling import Settling
from dsview.core.finding import ObjectRef, Pending
from dsview.core.text import clock_text
from dsview.kinds.kind import Kind

_NAMED = 2
"""The number of objects to name; more are counted."""


def settling_sentence(settling: Settling) -> str:
    """Which Services, or how many findings of other objects, are not judged, and until when; empty if all are."""
    every = list(settling)
    of_services = [entry for entry in every if entry.finding.object.kind == Kind.SERVICE.value]
    undecided = settling.undecided(Kind.SERVICE.value)
    if of_services or undecided:
        services = {entry.finding.object for entry in of_services} | undecided.keys()
        verb = "is" if len(services) == 1 else "are"
        return f"Settling: {_who(services)} {verb} not judged {when_judged(of_services, undecided.values())}."
    if every:
        verb = "is" if len(every) == 1 else "are"
        return f"Settling: {count(len(every), 'finding')} {verb} not judged {when_judged(every)}."
    return ""


def _who(services: Collection[ObjectRef]) -> str:
    named = sorted(f"{ref.namespace}/{ref.name}" for ref in services)
    return " and ".join(named) if len(named) <= _NAMED else count(len(named), "Service")


def settles(settling: Settling, ref: ObjectRef) -> str:
    """When everything about an object will be judged: `until 14:03:22`; empty if it is."""
    pending, undecided = settling.of(ref), settling.undecided_until(ref)
    return when_judged(pending, () if undecided is None else (undecided,)) if pending or undecided is not None else ""


def when_judged(entries: Collection[Pending], undecided: Collection[float] = ()) -> str:
    """When all of these will be judged: `until 14:03:22`, `while Pod shop/web-1 is not ready`.

    `undecided` are the times at which checks can decide that could not yet, in epoch seconds.
    """
    moments = [*(entry.until for entry in entries if entry.until < math.inf), *undecided]
    awaited = {entry.waits_for for entry in entries if entry.waits_for is not None}
    if not awaited:
        return f"until {clock_text(max(moments))}" if moments else "yet"
    kinds = {ref.kind for ref in awaited}
    who = str(min(awaited)) if len(awaited) == 1 else count(len(awaited), kinds.pop() if len(kinds) == 1 else "object")
    return f"while {who} {'is' if len(awaited) == 1 else 'are'} not ready"
