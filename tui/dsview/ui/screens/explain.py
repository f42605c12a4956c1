"""The explain screen: the page of one check, from its entry in the registry."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from dsview.checks.engine.registry import all_checks
from dsview.ui.document import Block, blank, heading, paragraph
from dsview.ui.glyphs import Glyphs
from dsview.ui.phrases import MUTED, STRONG, content, severity_word
from dsview.ui.screens.reading import ReadingScreen


class ExplainScreen(ReadingScreen):
    """Shows when a check fires, why it matters, how to fix it and when it is a false alarm."""

    def __init__(self, code: str, *, glyphs: Glyphs) -> None:
        super().__init__(glyphs=glyphs)
        self._check = next((check for check in all_checks() if check.code == code), None)
        self._code = code

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs."""
        return self._code

    def heading(self) -> Content:
        """The title line."""
        check = self._check
        if check is None:
            return content((f" {self._code}", STRONG))
        return content(
            (f" {check.code} ", STRONG), (f"{check.slug}  ", MUTED), severity_word(check.severity, self.glyphs)
        )

    def blocks(self) -> Sequence[Block]:
        """The sections of the page."""
        check = self._check
        if check is None:
            return [blank(), paragraph(content("There is no such check."))]
        blocks = [blank(), paragraph(content((check.title, STRONG)))]
        for title, sentence in (
            ("When", check.condition),
            ("Why it matters", check.why),
            ("How to fix it", check.fix),
            ("When it is a false alarm", check.not_when),
            ("Source", check.source),
        ):
            if sentence:
                blocks += [heading(title, self.glyphs), paragraph(content(sentence), copy=sentence)]
        return blocks
