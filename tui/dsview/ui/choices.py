"""The choices in a list: contexts of the kubeconfig, or demos."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dsview.session.session import Session


class ContextChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A context that can be switched to. `note` is a few words beside its name, `text` sentences below it."""

    name: str
    note: str = ""
    text: str = ""
    is_current: bool = False


class Contexts(msgspec.Struct, frozen=True, kw_only=True):
    """The contexts, or demos, that the dashboard can switch to.

    `find` lists them, and `open` returns the session of one, not started; both may raise `UserError`. With
    `chooses_first`, the user chooses one before anything is opened.
    """

    find: Callable[[], list[ContextChoice]]
    open: Callable[[str], Session]
    title: str = "Contexts"
    chooses_first: bool = False
