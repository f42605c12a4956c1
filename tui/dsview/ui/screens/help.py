"""The help screen: every key, from the registry of actions."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from dsview.analysis.family_coverage import MEANINGS
from dsview.core.finding import Severity
from dsview.ui.actions import groups
from dsview.ui.document import Block, blank, heading, paragraph
from dsview.ui.key_labels import keys_label
from dsview.ui.phrases import GOOD, KEY, MUTED, STRONG, V4, V6, content, severity_word
from dsview.ui.screens.reading import ReadingScreen

_KEYS_WIDTH = 18


class HelpScreen(ReadingScreen):
    """Shows what the keys do and what the signs mean."""

    @property
    def crumb(self) -> str:
        """The name in the breadcrumbs."""
        return "Help"

    def heading(self) -> Content:
        """The title line."""
        return content((" Help", STRONG))

    def blocks(self) -> Sequence[Block]:
        """The signs, then the keys by group."""
        glyphs = self.glyphs
        blocks = [heading("What you see", glyphs)]
        blocks += [
            paragraph(content(sign, " " * (_KEYS_WIDTH - sign.cell_length), (meaning, MUTED)), hanging=_KEYS_WIDTH)
            for sign, meaning in (
                (
                    content(severity_word(Severity.ERROR, glyphs)),
                    "One family fails, or is allowed where it must not be.",
                ),
                (
                    content(severity_word(Severity.WARNING, glyphs)),
                    "A mismatch that causes failures under some condition.",
                ),
                (content(severity_word(Severity.NOTE, glyphs)), "Worth knowing, often intended."),
                (content((glyphs.gap * 10, "$ink-faint")), "A gap: an address of this family is missing."),
                (
                    content(("2/3 ", "$flag-warning"), (glyphs.short, "$flag-warning")),
                    "Less than expected. The row says why, even before a check has judged it.",
                ),
                (
                    content(("4/4 ", "$flag-error"), (f"{glyphs.error} 1", "$flag-error")),
                    "In the overview: all have the family, but one is flagged for something else.",
                ),
                (content((glyphs.dot, MUTED)), "Empty, and nothing is expected here."),
                (content(("?", MUTED)), "Unknown, because it was not read."),
                (content(("IPv4", V4), " ", ("IPv6", V6)), "The two lanes. The first address is bold."),
                (
                    content((glyphs.good, GOOD), " ", (glyphs.nowhere, MUTED), " ", (glyphs.error, "$flag-error")),
                    "In a trace: the hop is ok, does not have the family, or breaks.",
                ),
                (
                    content(f"{glyphs.rail} {glyphs.broken_rail}"),
                    "In a trace: the family gets this far, or does not.",
                ),
                (
                    content(f"{glyphs.more} {glyphs.opened} {glyphs.folded}"),
                    "Several findings in one line (Enter opens it); an opened line; explained by the line above.",
                ),
                (content("+2"), "Two more findings that do not fit."),
                (content(f"{glyphs.ellipsis}"), "Shortened; addresses and names keep both ends."),
                (
                    content(f"{glyphs.ascending} {glyphs.descending} {glyphs.cursor}"),
                    "Sort order; the cursor.",
                ),
                (content((" changed ", "$ink bold underline on $cell-cursor")), "Changed a moment ago."),
                (
                    content(("no flag", GOOD)),
                    "The API shows no problem. dsview sends no packets, so this does not mean reachable.",
                ),
            )
        ]
        blocks.append(heading("The layers of the overview", glyphs))
        blocks += [
            paragraph(content((name.ljust(_KEYS_WIDTH), "$ink"), (meaning, MUTED)), hanging=_KEYS_WIDTH)
            for name, meaning in MEANINGS.items()
        ]
        for group, actions in groups(self.app.actions).items():
            blocks.append(heading(group, glyphs))
            for action in actions:
                keys = keys_label(action)
                text = content((keys.ljust(_KEYS_WIDTH), KEY), (f"{action.title}. ", "$ink"), (action.help, MUTED))
                blocks.append(paragraph(text, hanging=_KEYS_WIDTH))
        return [*blocks, blank()]
