"""A fleet of loopback API servers, some of which hang, refuse connections or need a failing credential plug-in."""

from __future__ import annotations

import json
import socket
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.apiserver import ApiServer
from tests.support.clusters import SCENARIOS
from tests.support.ports import refusing_port

Json = dict[str, Any]


@dataclass
class Fleet:
    """The kubeconfig of a fleet, and its contexts by how their clusters behave."""

    kubeconfig: Path
    healthy: list[str] = field(default_factory=list)
    hanging: list[str] = field(default_factory=list)
    refusing: list[str] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """All contexts."""
        return [*self.hanging, *self.refusing, *self.failing, *self.healthy]


def scenario(number: int) -> list[Json]:
    """The objects of a small cluster, which depends on the number."""
    path = SCENARIOS[number % len(SCENARIOS)] / "objects.json"
    items: list[Json] = json.loads(path.read_text())["items"]
    return items


@contextmanager
def fleet(
    folder: Path, *, healthy: int, hanging: int = 0, refusing: int = 0, failing: int = 0, running: Iterable[str] = ()
) -> Iterator[Fleet]:
    """Start as many clusters of each sort as given. `running` are URLs of further API servers."""
    with ExitStack() as stack:
        servers: dict[str, str] = {}
        users: dict[str, Json] = {}
        found = Fleet(folder / "kubeconfig")
        for number in range(hanging):
            # The kernel accepts connections for it, and nothing ever responds.
            silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            found.hanging.append(f"hangs-{number}")
            servers[found.hanging[-1]] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for number in range(refusing):
            found.refusing.append(f"refuses-{number}")
            servers[found.refusing[-1]] = f"http://127.0.0.1:{stack.enter_context(refusing_port())}"
        for number in range(failing):
            found.failing.append(f"fails-{number}")
            plugin = folder / "get-token"
            plugin.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('the session expired')\n")
            plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
            users[found.failing[-1]] = {
                "exec": {
                    "apiVersion": "client.authentication.k8s.io/v1",
                    "command": str(plugin),
                    "interactiveMode": "Never",
                }
            }
            servers[found.failing[-1]] = "https://127.0.0.1:1"
        for number in range(healthy):
            server = ApiServer()
            server.load(scenario(number))
            stack.enter_context(server)
            found.healthy.append(f"cluster-{number:02d}")
            servers[found.healthy[-1]] = server.url
        for number, url in enumerate(running):
            found.healthy.append(f"large-{number}")
            servers[found.healthy[-1]] = url
        found.kubeconfig.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": name, "cluster": {"server": url}} for name, url in servers.items()],
                    "contexts": [
                        {"name": name, "context": {"cluster": name, "user": name if name in users else ""}}
                        for name in servers
                    ],
                    "users": [{"name": name, "user": user} for name, user in users.items()],
                }
            )
        )
        yield found
