"""Explains in a few words why a file in a pod could not be read, from errors of the API server, kubelet or container.

The messages are in kubernetes/kubernetes pkg/registry/core/pod/strategy.go and pkg/kubelet/server, in cri-api's errors,
and in containerd and runc. A proxy in between, such as konnectivity, adds its own words.
"""

from __future__ import annotations

import re

from dsview.core.text import safe
from dsview.listeners.registry import FILES_READ
from dsview.sources.kube.errors import RequestFailed

_LIMIT = 200

_NOT_RUNNING = (
    "container not found",
    "container is not created or running",
    "is not created or running",
    "cannot exec in a stopped",
    "cannot exec in a deleted state",
    "cannot exec into a container in a completed pod",
    "is not running",
    "no running task found",
    "failed to find container",
    "is waiting to start",
)
_GONE = re.compile(r'pods? "[^"]*" not found|pod does not exist', re.IGNORECASE)
_REFUSED_BY_KUBELET = re.compile(r"unable to upgrade connection: (?:Unauthorized|Forbidden)", re.IGNORECASE)
_UNREACHABLE = ("error dialing backend", "unable to upgrade connection", "no agent available", "proxy error from")
_NO_COMMAND = ("executable file not found", "exec format error")
_NO_FILE = ("no such file or directory", "can't open", "cannot open")
_FORBIDDEN = re.compile(r"cannot (?:get|create) resource", re.IGNORECASE)

NOT_PERMITTED = f"reading {FILES_READ} is not permitted (get and create on pods/exec)"
TOO_SLOW = "the pod did not answer in time"
TOO_LARGE = "it is larger than 32 MB"
_FINAL = ("the container is not running", "the pod is gone", "the API server cannot reach", TOO_SLOW, TOO_LARGE)


def why_exec_failed(text: str, code: int = 0) -> str:
    """The reason in a few words, with the original message if that adds detail. `code` is the HTTP status, or 0."""
    shown = safe(" ".join(text.split())[:_LIMIT])
    lower = text.lower()
    if code == 403 and (_FORBIDDEN.search(text) or not text):
        return NOT_PERMITTED
    if code == 403:
        return f"exec was refused: {shown}"
    if _GONE.search(text):
        return "the pod is gone"
    if _REFUSED_BY_KUBELET.search(text):
        return f"the kubelet refuses the API server ({shown})"
    if any(words in lower for words in _NOT_RUNNING):
        return f"the container is not running ({shown})"
    if any(words in lower for words in _NO_COMMAND):
        return f"the container lacks the command ({shown})"
    if any(words in lower for words in _NO_FILE):
        return f"the file does not exist in the container ({shown})"
    if any(words in lower for words in _UNREACHABLE):
        return f"the API server cannot reach the kubelet of the node ({shown})"
    return shown


def why_refused(error: RequestFailed) -> str:
    """The reason why exec was refused, as a clause; the listeners are then predicted."""
    reason = why_exec_failed(str(error), error.code)
    return reason if reason == NOT_PERMITTED else f"{FILES_READ} could not be read: {reason}"


def is_final(reason: str) -> bool:
    """Whether other commands would fail for the same reason."""
    return reason.startswith(_FINAL)
