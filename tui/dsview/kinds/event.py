"""Events with one of a few reasons."""

from __future__ import annotations

import re
from datetime import datetime

from dsview.kinds.annotations import plain_annotations
from dsview.kinds.kind import Kind, Resource
from dsview.kinds.metadata import Object, ObjectMeta, read_meta
from dsview.kinds.wire import Json, Wire, iso_time, seconds, without_empty

EVENT_REASONS: tuple[str, ...] = (
    "KubernetesDefaultServiceCIDRInconsistent",
    "KubernetesDefaultServiceCIDRError",
    "ClusterIPOutOfRange",
    "HostIPsIPFamilyMismatch",
    "CIDRNotAvailable",
    "CIDRAssignmentFailed",
    "AllocationFailed",
    "SyncLoadBalancerFailed",
    "Unhealthy",
)
"""The only reasons for which Events are requested. Each request has one reason as its fieldSelector."""

_CONTAINER = re.compile(r"containers\{(?P<name>[^{}]*)\}$")
"""How the fieldPath of an Event names a container: `spec.containers{web}`."""


class Event(Object, frozen=True, gc=False):
    """A v1 Event with one of the reasons in `EVENT_REASONS`, and the object that it is about.

    `involved_container` is the container of the Pod that it is about, if it names one.
    """

    reason: str = ""
    message: str = ""
    involved_kind: str = ""
    involved_namespace: str = ""
    involved_name: str = ""
    involved_container: str = ""
    last_seen: int = 0


class InvolvedObject(Wire):
    """involvedObject of an Event."""

    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    field_path: str | None = None


class EventWire(Wire):
    """v1 Event."""

    metadata: ObjectMeta
    reason: str | None = None
    message: str | None = None
    involved_object: InvolvedObject | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None


def _decode(o: EventWire) -> Event:
    involved = o.involved_object or InvolvedObject()
    container = _CONTAINER.search(involved.field_path or "")
    return Event(
        **read_meta(o.metadata, plain_annotations(o.metadata.annotations)),
        reason=o.reason or "",
        message=o.message or "",
        involved_kind=involved.kind or "",
        involved_namespace=involved.namespace or "",
        involved_name=involved.name or "",
        involved_container=container.group("name") if container is not None else "",
        last_seen=seconds(o.last_timestamp or o.event_time or o.metadata.creation_timestamp),
    )


REFUSED = "connection refused"
"""The text of a failed probe's Event if nothing listens on the probed address."""


_TARGET = re.compile(r"(?:\[(?P<in_brackets>[0-9A-Fa-f:.]+)\]|\b(?P<bare>[0-9.]+)):[0-9]+")
"""An address with its port, as in `dial tcp [fd00::7]:8080: connect: connection refused`."""


def probed_addresses(message: str) -> list[str]:
    """The addresses in the Event of a failed probe, each followed by a port."""
    return [match.group("in_brackets") or match.group("bare") for match in _TARGET.finditer(message)]


def is_about_addresses(event: Event) -> bool:
    """Whether an Event can say anything about address families. Most failed probes cannot."""
    return event.reason != "Unhealthy" or REFUSED in event.message


def _encode(item: Event) -> Json:
    involved = without_empty(
        kind=item.involved_kind,
        namespace=item.involved_namespace,
        name=item.involved_name,
        fieldPath=f"spec.containers{{{item.involved_container}}}" if item.involved_container else None,
    )
    return without_empty(
        reason=item.reason,
        message=item.message,
        involvedObject=involved,
        lastTimestamp=iso_time(item.last_seen),
    )


EVENT = Resource(
    kind=Kind.EVENT,
    group="",
    versions=("v1",),
    plural="events",
    namespaced=True,
    alias="event",
    wire=EventWire,
    decode=_decode,
    encode=_encode,
)
