"""Parses large files in another process, because a thread would block the screen (10 MB take 4 s of CPU)."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Lock
from typing import Final

import msgspec

from dsview.core.listen import Listener
from dsview.listeners.nginx_conf.grammar import UnreadConf

TIME_LIMIT: Final = 60.0
"""Seconds of real time. A file of 10 MB is parsed in 5 s on an idle core, and the process has low priority."""

_one_at_a_time = Lock()


class Answer(msgspec.Struct, frozen=True):
    """The standard output of the process: listeners, or why there are none."""

    listeners: tuple[Listener, ...] = ()
    unread: str = ""


class ParserFailed(UnreadConf):
    """The process did not return a result. This says nothing about the file, so it is worth trying again."""


def parse_in_subprocess(text: bytes, time_limit: float = TIME_LIMIT) -> tuple[Listener, ...]:
    """Run `directives.listeners_of` in a separate process. Only one runs at a time.

    Raises:
        UnreadConf: as `listeners_of` raises it; `ParserFailed` if the process could not be started, died, or
            took longer than `time_limit` seconds.
    """
    # -P keeps the working directory out of the path. The subprocess can import everything that this process can.
    command = [sys.executable, "-P", "-m", "dsview.listeners.nginx_conf.subprocess_main"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with _one_at_a_time:
        try:
            done = subprocess.run(  # noqa: S603  (the command is a constant; the text goes to its standard input)
                command,
                input=text,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=time_limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ParserFailed(f"parsing it took longer than {time_limit:.0f} s") from None
        except OSError as error:
            raise ParserFailed(f"the parser could not be started: {error.strerror}") from None
    try:
        answer = msgspec.msgpack.decode(done.stdout, type=Answer)
    except msgspec.DecodeError:
        raise ParserFailed(f"the parser exited without a result (exit code {done.returncode})") from None
    if answer.unread:
        raise UnreadConf(answer.unread)
    return answer.listeners
