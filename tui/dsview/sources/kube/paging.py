"""Detects paged lists that do not end."""

from __future__ import annotations

from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.limits import EMPTY_PAGES, OBJECTS, TOKEN


class PageTokens:
    """The tokens of one list; each leads to the next page."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._objects = 0
        self._empty = 0

    def follow(self, token: str, objects: int) -> str:
        """The token of a page with this number of objects; empty after the last one.

        Raises `RequestFailed` if the list does not end.
        """
        self._objects += objects
        self._empty = 0 if objects else self._empty + 1
        if self._objects > OBJECTS:
            raise RequestFailed(0, f"The API server lists more than {OBJECTS:,} objects of one kind.")
        if not token:
            return ""
        if len(token) > TOKEN:
            raise RequestFailed(0, f"The API server names a next page in more than {TOKEN >> 10} kB.")
        if hash(token) in self._seen:
            raise RequestFailed(0, "The API server repeatedly returns the same page of the list.")
        if self._empty > EMPTY_PAGES:
            raise RequestFailed(0, "The API server gives page after page without an object.")
        self._seen.add(hash(token))
        return token
