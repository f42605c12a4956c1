"""What can be chosen from a list: contexts of the kubeconfig."""

from __future__ import annotations

import msgspec


class ContextChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A context that can be switched to. `note` is a few words beside its name, such as the cluster's."""

    name: str
    note: str = ""
    is_current: bool = False
