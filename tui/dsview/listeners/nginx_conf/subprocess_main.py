"""The program of `parse_in_subprocess`: reads an nginx.conf from standard input, writes an `Answer` in msgpack."""

from __future__ import annotations

import gc
import os
import sys

import msgspec

from dsview.listeners.nginx_conf.directives import listeners_of
from dsview.listeners.nginx_conf.dumped_files import joined
from dsview.listeners.nginx_conf.grammar import UnreadConf
from dsview.listeners.nginx_conf.subprocess_parser import Answer


def main() -> None:
    """Parse one file and exit."""
    os.nice(10)  # the screen has priority
    gc.disable()  # the tree has no cycles, and collecting garbage while it grows would take a tenth of the time
    try:
        answer = Answer(listeners=listeners_of(joined(sys.stdin.buffer.read())))
    except UnreadConf as error:
        answer = Answer(unread=str(error))
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    main()
