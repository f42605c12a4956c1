"""Opens the lists and watches of one kind, in the API version and the encoding that the server accepts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dsview.kinds.kind import Resource
from dsview.sources.kube.bodies import Answer
from dsview.sources.kube.client import Client
from dsview.sources.kube.encodings import ListPage, WireChoice
from dsview.sources.kube.errors import RequestFailed, TooLarge
from dsview.sources.kube.limits import PAGE_SIZES, BodyLimit
from dsview.sources.kube.load_priority import LoadPriority
from dsview.sources.kube.object_batcher import ObjectBatcher
from dsview.sources.kube.reconnect import ServerReconnect
from dsview.sources.kube.retries import ABSENCES, REFUSALS

NO_ANSWER_YET = "The API server does not answer yet; it may be waiting for its etcd."
SLOW = "The API server responds very slowly."
NO_PROTOBUF = {406, 415}


class KindRequests:
    """Sends the requests for one kind, and knows how long the server has been waited for.

    `intake` receives the encoding of each response, and its statistics count the cost. The other arguments are those of
    `Reflector`.
    """

    def __init__(
        self,
        client: Client,
        resource: Resource,
        stop: threading.Event,
        *,
        namespace: str | None,
        name: str | None,
        outage: ServerReconnect,
        waits_for: LoadPriority | None,
        wire: WireChoice,
        intake: ObjectBatcher,
    ) -> None:
        self._client = client
        self._resource = resource
        self._stop = stop
        self._namespace = namespace
        self._query = {"fieldSelector": f"metadata.name={name}"} if name is not None else {}
        self._outage = outage
        self._waits_for = waits_for
        self._wire = wire
        self._intake = intake
        self._page_sizes = list(PAGE_SIZES)
        self._versions = list(resource.versions)
        self._waiting = threading.Lock()
        self._waits_since = 0.0
        self._waits_because = ""

    @contextmanager
    def open(self, query: dict[str, str], verb: str, timeout: float) -> Iterator[Answer]:
        """Send a request and yield the response. `timeout` is in seconds without a byte."""
        self.waits_because(NO_ANSWER_YET)
        try:
            asked = self._wire.encoding(has_protobuf=self._resource.has_protobuf)
            with self._client.open(
                self._resource.path(self._versions[0], self._namespace),
                {**self._query, **query},
                verb=verb,
                kind=self._resource.kind,
                read_timeout=timeout,
                accept=asked.accept(verb),
            ) as answer:
                self._intake.encoding = self._wire.answered(asked, answer.headers.get("Content-Type"))
                self._intake.stats.encoding = self._intake.encoding.name
                self.waits_because("")
                self._outage.answered()
                if self._waits_for is not None:
                    self._waits_for.wait(self._stop)
                yield answer
        finally:
            self.waits_because("")

    def page(self, query: dict[str, str], timeout: float, limit: BodyLimit) -> ListPage:
        """A page of a list within the limit, with fewer objects if it would be larger otherwise."""
        stats = self._intake.stats
        while True:
            asked = {"limit": str(self._page_sizes[0]), **query}
            try:
                with self.open(asked, "list", timeout) as answer:
                    self.waits_because(SLOW)
                    started = time.perf_counter()
                    body = answer.body(limit)
                    stats.read_s += time.perf_counter() - started
                    stats.bytes += len(body)
            except TooLarge:
                if "limit" in query or len(self._page_sizes) == 1:
                    raise
                del self._page_sizes[0]
            else:
                return self._intake.encoding.page(self._resource.kind, body)

    def pieces(self, answer: Answer, silence: float) -> Iterator[bytes]:
        """The bytes of a watch as they arrive, until it ends or brings none for so many seconds."""
        stats = self._intake.stats
        waited = time.perf_counter()
        for piece in answer.pieces(silence):
            now = time.perf_counter()
            stats.read_s += now - waited
            stats.bytes += len(piece)
            yield piece
            waited = time.perf_counter()

    def has_alternative(self, error: RequestFailed) -> bool:
        """Whether the same can be requested at once in another encoding or API version."""
        if error.code in NO_PROTOBUF and self._wire.was_refused():
            return True
        if error.code in ABSENCES and len(self._versions) > 1:
            self._versions.pop(0)
            return True
        if error.code in REFUSALS | ABSENCES:
            # The next attempt begins with the newest version again.
            self._versions = list(self._resource.versions)
        return False

    def waits_because(self, reason: str) -> None:
        """Begin to wait for the server for this reason, a sentence; an empty text ends the wait."""
        with self._waiting:
            self._waits_since, self._waits_because = time.monotonic(), reason

    @contextmanager
    def overdue(self, seconds: float) -> Iterator[str]:
        """Yield why the server has been waited for this long, or an empty text. No wait begins or ends meanwhile."""
        with self._waiting:
            yield self._waits_because if time.monotonic() - self._waits_since >= seconds else ""
