"""A credential plug-in as the client runs it: without the terminal, and limited in output and time."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import IO, Any, Final

from dsview.core.secrets import register_secrets, without_secrets
from dsview.core.text import safe

TIME_LIMIT: Final = 60.0
"""Seconds; every request waits meanwhile."""

MAX_OUTPUT: Final = 1 << 20
"""Bytes of its output: a token has at most 10 kB, and a certificate and key have as much."""

MAX_SAID: Final = 300
"""Characters of its standard error that are shown."""

_KEPT: Final = 1 << 16
_PIECE: Final = 1 << 16
_GRACE: Final = 1.0
"""Seconds that processes it left running may keep its output open."""


class PluginFailed(Exception):  # noqa: N818  (what happened)
    """The plug-in was terminated; the text is a clause with its name and the reason."""


class CredentialPlugin(subprocess.Popen[str]):
    """A process without the terminal, where a screen is shown. It replaces the client's `subprocess.Popen`."""

    def __init__(self, arguments: list[str], **options: Any) -> None:
        options |= {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "start_new_session": True}
        self._name = safe(str(arguments[0]))[:100]
        super().__init__(arguments, **options)  # the user's own kubeconfig names it

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:  # noqa: A002  (the base class names it so)
        """Its standard output, and the start and the end of its standard error.

        Raises:
            PluginFailed: it takes too long or writes too much.
        """
        try:
            answer, said = self._read(TIME_LIMIT if timeout is None else timeout)
        except BaseException:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self.wait()
            raise
        text = answer.decode("utf-8", "replace")
        _remember(text)
        return text, shown(said.decode("utf-8", "replace"))

    def _read(self, time_limit: float) -> tuple[bytes, bytes]:
        """All of standard output and the start of standard error, until the process ends."""
        ends = time.monotonic() + time_limit
        kept: dict[IO[str] | None, bytes] = {self.stdout: b"", self.stderr: b""}
        with selectors.DefaultSelector() as selector:
            for stream in (self.stdout, self.stderr):
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, stream)
            while selector.get_map():
                left = ends - time.monotonic()
                if left <= 0:
                    if self.poll() is not None:
                        break
                    raise PluginFailed(f"the credential plug-in {self._name} took longer than {time_limit:g} s")
                if self.poll() is not None:
                    ends = min(ends, time.monotonic() + _GRACE)
                for key, _ in selector.select(min(left, 0.1)):
                    piece = os.read(key.fd, _PIECE)
                    if not piece:
                        selector.unregister(key.fileobj)
                    elif key.data is self.stdout or len(kept[key.data]) < _KEPT:
                        kept[key.data] += piece
                if len(kept[self.stdout]) > MAX_OUTPUT:
                    raise PluginFailed(f"the credential plug-in {self._name} wrote more than {MAX_OUTPUT >> 20} MB")
            with suppress(subprocess.TimeoutExpired):
                self.wait(max(ends - time.monotonic(), _GRACE))
        if self.returncode is None:
            raise PluginFailed(f"the credential plug-in {self._name} took longer than {time_limit:g} s")
        return kept[self.stdout], kept[self.stderr]


def _remember(answer: str) -> None:
    """Hide the credentials in the output from now on, even if it turns out to be unusable."""
    try:
        status = json.loads(answer)["status"]
        register_secrets([status.get("token"), status.get("clientKeyData")])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return


def shown(text: str) -> str:
    """The standard error of a plug-in in one line, shortened, without secrets and control characters."""
    line = safe(without_secrets(" ".join(text.split())))
    return line if len(line) <= MAX_SAID else f"{line[: MAX_SAID // 3]} … {line[-(MAX_SAID * 2 // 3) :]}"
