"""Opens lists and watches of one kind, in the API version and the encoding that the server accepts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dsview.kinds.kind import Resource
from dsview.sources.kube.bodies import ApiResponse
from dsview.sources.kube.client import Client
from dsview.sources.kube.encodings import EncodingChoice, ListPage
from dsview.sources.kube.errors import RequestFailed, TooLarge
from dsview.sources.kube.limits import PAGE_SIZES, BodyLimit
from dsview.sources.kube.load_priority import LoadPriority
from dsview.sources.kube.object_batcher import ObjectBatcher
from dsview.sources.kube.reconnect import ServerReconnect
from dsview.sources.kube.retries import ABSENCES, REFUSALS

NO_RESPONSE_YET = "The API server has not responded yet; it may be waiting for its etcd."
SLOW = "The API server responds very slowly."
NO_PROTOBUF = {406, 415}


class KindRequests:
    """Sends the requests for one kind, and tracks how long it has been waiting for the server.

    `batcher` receives the encoding of each response, and its statistics count the cost. The other arguments are those
    of `Reflector`.
    """

    def __init__(
        self,
        client: Client,
        resource: Resource,
        stop: threading.Event,
        *,
        namespace: str | None,
        name: str | None,
        reconnect: ServerReconnect,
        priority: LoadPriority | None,
        encodings: EncodingChoice,
        batcher: ObjectBatcher,
    ) -> None:
        self._client = client
        self._resource = resource
        self._stop = stop
        self._namespace = namespace
        self._query = {"fieldSelector": f"metadata.name={name}"} if name is not None else {}
        self._reconnect = reconnect
        self._priority = priority
        self._encodings = encodings
        self._batcher = batcher
        self._page_sizes = list(PAGE_SIZES)
        self._versions = list(resource.versions)
        self._waiting = threading.Lock()
        self._waiting_since = 0.0
        self._wait_reason = ""

    @contextmanager
    def open(self, query: dict[str, str], verb: str, timeout: float) -> Iterator[ApiResponse]:
        """Send a request and yield the response. `timeout` is in seconds without a byte."""
        self.set_wait_reason(NO_RESPONSE_YET)
        try:
            requested = self._encodings.encoding(has_protobuf=self._resource.has_protobuf)
            with self._client.open(
                self._resource.path(self._versions[0], self._namespace),
                {**self._query, **query},
                verb=verb,
                kind=self._resource.kind,
                read_timeout=timeout,
                accept=requested.accept(verb),
            ) as response:
                self._batcher.encoding = self._encodings.of_response(requested, response.headers.get("Content-Type"))
                self._batcher.stats.encoding = self._batcher.encoding.name
                self.set_wait_reason("")
                self._reconnect.notify_response()
                if self._priority is not None:
                    self._priority.wait(self._stop)
                yield response
        finally:
            self.set_wait_reason("")

    def page(self, query: dict[str, str], timeout: float, limit: BodyLimit) -> ListPage:
        """A page of a list. If it exceeds the limit, a smaller page is requested."""
        stats = self._batcher.stats
        while True:
            requested = {"limit": str(self._page_sizes[0]), **query}
            try:
                with self.open(requested, "list", timeout) as response:
                    self.set_wait_reason(SLOW)
                    started = time.perf_counter()
                    body = response.body(limit)
                    stats.read_s += time.perf_counter() - started
                    stats.bytes += len(body)
            except TooLarge:
                if "limit" in query or len(self._page_sizes) == 1:
                    raise
                del self._page_sizes[0]
            else:
                return self._batcher.encoding.page(self._resource.kind, body)

    def chunks(self, response: ApiResponse, silence: float) -> Iterator[bytes]:
        """The bytes of a watch as they arrive, until it ends, or is silent for `silence` seconds."""
        stats = self._batcher.stats
        waited = time.perf_counter()
        for chunk in response.stream(silence):
            now = time.perf_counter()
            stats.read_s += now - waited
            stats.bytes += len(chunk)
            yield chunk
            waited = time.perf_counter()

    def has_alternative(self, error: RequestFailed) -> bool:
        """Whether the request can be repeated at once in another encoding or API version."""
        if error.code in NO_PROTOBUF and self._encodings.report_not_acceptable():
            return True
        if error.code in ABSENCES and len(self._versions) > 1:
            self._versions.pop(0)
            return True
        if error.code in REFUSALS | ABSENCES:
            # The next attempt begins with the newest version again.
            self._versions = list(self._resource.versions)
        return False

    def set_wait_reason(self, reason: str) -> None:
        """Start waiting for the server for a reason, which is a sentence; an empty text ends the wait."""
        with self._waiting:
            self._waiting_since, self._wait_reason = time.monotonic(), reason

    @contextmanager
    def overdue(self, seconds: float) -> Iterator[str]:
        """Yield the reason for a wait that has lasted this long, or an empty text. The wait cannot change meanwhile."""
        with self._waiting:
            yield self._wait_reason if time.monotonic() - self._waiting_since >= seconds else ""
