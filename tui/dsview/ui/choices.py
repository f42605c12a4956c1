"""The choices in a list: contexts of the kubeconfig, or demos."""

from __future__ import annotations

import msgspec


class ContextChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A context that can be switched to. `note` is a few words beside its name, `text` sentences below it."""

    name: str
    note: str = ""
    text: str = ""
    is_current: bool = False
