"""The actions whose keys work on every screen: they open another screen, or say why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App

from dsview.core.errors import UserError
from dsview.ui.codes import CodeClicked, codes_in
from dsview.ui.document import Document
from dsview.ui.table import Table

if TYPE_CHECKING:
    from dsview.ui.choices import Contexts
    from dsview.ui.navigation import Navigator
    from dsview.ui.saving import Saver


class GlobalActions(App[UserError | None]):
    """The part of `DsviewApp` with these actions. `DsviewApp` sets the attributes."""

    go: Navigator
    contexts: Contexts | None
    saver: Saver | None

    def show_notice(self, sentence: str) -> None:
        """Show a short notice."""
        self.notify(sentence, timeout=3, markup=False)

    def action_theme(self) -> None:
        """Choose the colours."""
        self.go.themes()

    def action_explain(self) -> None:
        """Explain the checks whose codes are in the selected line, or in the text."""
        table = next(iter(self.screen.query(Table)), None)
        document = next(iter(self.screen.query(Document)), None)
        row = table.cursor_row if table is not None else None
        if row is not None:
            codes = codes_in(cell.text for cell in row.cells)
        else:
            codes = codes_in([document.text]) if document is not None else []
        if codes:
            self.go.explain_one_of(codes)
        else:
            self.show_notice("There is no check code here.")

    def on_code_clicked(self, event: CodeClicked) -> None:
        """Explain it."""
        self.go.explanation(event.code)

    def action_earlier(self) -> None:
        """Go back to the previous screen."""
        self.go.revisit(-1)

    def action_later(self) -> None:
        """Go forward to the next screen."""
        self.go.revisit(1)

    def action_save(self) -> None:
        """Save something to a file."""
        if self.saver is None:
            self.show_notice("Nothing can be saved here.")
        else:
            self.go.save(self.saver)

    def action_sources(self) -> None:
        """Show the state of each source."""
        self.go.sources()

    def action_help(self) -> None:
        """Show every key."""
        self.go.help()

    def action_contexts(self) -> None:
        """Change to another context."""
        self.choose_context()

    def choose_context(self, *, required: bool = False) -> None:
        """Choose a context; if it is required, the list cannot be left without one."""
        if self.contexts is None:
            self.show_notice("There are no contexts to choose from, because this is not a cluster.")
        else:
            self.go.contexts(self.contexts, required=required)
