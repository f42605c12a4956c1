"""Reads the configuration of a proxy in its pod. Only the commands that controllers declare can run."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dsview.core.text import safe
from dsview.kinds.pod import Pod
from dsview.listeners.registry import CONF_COMMANDS, FILES_READ
from dsview.sources.kube.bodies import BROKEN, UNDECODABLE
from dsview.sources.kube.client import Client
from dsview.sources.kube.errors import RequestFailed, TooLarge
from dsview.sources.kube.exec_failures import TOO_LARGE, TOO_SLOW, is_final, why_exec_failed

_STDOUT, _STDERR, _ERROR = 1, 2, 3


class _ExitStatus(msgspec.Struct):
    status: str = ""
    message: str = ""


class ConfUnavailable(Exception):  # noqa: N818  (as RequestFailed)
    """No command returned the file; the text is the reason."""


def read_proxy_config(client: Client, pod: Pod, container: str, commands: Iterable[tuple[str, ...]]) -> bytes:
    """The output of the first command that succeeds.

    Raises `ConfUnavailable` or, if exec itself is refused, `RequestFailed`.
    """
    reasons: list[str] = []
    for command in commands:
        try:
            text = run(client, pod, container, command)
        except ConfUnavailable as error:
            reasons.append(str(error))
            if is_final(reasons[-1]):
                break
            continue
        if text.strip():
            return text
        reasons.append("it is empty")
    # The path of the file depends on the image, so the first reason usually explains the most.
    reason = reasons[-1] if is_final(reasons[-1]) else reasons[0]
    raise ConfUnavailable(f"{FILES_READ} could not be read: {reason}")


def run(client: Client, pod: Pod, container: str, command: tuple[str, ...]) -> bytes:
    """The standard output of one of the declared commands. Raises `ConfUnavailable` if it fails."""
    if command not in CONF_COMMANDS:
        raise ValueError("only the declared commands may be run")
    query = [*(("command", word) for word in command), ("container", container), ("stdout", "true"), ("stderr", "true")]
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/exec"
    with client.websocket(path, query) as messages:
        return _output(messages)


def _output(messages: Iterable[bytes]) -> bytes:
    import websocket  # noqa: PLC0415  (only needed to read a proxy configuration)

    out: list[bytes] = []
    errors = b""
    status: _ExitStatus | None = None
    try:
        for message in messages:
            channel, payload = (message[0], message[1:]) if message else (0, b"")
            if channel == _STDOUT:
                out.append(payload)
            elif channel == _STDERR:
                errors = (errors + payload[:500])[:500]
            elif channel == _ERROR:
                status = msgspec.json.decode(payload, type=_ExitStatus)
                break
    except TooLarge:
        raise ConfUnavailable(TOO_LARGE) from None
    except RequestFailed as error:
        raise ConfUnavailable(str(error)) from None
    except TimeoutError:
        raise ConfUnavailable(TOO_SLOW) from None
    except (websocket.WebSocketException, *UNDECODABLE, *BROKEN) as error:
        raise ConfUnavailable(safe(f"the connection broke ({type(error).__name__})")) from None
    if status is None:
        # The API server sends the exit code last: without it, the file may be incomplete.
        raise ConfUnavailable("the connection ended before the command did")
    if status.status == "Failure":
        output = errors.decode("utf-8", "replace").strip() or status.message
        raise ConfUnavailable(why_exec_failed(output))
    return b"".join(out)
