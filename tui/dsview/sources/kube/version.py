"""The version of the API server. Imported after the first frame."""

from __future__ import annotations

import msgspec

from dsview.sources.kube.bodies import UNDECODABLE
from dsview.sources.kube.client import Client
from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.limits import VERSION

TIMEOUT = 5.0


class _Version(msgspec.Struct, rename="camel"):
    git_version: str


def read_version(client: Client) -> str | None:
    """The version, such as `v1.36.1`; None if the server does not report it."""
    try:
        body = client.get("/version", timeout=TIMEOUT, limit=VERSION)
        return msgspec.json.decode(body, type=_Version).git_version
    except (RequestFailed, *UNDECODABLE):
        return None
