"""Detects paged lists that do not end."""

from __future__ import annotations

from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.limits import MAX_EMPTY_PAGES, MAX_OBJECTS, TOKEN


class PageTokens:
    """The continue tokens of one list."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._objects = 0
        self._empty = 0

    def follow(self, token: str, objects: int) -> str:
        """Check the token of a page with this number of objects. Returns it; empty after the last page.

        Raises `RequestFailed` if the list does not end.
        """
        self._objects += objects
        self._empty = 0 if objects else self._empty + 1
        if self._objects > MAX_OBJECTS:
            raise RequestFailed(0, f"The API server lists more than {MAX_OBJECTS:,} objects of one kind.")
        if not token:
            return ""
        if len(token) > TOKEN:
            raise RequestFailed(0, f"The API server returned a continue token of more than {TOKEN >> 10} kB.")
        if hash(token) in self._seen:
            raise RequestFailed(0, "The API server repeatedly returns the same page of the list.")
        if self._empty > MAX_EMPTY_PAGES:
            raise RequestFailed(0, "The API server returns one empty page of the list after another.")
        self._seen.add(hash(token))
        return token
