"""The permissions of a ClusterRole, decided like Kubernetes' RBAC authoriser, for the loopback API server."""

from __future__ import annotations

from typing import Any

import yaml

from tests.support.apiserver import KINDS, Fault, Request, status_body


class Rights:
    """The rules of one ClusterRole. `enforce` is a hook that answers everything else with 403.

    The version and discovery may be asked for by whoever has logged in (system:public-info-viewer, system:discovery),
    as in a real cluster.
    """

    def __init__(self, role: str) -> None:
        self.rules: list[dict[str, Any]] = yaml.safe_load(role)["rules"]
        self.refused: list[Request] = []

    def enforce(self, request: Request) -> None:
        """Refuse a request that no rule permits."""
        if not self.permits(request):
            self.refused.append(request)
            text = f"{request.plural} is forbidden: User cannot {request.verb} resource"
            raise Fault(403, status_body(403, "Forbidden", text))

    def permits(self, request: Request) -> bool:
        """Whether every verb of the request is permitted."""
        if request.plural in {"version", "apis"}:
            return True
        if request.verb == "exec":
            # A WebSocket is opened by GET; from 1.35 on the server asks for `create` as well (KEP-5080).
            return all(self._permits(verb, "", "pods/exec", request) for verb in ("get", "create"))
        group = KINDS[request.plural][0].rpartition("/")[0] if request.plural in KINDS else ""
        return self._permits(request.verb, group, request.plural, request)

    def _permits(self, verb: str, group: str, resource: str, request: Request) -> bool:
        # A list or watch of one object by its name counts as a request for that name.
        name = request.name or request.query.get("fieldSelector", "").removeprefix("metadata.name=")
        return any(
            verb in rule["verbs"]
            and group in rule["apiGroups"]
            and resource in rule["resources"]
            and (not rule.get("resourceNames") or name in rule["resourceNames"])
            for rule in self.rules
        )
