"""Joins the configuration files that `nginx -T` prints in one text, each after `# configuration file PATH:`.

Each `include` is replaced by the files that it names, as in nginx (src/core/ngx_conf_file.c, ngx_conf_include), because
a `server` must stay inside its `http`. An `include` of files that are not in the text is kept.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from posixpath import dirname, join, normpath
from typing import Final

from dsview.listeners.nginx_conf.grammar import UnreadConf, includes

_MARK: Final = re.compile(rb"^# configuration file ([^\n]+):[ \t\r]*$", re.MULTILINE)
MAX_BYTES: Final = 32 * 1024 * 1024
_WILDCARDS: Final = frozenset("*?[")
_MAX_DEPTH: Final = 10


def joined(text: bytes) -> bytes:
    """The first file, with each `include` replaced by the files that it names. Takes 0.1 s of CPU per MB.

    Raises:
        UnreadConf: the result would exceed `MAX_BYTES`, or files include each other without end.
    """
    parts = _MARK.split(text)
    names, bodies = parts[1::2], parts[2::2]
    if len(names) < 2:
        return text
    files = {normpath(name.decode("utf-8", "replace")): body for name, body in zip(names, bodies, strict=True)}
    main = next(iter(files))
    return _Joiner(files, dirname(main)).inlined(files[main], 0)


class _Joiner:
    """Inlines files and counts the bytes, because a file that is included many times multiplies them."""

    def __init__(self, files: dict[str, bytes], folder: str) -> None:
        self._files = files
        self._folder = folder
        self._bytes_left = MAX_BYTES

    def inlined(self, body: bytes, depth: int) -> bytes:
        if depth > _MAX_DEPTH:
            raise UnreadConf("its files include one another without end")
        self._bytes_left -= len(body)
        if self._bytes_left < 0:
            raise UnreadConf("its files together are too large")
        if b"include" not in body:
            return body
        parts: list[bytes] = []
        position = 0
        for start, end, path in includes(body):
            named = self._named(path)
            if named:
                parts += [body[position:start], b"\n"]
                parts += [self.inlined(self._files[name], depth + 1) + b"\n" for name in named]
                position = end
        return b"".join((*parts, body[position:]))

    def _named(self, path: bytes) -> list[str]:
        """The files that the path of an `include` names, in nginx's order."""
        pattern = normpath(join(self._folder, path.decode("utf-8", "replace")))
        if _WILDCARDS.isdisjoint(pattern):
            return [pattern] if pattern in self._files else []
        return sorted(name for name in self._files if _is_named(name, pattern))


def _is_named(name: str, pattern: str) -> bool:
    """Whether glob(3) finds the file with the pattern: wildcards do not match a slash."""
    return name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)
