"""Keeps what is typed before its field has the focus, so that it is not taken for commands."""

from __future__ import annotations

from typing import Any

from textual.events import Key
from textual.screen import Screen
from textual.widget import Widget


def type_ahead(event: Key, field: Widget | None, screen: Screen[Any]) -> None:
    """Pass an unhandled key to the focused `field`, or to a screen that is still being built.

    Keys that follow `/` or `x` at once were sent to the table. They arrive here after the field was opened.
    """
    if event.character is None:
        return
    if field is None and not screen.is_mounted:
        event.prevent_default()
        screen.post_message(Key(event.key, event.character))
        return
    insert = getattr(field, "insert_text_at_cursor", None)
    if insert is not None and field is not None and field.check_consume_key(event.key, event.character):
        event.prevent_default()
        insert(event.character)
