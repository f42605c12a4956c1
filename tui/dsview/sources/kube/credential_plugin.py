"""Runs a credential plug-in for the official client: without the terminal, and with limits on output and time."""

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
"""Seconds, during which every request waits."""

MAX_OUTPUT: Final = 1 << 20
"""Bytes of its output: a token has at most 10 kB, and so do a certificate and its key."""

MAX_SHOWN_STDERR: Final = 300
"""Characters of its standard error that are shown."""

_MAX_STDERR: Final = 1 << 16
_READ_SIZE: Final = 1 << 16
_GRACE: Final = 1.0
"""Seconds for which its child processes may keep its output open after it ended."""


class PluginFailed(Exception):  # noqa: N818  (what happened)
    """The plug-in was terminated; the text is a clause with its name and the reason."""


class CredentialPlugin(subprocess.Popen[str]):
    """A process that cannot use the terminal, which shows the screen. It replaces the client's `subprocess.Popen`."""

    def __init__(self, arguments: list[str], **options: Any) -> None:
        options |= {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "start_new_session": True}
        self._name = safe(str(arguments[0]))[:100]
        super().__init__(arguments, **options)  # the user's own kubeconfig names it

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:  # noqa: A002  (the base class names it so)
        """Its standard output, and the start and the end of its standard error.

        Raises:
            PluginFailed: The plug-in took too long, or wrote too much.
        """
        try:
            output, errors = self._read(TIME_LIMIT if timeout is None else timeout)
        except BaseException:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self.wait()
            raise
        text = output.decode("utf-8", "replace")
        _register_secrets_in(text)
        return text, shown(errors.decode("utf-8", "replace"))

    def _read(self, time_limit: float) -> tuple[bytes, bytes]:
        """All of standard output and the start of standard error, until the process deadline."""
        deadline = time.monotonic() + time_limit
        received: dict[IO[str] | None, bytes] = {self.stdout: b"", self.stderr: b""}
        with selectors.DefaultSelector() as selector:
            for stream in (self.stdout, self.stderr):
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, stream)
            while selector.get_map():
                left = deadline - time.monotonic()
                if left <= 0:
                    if self.poll() is not None:
                        break
                    raise PluginFailed(f"the credential plug-in {self._name} took longer than {time_limit:g} s")
                if self.poll() is not None:
                    deadline = min(deadline, time.monotonic() + _GRACE)
                for key, _ in selector.select(min(left, 0.1)):
                    chunk = os.read(key.fd, _READ_SIZE)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    elif key.data is self.stdout or len(received[key.data]) < _MAX_STDERR:
                        received[key.data] += chunk
                if len(received[self.stdout]) > MAX_OUTPUT:
                    raise PluginFailed(f"the credential plug-in {self._name} wrote more than {MAX_OUTPUT >> 20} MB")
            with suppress(subprocess.TimeoutExpired):
                self.wait(max(deadline - time.monotonic(), _GRACE))
        if self.returncode is None:
            raise PluginFailed(f"the credential plug-in {self._name} took longer than {time_limit:g} s")
        return received[self.stdout], received[self.stderr]


def _register_secrets_in(output: str) -> None:
    """Hide the credentials in the output from now on, even if the output is otherwise unusable."""
    try:
        status = json.loads(output)["status"]
        register_secrets([status.get("token"), status.get("clientKeyData")])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return


def shown(text: str) -> str:
    """The standard error of a plug-in as one short line, without secrets and control characters."""
    line = safe(without_secrets(" ".join(text.split())))
    return (
        line
        if len(line) <= MAX_SHOWN_STDERR
        else f"{line[: MAX_SHOWN_STDERR // 3]} … {line[-(MAX_SHOWN_STDERR * 2 // 3) :]}"
    )
