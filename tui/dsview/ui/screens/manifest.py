"""The YAML screen: the current manifest of one object, from the API server or a file."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message

from dsview.analysis.detail_target import Target, object_of
from dsview.core.errors import UserError
from dsview.core.text import Safe, safe, safe_lines
from dsview.tables.manifest_lines import fold_managed_fields
from dsview.ui.document import Block, blank, paragraph
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import FAINT, MUTED, STRONG, content
from dsview.ui.screens.reading import ReadingScreen

if TYPE_CHECKING:
    from dsview.ui.workspace import Workspace


class ManifestScreen(ReadingScreen):
    """Reads the object in a thread; shows a sentence if it is not available."""

    class Read(Message):
        """The object was read, or reading it failed."""

        def __init__(self, text: Safe, *, is_error: bool) -> None:
            super().__init__()
            self.text = text
            self.is_error = is_error

    def __init__(self, workspace: Workspace, target: Target, *, glyphs: Glyphs) -> None:
        super().__init__(glyphs=glyphs)
        self._session = workspace.session
        self._kind, self._key = object_of(target)
        self._text = Safe("")
        self._error = Safe("")

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs."""
        return "YAML"

    def heading(self) -> Content:
        """Kind and name."""
        return content(
            (f" {self._kind} ", MUTED), (safe("/".join(filter(None, self._key))), STRONG), ("   YAML", FAINT)
        )

    def on_mount(self) -> None:
        """Read it in a daemon thread, so that quitting never waits for a response."""
        super().on_mount()
        threading.Thread(target=self._read_manifest, name="read-manifest", daemon=True).start()

    def _read_manifest(self) -> None:
        try:
            text = safe_lines(fold_managed_fields(self._session.read_manifest(self._kind, self._key)))
        except UserError as error:
            self.post_message(self.Read(safe(str(error)), is_error=True))
        except Exception as error:
            self.post_message(self.Read(safe(f"dsview failed to read it ({type(error).__name__})."), is_error=True))
            raise
        else:
            self.post_message(self.Read(text, is_error=False))

    def on_manifest_screen_read(self, event: Read) -> None:
        """Show it."""
        if event.is_error:
            self._error = event.text
        else:
            self._text = event.text
        self.fill()

    def blocks(self) -> Sequence[Block]:
        """The lines, with different styles for keys and values."""
        if self._error:
            return [blank(), paragraph(content(("The YAML is not available: ", "$flag-warning"), self._error))]
        if not self._text:
            return [blank(), paragraph(content(("Reading", MUTED)))]
        return [paragraph(_yaml_line(line)) for line in self._text.split("\n")]

    def action_copy(self) -> None:
        """Copy the whole manifest."""
        self.app.copy(self._text or self._error, "the YAML")


def _yaml_line(line: str) -> Content:
    """A line of YAML: the key muted, the value plain."""
    key, colon, value = line.partition(": ")
    if not colon and line.endswith(":"):
        key, colon, value = line[:-1], ":", ""
    if not colon or '"' in key or "'" in key:
        return content((line, "$ink"))
    return content((key + colon, "$lane-v4"), (value, "$ink"))
