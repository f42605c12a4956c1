"""Which of the optional kinds a cluster serves: one that does not is normal, and a list of it may be forbidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.sources.kube.bodies import UNDECODABLE
from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.limits import DISCOVERY

if TYPE_CHECKING:
    from dsview.sources.kube.client import Client

TIMEOUT = 10.0
LOOK_AGAIN = 300.0
"""Seconds after which it is looked whether a kind that was not served is served now."""


class _Group(msgspec.Struct):
    name: str = ""


class _Groups(msgspec.Struct):
    groups: list[_Group] = []


class _Resource(msgspec.Struct):
    name: str = ""


class _Resources(msgspec.Struct):
    resources: list[_Resource] = []


def served(client: Client, kinds: list[Kind]) -> list[Kind]:
    """Those of the kinds that discovery names; all of them where discovery does not answer.

    Everybody who is authenticated may ask for it (ClusterRole system:discovery), whatever else is forbidden.
    """
    try:
        answer = msgspec.json.decode(client.get("/apis", timeout=TIMEOUT, limit=DISCOVERY), type=_Groups)
    except (RequestFailed, *UNDECODABLE):
        return kinds
    groups = {group.name for group in answer.groups}
    names: dict[str, set[str]] = {}
    return [kind for kind in kinds if RESOURCES[kind].group in groups and _is_listed(client, kind, names)]


def _is_listed(client: Client, kind: Kind, names: dict[str, set[str]]) -> bool:
    resource = RESOURCES[kind]
    for version in resource.versions:
        path = f"/apis/{resource.group}/{version}"
        if path not in names:
            try:
                found = msgspec.json.decode(client.get(path, timeout=TIMEOUT, limit=DISCOVERY), type=_Resources)
            except (RequestFailed, *UNDECODABLE):
                found = _Resources()
            names[path] = {item.name for item in found.resources}
        if resource.plural in names[path]:
            return True
    return False
