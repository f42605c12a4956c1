"""Reads the configuration of proxy pods on request, a few at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from dsview.core.listen import ListenSource, ProxyListeners
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.pod import Pod
from dsview.listeners.proxies import conf_commands
from dsview.sources.events import Changed, Sink

if TYPE_CHECKING:
    from dsview.sources.kube.client import Client

# ruff: noqa: PLC0415 - `pod_exec` imports urllib3, which must happen after the first frame

READERS = 4
"""Proxy pods whose configuration is read at the same time."""


class ProxyConfigReaders:
    """Threads that read configurations. `start_thread` starts one by name; without `use_exec`, nothing is read."""

    def __init__(
        self, start_thread: Callable[[str, Callable[[], None]], None], stop: threading.Event, *, use_exec: bool
    ) -> None:
        self._start_thread = start_thread
        self._stop = stop
        self._use_exec = use_exec
        self._client: Client | None = None
        self._requests: queue.Queue[tuple[Pod, str, Sink] | None] = queue.Queue()

    def start(self, client: Client) -> None:
        """Start to read what is requested, including earlier requests."""
        self._client = client
        for number in range(READERS):
            self._start_thread(f"proxy-config-{number}", self._run)

    def close(self) -> None:
        """End the threads. `stop` is already set."""
        for _ in range(READERS):
            self._requests.put(None)

    def request(self, pod: Pod, container: str, sink: Sink) -> None:
        """Request the configuration of a pod; one of the threads sends it."""
        if self._use_exec:
            self._requests.put((pod, container, sink))
        else:
            sink(Changed(Kind.PROXY_LISTENERS, (_predicted(pod, "--no-exec was given"),)))

    def _run(self) -> None:
        while (request := self._requests.get()) is not None and not self._stop.is_set():
            pod, container, sink = request
            try:
                conf = self._read(pod, container)
            except Exception as error:
                # This request still gets a response, and the thread is restarted for the next ones.
                sink(
                    Changed(
                        Kind.PROXY_LISTENERS, (_predicted(pod, f"dsview failed to read it ({type(error).__name__})"),)
                    )
                )
                raise
            sink(Changed(Kind.PROXY_LISTENERS, (conf,)))

    def _read(self, pod: Pod, container: str) -> ProxyListeners:
        from dsview.listeners.conf_reading import read_conf
        from dsview.sources.kube.errors import RequestFailed
        from dsview.sources.kube.exec_failures import why_refused
        from dsview.sources.kube.pod_exec import ConfUnavailable, read_proxy_config

        reason = "there is no connection"
        try:
            if self._client is not None:
                return read_conf(pod, read_proxy_config(self._client, pod, container, conf_commands(pod)))
        except RequestFailed as error:
            reason = why_refused(error)
        except ConfUnavailable as error:
            reason = str(error)
        return _predicted(pod, reason)


def _predicted(pod: Pod, reason: str) -> ProxyListeners:
    """The placeholder for a file that was not read, with the reason."""
    return ProxyListeners(namespace=pod.namespace, name=pod.name, source=ListenSource.PREDICTED, reason=safe(reason))
