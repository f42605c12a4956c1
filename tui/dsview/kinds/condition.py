"""Status conditions, as in Pods, Nodes and ServiceCIDRs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from dsview.kinds.wire import Json, Wire, iso_time, without_empty


class Condition(msgspec.Struct, frozen=True, gc=False):
    """A status condition; `since` is its last transition, epoch seconds."""

    type: str
    status: str
    reason: str = ""
    since: int = 0


class ConditionWire(Wire):
    """status.conditions[]."""

    type: str = ""
    status: str = ""
    reason: str | None = None
    last_transition_time: datetime | None = None


def encode_conditions(conditions: Iterable[Condition]) -> list[Json]:
    """status.conditions[]."""
    return [
        without_empty(type=c.type, status=c.status, reason=c.reason, lastTransitionTime=iso_time(c.since))
        for c in conditions
    ]


def encode_ready(*, ready: bool, since: int) -> list[Json]:
    """status.conditions[] with only the Ready condition; `since` is in epoch seconds."""
    return encode_conditions([Condition("Ready", "True" if ready else "False", since=since)]) if ready or since else []
