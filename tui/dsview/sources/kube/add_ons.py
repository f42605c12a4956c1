"""Discovers which optional kinds a cluster serves. A missing kind is normal, and listing it may be forbidden."""

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
DISCOVERY_INTERVAL = 300.0
"""Seconds between two discovery requests for kinds that are not served yet."""


class _Group(msgspec.Struct):
    name: str = ""


class _Groups(msgspec.Struct):
    groups: list[_Group] = []


class _Resource(msgspec.Struct):
    name: str = ""


class _Resources(msgspec.Struct):
    resources: list[_Resource] = []


def served(client: Client, kinds: list[Kind]) -> list[Kind]:
    """The kinds that discovery lists; all of them if discovery fails.

    Every authenticated user has access to discovery (ClusterRole system:discovery), regardless of other permissions.
    """
    try:
        response = msgspec.json.decode(client.get("/apis", timeout=TIMEOUT, limit=DISCOVERY), type=_Groups)
    except (RequestFailed, *UNDECODABLE):
        return kinds
    groups = {group.name for group in response.groups}
    names: dict[str, set[str]] = {}
    return [kind for kind in kinds if RESOURCES[kind].group in groups and _is_listed(client, kind, names)]


def _is_listed(client: Client, kind: Kind, names: dict[str, set[str]]) -> bool:
    resource = RESOURCES[kind]
    for version in resource.versions:
        path = f"/apis/{resource.group}/{version}"
        if path not in names:
            try:
                resources = msgspec.json.decode(client.get(path, timeout=TIMEOUT, limit=DISCOVERY), type=_Resources)
            except (RequestFailed, *UNDECODABLE):
                resources = _Resources()
            names[path] = {item.name for item in resources.resources}
        if resource.plural in names[path]:
            return True
    return False
