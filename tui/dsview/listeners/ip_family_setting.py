"""The field spec.ipFamily of the objects that parametersRefs name. Two controllers of the Gateway API have it."""

from __future__ import annotations

from collections.abc import Mapping

from dsview.core.address import Family
from dsview.core.finding import ObjectRef
from dsview.kinds.kind import Kind
from dsview.listeners.gateway_api import Settings
from dsview.listeners.sockets import Sockets, declared, unknown


def sockets_by_setting(found: Settings, kind: Kind, families: Mapping[str, tuple[Family, ...]]) -> Sockets | None:
    """The sockets according to the first ipFamily in objects of a kind; None if none has it and all were read.

    `families` maps the values of ipFamily to families.
    """
    chosen = next((item for item in found.found if item.ip_family), None)
    if chosen is None:
        return unknown(f"{found.missing} was not read") if found.missing else None
    decided = families.get(chosen.ip_family)
    if decided is None:
        return unknown(f"ipFamily has the unknown value {chosen.ip_family[:30]}")
    holder = ObjectRef(kind.value, chosen.namespace, chosen.name)
    return declared(decided, f"spec.ipFamily of {kind} {chosen.name} is {chosen.ip_family}", holder, "spec.ipFamily")
