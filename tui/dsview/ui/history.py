"""The history of visited screens, for going back and forward."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from textual.screen import Screen

    from dsview.ui.workspace import Workspace

MakeScreen = Callable[["Workspace"], "Screen[Any]"]
"""Creates the screen of a visit again, with current data."""


@runtime_checkable
class HasCrumb(Protocol):
    """A screen with a name for the breadcrumbs."""

    @property
    def crumb(self) -> str:
        """The name, in a word or two."""


class History:
    """The visits, oldest first. A screen that was closed with Escape stays in the history.

    Opening a new screen discards the later visits, as in a browser.
    """

    def __init__(self) -> None:
        self._visits: list[MakeScreen] = []
        self._places: WeakKeyDictionary[Screen[Any], int] = WeakKeyDictionary()
        self._last = -1

    def clear(self) -> None:
        """Forget everything, because another cluster is shown."""
        self._visits.clear()
        self._places.clear()
        self._last = -1

    def enter(self, screen: Screen[Any], make: MakeScreen, *, after: Screen[Any]) -> None:
        """Add the visit of a screen that is opened from another one."""
        place = self._places.get(after, self._last) + 1
        self._visits[place:] = [make]
        self._put(screen, place)

    def _put(self, screen: Screen[Any], place: int) -> None:
        self._places[screen] = self._last = place

    def visit_at(self, step: int, *, shown: Screen[Any]) -> int | None:
        """The visit before (-1) or after (1) the displayed one; None at either end.

        If no visit is displayed, as on the first screen, the visit before is the most recent one.
        """
        here = self._places.get(shown)
        if here is None:
            here = self._last + 1 if step < 0 else self._last
        place = here + step
        return place if 0 <= place < len(self._visits) else None

    def become_current_if_shown(self, screen: Screen[Any], place: int) -> bool:
        """Make a visit the current one if the screen is its screen. Returns whether it is."""
        if self._places.get(screen) != place:
            return False
        self._last = place
        return True

    def go(self, place: int, workspace: Workspace) -> Screen[Any]:
        """Create the screen of a visit again."""
        screen = self._visits[place](workspace)
        self._put(screen, place)
        return screen
