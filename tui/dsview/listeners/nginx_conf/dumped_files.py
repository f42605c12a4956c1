"""Joins the configuration files that `nginx -T` prints in one text, each after `# configuration file PATH:`.

Each `include` is replaced by the files that it names, as in nginx (src/core/ngx_conf_file.c, ngx_conf_include), because
a `server` must stay inside its `http`. An `include` of files that are not in the text is kept.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from posixpath import dirname, join
from typing import Final

from dsview.listeners.nginx_conf.grammar import UnreadConf

_MARK: Final = re.compile(rb"^# configuration file ([^\n]+):[ \t\r]*$", re.MULTILINE)
_INCLUDE: Final = re.compile(
    rb"""^((?:[^#"'\n]*?[{;}])?[ \t]*+)include[ \t]++(?:"([^"\n]++)"|'([^'\n]++)'|([^\s;{}"']++))[ \t]*+;""",
    re.MULTILINE,
)
"""An `include` alone on its line or after other directives, but not in a comment or a string."""

_MAX_DEPTH: Final = 10


def joined(text: bytes, limit: int) -> bytes:
    """The first file, with each `include` replaced by the files that it names.

    Raises:
        UnreadConf: the result would exceed `limit` bytes, or files include each other without end.
    """
    parts = _MARK.split(text)
    names, bodies = parts[1::2], parts[2::2]
    if len(names) < 2:
        return text
    files = {name.decode("utf-8", "replace"): body for name, body in zip(names, bodies, strict=True)}
    main = next(iter(files))
    return _Joiner(files, dirname(main), limit).inlined(files[main], 0)


class _Joiner:
    """Inlines files and counts the bytes, because a file that is included many times multiplies them."""

    def __init__(self, files: dict[str, bytes], folder: str, limit: int) -> None:
        self._files = files
        self._folder = folder
        self._bytes_left = limit

    def inlined(self, body: bytes, depth: int) -> bytes:
        if depth > _MAX_DEPTH:
            raise UnreadConf("its files include one another without end")
        self._bytes_left -= len(body)
        if self._bytes_left < 0:
            raise UnreadConf("its files together are too large")
        return _INCLUDE.sub(lambda match: self._replacement(match, depth), body)

    def _replacement(self, match: re.Match[bytes], depth: int) -> bytes:
        path: bytes = match[2] or match[3] or match[4]
        pattern = join(self._folder, path.decode("utf-8", "replace"))
        named = [name for name in self._files if _is_named(name, pattern)]
        if not named:
            return match[0]
        found = b"\n".join(self.inlined(self._files[name], depth + 1) for name in sorted(named))
        lead: bytes = match[1]
        return lead + b"\n" + found + b"\n"


def _is_named(name: str, pattern: str) -> bool:
    """Whether glob(3) finds the file with the pattern: wildcards do not match a slash."""
    return name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)
