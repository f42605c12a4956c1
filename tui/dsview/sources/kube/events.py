"""Polls Events by reason: all Events together are larger than everything else, and few of them matter."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from dsview.kinds.decode import BadObject, decode
from dsview.kinds.event import EVENT_REASONS, Event, is_about_addresses
from dsview.kinds.kind import Kind
from dsview.kinds.registry import RESOURCES
from dsview.sources.events import Changed, Health, Listed, Sink
from dsview.sources.kube.backoff import Backoff
from dsview.sources.kube.bodies import BROKEN, UNDECODABLE
from dsview.sources.kube.client import Client
from dsview.sources.kube.errors import RequestFailed
from dsview.sources.kube.limits import PAGE
from dsview.sources.kube.paging import PageTokens
from dsview.sources.kube.reconnect import ServerReconnect
from dsview.sources.kube.stream import page_decoder

PAGE_SIZE = 500
MAX_EVENTS = 2000
"""The maximum number of Events with one reason that are read; important ones recur."""

MAX_EXPIRIES = 3
"""Consecutive lists that expire before they are complete, after which this is reported as a failure."""

Report = Callable[[Health, str], None]


class EventPoller:
    """Lists the Events of each reason periodically, in one thread."""

    def __init__(
        self,
        client: Client,
        sink: Sink,
        report: Report,
        stop: threading.Event,
        *,
        namespaces: tuple[str, ...],
        interval: float,
        reconnect: ServerReconnect,
    ) -> None:
        self._client = client
        self._sink = sink
        self._report = report
        self._stop = stop
        self._namespaces: tuple[str | None, ...] = namespaces or (None,)
        self._interval = max(60.0, interval)
        self._reconnect = reconnect
        self._backoff = Backoff(time.monotonic)
        self._expiries = 0
        self._has_listed = False
        self._truncated_reasons: list[str] = []
        self.bytes = 0

    def run(self) -> None:
        """Poll until the session ends."""
        pause = 0.0
        while self._reconnect.wait(pause):
            self._truncated_reasons = []
            try:
                events = [event for reason in EVENT_REASONS for event in self._list(reason)]
            except RequestFailed as error:
                pause = self._failed(error)
            except (*UNDECODABLE, *BROKEN) as error:
                text = f"The response of the API server could not be read ({type(error).__name__})."
                pause = self._failed(RequestFailed(0, text))
            else:
                pause = 0.0
                self._expiries = 0
                self._has_listed = True
                self._sink(Changed(Kind.EVENT, events))
                self._sink(Listed(Kind.EVENT, frozenset(event.key for event in events)))
                self._report(Health.POLLING, self._truncation_note())
                if self._stop.wait(self._interval):
                    return

    def _truncation_note(self) -> str:
        if not self._truncated_reasons:
            return ""
        return f"of the reason {' and '.join(self._truncated_reasons)} only the first {MAX_EVENTS} were read"

    def _failed(self, error: RequestFailed) -> float:
        """Report a failure. Returns the seconds to wait.

        An expired `continue` token only means that the list took too long, unless this keeps happening.
        """
        self._expiries = self._expiries + 1 if error.code == 410 else 0
        if 0 < self._expiries < MAX_EXPIRIES:
            return self._backoff.delay()
        self._report(self._health(error.code), str(error))
        return self._interval if error.code in {403, 404} else self._backoff.delay(error.retry_after)

    def _health(self, code: int) -> Health:
        """The health of Events after a failure."""
        if code == 403:
            self._has_listed = False
            return Health.REFUSED
        return Health.STALE if self._has_listed else Health.FAILED

    def _list(self, reason: str) -> Iterator[Event]:
        for namespace in self._namespaces:
            token, count, tokens = "", 0, PageTokens()
            while count < MAX_EVENTS and not self._stop.is_set():
                query = {"fieldSelector": f"reason={reason}", "limit": str(PAGE_SIZE)}
                if token:
                    query["continue"] = token
                path = RESOURCES[Kind.EVENT].path("v1", namespace)
                with self._client.open(path, query, verb="list", kind=Kind.EVENT, read_timeout=60.0) as response:
                    body = response.body(PAGE)
                self.bytes += len(body)
                page = page_decoder.decode(body)
                items = page.items or ()
                count += len(items)
                for raw in items:
                    try:
                        item = decode(Kind.EVENT, raw)
                    except BadObject:
                        continue
                    if isinstance(item, Event) and is_about_addresses(item):
                        yield item
                token = tokens.follow(page.metadata.continue_, len(items))
                if not token:
                    break
            if token and count >= MAX_EVENTS and reason not in self._truncated_reasons:
                self._truncated_reasons.append(reason)
