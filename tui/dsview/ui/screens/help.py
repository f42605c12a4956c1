"""The help screen: every key, from the registry of actions."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from dsview.analysis.family_coverage import MEANINGS
from dsview.core.finding import Severity
from dsview.ui.actions import groups, keys_label
from dsview.ui.document import Block, blank, heading, paragraph
from dsview.ui.phrases import GOOD, KEY, MUTED, STRONG, V4, V6, content, severity_word
from dsview.ui.screens.reading import ReadingScreen

_KEYS_WIDTH = 18


class HelpScreen(ReadingScreen):
    """Shows what the keys do and what the signs mean."""

    @property
    def crumb(self) -> str:
        """The name in the trail."""
        return "Help"

    def heading(self) -> Content:
        """The title line."""
        return content((" Help", STRONG))

    def blocks(self) -> Sequence[Block]:
        """The signs, then the keys by group."""
        glyphs = self.glyphs
        found = [heading("What you see", glyphs)]
        found += [
            paragraph(content(sign, " " * (_KEYS_WIDTH - sign.cell_length), (meaning, MUTED)), hanging=_KEYS_WIDTH)
            for sign, meaning in (
                (
                    content(severity_word(Severity.ERROR, glyphs)),
                    "One family fails, or is let in where it must not be.",
                ),
                (content(severity_word(Severity.WARNING, glyphs)), "A mismatch that bites under some condition."),
                (content(severity_word(Severity.NOTE, glyphs)), "Worth knowing, often intended."),
                (content((glyphs.gap * 10, "$ink-faint")), "A gap: an address of this family should be here."),
                (
                    content(("2/3 ", "$flag-warning"), (glyphs.short, "$flag-warning")),
                    "Less than there should be. The row says why, also before a check has judged it.",
                ),
                (content((glyphs.dot, MUTED)), "Nothing is here, and nothing need be."),
                (content(("?", MUTED)), "Nobody can tell, since it was not read."),
                (content(("IPv4", V4), " ", ("IPv6", V6)), "The two lanes. What is bold in one is the first address."),
                (
                    content((glyphs.good, GOOD), " ", (glyphs.nowhere, MUTED), " ", (glyphs.error, "$flag-error")),
                    "In a trace: this hop is fine, does not have the family, breaks.",
                ),
                (
                    content(f"{glyphs.rail} {glyphs.broken_rail}"),
                    "In a trace: the family gets through so far; it does not.",
                ),
                (
                    content(f"{glyphs.more} {glyphs.opened} {glyphs.folded}"),
                    "Several findings in one line, which Enter opens; opened; explained by the line above.",
                ),
                (content("+2"), "Two more findings than there is room for."),
                (content(f"{glyphs.ellipsis}"), "Cut short; of addresses and names both ends are kept."),
                (
                    content(f"{glyphs.ascending} {glyphs.descending} {glyphs.cursor}"),
                    "Sorted, and which way; where the cursor is.",
                ),
                (content((" changed ", "$ink bold underline on $cell-cursor")), "Changed a moment ago."),
                (
                    content(("no flag", GOOD)),
                    "Nothing is wrong in the API. dsview sends no packets: not the same as reachable.",
                ),
            )
        ]
        found.append(heading("The layers of the overview", glyphs))
        found += [
            paragraph(content((name.ljust(_KEYS_WIDTH), "$ink"), (meaning, MUTED)), hanging=_KEYS_WIDTH)
            for name, meaning in MEANINGS.items()
        ]
        for group, actions in groups(self.app.actions).items():
            found.append(heading(group, glyphs))
            for action in actions:
                keys = keys_label(action)
                text = content((keys.ljust(_KEYS_WIDTH), KEY), (f"{action.title}. ", "$ink"), (action.help, MUTED))
                found.append(paragraph(text, hanging=_KEYS_WIDTH))
        return [*found, blank()]
