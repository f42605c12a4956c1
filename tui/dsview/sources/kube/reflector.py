"""Lists and watches one kind in one scope until the session ends, like client-go's reflector.

It starts with a streaming list, or with pages if that is refused. It then watches from the resourceVersion of the list,
and lists again only if that has expired. After a lost connection, the last known state stays and is reported as stale.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from dsview.core.text import safe
from dsview.kinds.kind import Resource
from dsview.kinds.metadata import Key
from dsview.sources.events import Changed, Health, Listed, Progress, Quarantined, Sink
from dsview.sources.kube.bodies import BROKEN, UNDECODABLE, ApiResponse
from dsview.sources.kube.client import Client
from dsview.sources.kube.encodings import EncodingChoice, ListPage
from dsview.sources.kube.errors import RequestFailed, TooLarge, failure_of
from dsview.sources.kube.in_flight import UnfinishedEvent
from dsview.sources.kube.kind_requests import SLOW, KindRequests
from dsview.sources.kube.limits import MAX_OBJECTS, MAX_SKIPPED_EVENT, PAGE, BodyLimit
from dsview.sources.kube.load_priority import LoadPriority
from dsview.sources.kube.object_batcher import ObjectBatcher
from dsview.sources.kube.paging import PageTokens
from dsview.sources.kube.reconnect import ServerReconnect
from dsview.sources.kube.retries import REFUSALS, Retries
from dsview.sources.kube.stream import MalformedResponse, code_of, is_older
from dsview.sources.kube.watch_tracker import WatchTracker

SILENCE_TIMEOUT = 150.0
"""Seconds without a byte, not even a bookmark, after which a watch counts as broken."""

LIST_TIMEOUT = 60.0

RESPONSE_TIMEOUT = 10.0
"""Seconds without a response after which this is reported.

A server without its etcd accepts a streaming list and then sends nothing at all.
"""

NO_STREAMING = {400, 405, 422}

_TYPES = frozenset({"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"})

Report = Callable[[Health, str], None]


class _Expired(Exception):  # noqa: N818  (what happened, not an error)
    """The resourceVersion has expired: list again."""


class _Stopped(Exception):  # noqa: N818  (as above)
    """The session is over."""


class Reflector:
    """Keeps a sink up to date with a kind. `run` is the body of its thread.

    `namespace` limits it to one namespace, `name` to one object in it. `report` receives the health. `reconnect` is
    shared by all reflectors of the same server. `priority` is the head start of another kind. `encodings` chooses the
    encoding.
    """

    def __init__(
        self,
        client: Client,
        resource: Resource,
        sink: Sink,
        report: Report,
        stop: threading.Event,
        *,
        namespace: str | None = None,
        name: str | None = None,
        interval: float = 30.0,
        request_timeout: float | None = None,
        reconnect: ServerReconnect | None = None,
        priority: LoadPriority | None = None,
        encodings: EncodingChoice | None = None,
    ) -> None:
        self._resource = resource
        self._sink = sink
        self._report = report
        self._stop = stop
        self._namespace = namespace
        self._only_key: Key | None = (namespace or "", name) if name is not None else None
        self._interval = interval
        self._request_timeout = request_timeout or LIST_TIMEOUT
        self._reconnect = reconnect or ServerReconnect(stop)
        self._encodings = encodings or EncodingChoice(json_only=True)
        self._batcher = ObjectBatcher(resource.kind, sink)
        self.stats = self._batcher.stats
        self._requests = KindRequests(
            client,
            resource,
            stop,
            namespace=namespace,
            name=name,
            reconnect=self._reconnect,
            priority=priority,
            encodings=self._encodings,
            batcher=self._batcher,
        )
        self._retries = Retries()
        self._can_stream = True
        self._has_listed = False
        self._has_partial_list = False
        self._must_find_deleted = False
        self._watches = WatchTracker()
        self._has_reported_unknown = False
        self._version = ""

    def run(self) -> None:
        """List and watch until the session ends. If the thread is restarted after a fault in dsview, it lists again."""
        self._version = ""
        while not self._stop.is_set():
            try:
                failure = self._attempt()
            except _Stopped:
                return
            if failure is not None and not self._handle_failure(failure):
                return

    def _attempt(self) -> RequestFailed | None:
        """List and watch until something fails. Returns the failure, without the data that was read."""
        try:
            self._list_and_watch()
        except RequestFailed as error:
            return error.without_frames()
        except MalformedResponse as error:
            self._encodings.report_malformed(str(error))
            return RequestFailed(0, safe(f"The response of the API server cannot be read: {error}."))
        except (*UNDECODABLE, *BROKEN) as error:
            return RequestFailed(0, safe(f"The response of the API server could not be read ({type(error).__name__})."))
        return None

    def _wait(self, seconds: float) -> bool:
        """Wait. Returns whether to continue."""
        return not self._stop.wait(seconds)

    def _handle_failure(self, error: RequestFailed) -> bool:
        """Report a failure and wait. Returns whether to continue."""
        self._batcher.flush()
        if self._stop.is_set():
            return False
        if 400 <= error.code < 500:
            self._reconnect.notify_response()
        if self._requests.has_alternative(error):
            return True
        if error.code in NO_STREAMING and self._can_stream and not self._version:
            self._can_stream = False
            return True
        retry = self._retries.after(error, has_listed=self._has_listed)
        if retry.relist:
            self._version = ""
        if retry.health is not None:
            self._report(retry.health, retry.reason)
        if retry.wakes_with_others:
            return self._reconnect.wait(retry.seconds, may_probe=retry.may_probe)
        return self._wait(retry.seconds)

    def _list_and_watch(self) -> None:
        """List unless there is a resourceVersion to continue from, then watch until that expires or fails."""
        try:
            if not self._version and self._can_stream:
                self._watch(streaming=True)
            elif not self._version:
                self._list_pages()
            if self._retries.was_unreachable and self._has_listed:
                self._compare_versions()
            while not self._stop.is_set():
                self._watch(streaming=False)
        except _Expired:
            self._version = ""
            if self._watches.on_expired(time.monotonic()):
                self._wait(self._retries.delay())

    def _compare_versions(self) -> None:
        """After an outage, check that the server has the same data store as before. Raises `_Expired` if not.

        A page with one object suffices. Restoring etcd from a backup resets resourceVersions, and a watch from a future
        one stays silent.
        """
        page = self._read_page({"limit": "1"})
        self._retries.was_unreachable = False
        if is_older(page.metadata.resource_version, self._version):
            raise _Expired

    def report_overdue(self) -> None:
        """Report a server that has not responded for a long time. Called periodically, from another thread."""
        # Reports that follow from a response are sent after the lock is released, so they come last.
        with self._requests.overdue(RESPONSE_TIMEOUT) as reason:
            if reason:
                self._report(Health.STALE if self._has_listed else Health.LOADING, reason)
            if self._watches.is_stalled(RESPONSE_TIMEOUT):
                self._report(Health.STALE, SLOW)
            elif self._watches.becomes_trusted(time.monotonic()):
                self._retries.on_live()
                self._report(Health.LIVE, "")

    def _begin_list(self) -> None:
        if not self._has_listed and not self._has_partial_list:
            self._report(Health.LOADING, "")
        # A truncated list leaves objects that the next list may no longer contain.
        self._must_find_deleted = self._has_listed or self._has_partial_list
        self._batcher.begin_list(keeps_keys=self._must_find_deleted or self._only_key is not None)
        self._has_partial_list = True

    def _end_list(self, version: str, health: Health) -> None:
        self._requests.set_wait_reason("")
        self._batcher.flush()
        if self._only_key is not None:
            if self._only_key not in self._batcher.listed_keys:
                self._sink(Changed(self._resource.kind, (), (self._only_key,)))
        elif self._must_find_deleted:
            scope = (self._namespace,) if self._namespace else None
            self._sink(Listed(self._resource.kind, frozenset(self._batcher.listed_keys), scope))
        self._batcher.listed_keys = set()
        self._version = version
        self._has_listed = True
        self._watches.on_list(time.monotonic())
        self._retries.on_list()
        self._report(health, "")

    def _list_pages(self, health: Health = Health.LIVE) -> None:
        self._begin_list()
        token, version = "", ""
        tokens = PageTokens()
        while True:
            try:
                page = self._read_page({"continue": token} if token else {})
            except RequestFailed as error:
                if error.code == 410 and token:
                    # The continue token has expired.
                    raise _Expired from None
                raise
            for item in page.items:
                self._batcher.add(item, is_listing=True, is_item=True)
            self._batcher.flush()
            token = tokens.follow(page.metadata.continue_, len(page.items))
            version = page.metadata.resource_version
            self._report_progress(page.metadata.remaining_item_count)
            if self._stop.is_set():
                raise _Stopped
            if not token:
                break
        self._end_list(version, health)

    def _read_page(self, query: dict[str, str]) -> ListPage:
        limit = BodyLimit(self._retries.size_limit(PAGE.size), PAGE.seconds)
        return self._requests.page(query, self._request_timeout, limit)

    def _report_progress(self, remaining: int | None) -> None:
        loaded = self._batcher.loaded
        self._batcher.has_flushed_batch = False
        total = loaded + remaining if remaining is not None else None
        self._sink(Progress(kind=self._resource.kind, loaded=loaded, total=total))

    def _watch(self, *, streaming: bool) -> None:
        seconds = random.randint(300, 600)  # noqa: S311  (spreads the load, hides nothing)
        query = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        if streaming:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
            self._begin_list()
        else:
            query["resourceVersion"] = self._version
        opened, before = time.monotonic(), self.stats.bytes
        try:
            with self._requests.open(query, "watch", SILENCE_TIMEOUT) as response:
                self._retries.on_watch_opened()
                self._read_watch(response, is_listing=streaming)
            pause = self._watches.on_ended(time.monotonic() - opened, is_empty=self.stats.bytes == before)
            if pause:
                self._wait(pause)
        except RequestFailed as error:
            is_silent = self.stats.bytes == before and time.monotonic() - opened >= SILENCE_TIMEOUT
            if error.code == 410 or (not streaming and is_silent and self._watches.on_silent_end()):
                raise _Expired from None
            if error.code not in REFUSALS:
                raise
            self._poll()

    def _read_watch(self, response: ApiResponse, *, is_listing: bool) -> None:
        """Read the events of a watch until it ends."""
        with response.in_flight.reserve() as reservation:
            event = UnfinishedEvent(reservation, self._retries.size_limit(MAX_SKIPPED_EVENT))
            if is_listing:
                self._requests.set_wait_reason(SLOW)
            if not is_listing and self._watches.on_opened(time.monotonic(), event):
                self._retries.on_live()
                self._report(Health.LIVE, "")
            try:
                for events in self._batcher.encoding.split(
                    self._requests.chunks(response, SILENCE_TIMEOUT), event.set_size
                ):
                    for data in events:
                        is_listing = self._handle_event(data, is_listing)
                    if not is_listing:
                        self._batcher.flush()
                    elif self._batcher.has_flushed_batch:
                        self._requests.set_wait_reason(SLOW)
                        self._report_progress(None)
                    if is_listing and self._batcher.loaded > MAX_OBJECTS:
                        raise TooLarge(f"The API server lists more than {MAX_OBJECTS:,} objects of one kind.")
                    if self._stop.is_set():
                        raise _Stopped
            finally:
                self._watches.on_closed()
        if is_listing:
            raise RequestFailed(0, "The API server ended a list before it was complete.")

    def _handle_event(self, data: bytes | None, is_listing: bool) -> bool:
        """Handle one event of a watch. Returns whether the initial list continues."""
        kind, encoding = self._resource.kind, self._batcher.encoding
        if data is None:
            self._sink(Quarantined(kind, "too long", f"A {kind} of more than 32 MB was skipped."))
            return is_listing
        version = self._batcher.add_event(data, is_listing=is_listing)
        if version is not None:
            if not is_listing:
                self._on_event()
                self._advance(version)
            return is_listing
        event = encoding.event(data)
        if event.type not in _TYPES:
            self._report_unknown_event(event.type)
            return is_listing
        if not is_listing and event.type != "ERROR":
            self._on_event()
        match event.type:
            case "ADDED" | "MODIFIED":
                # Decoding the object by itself reports what is wrong with it.
                version = self._batcher.add(event.object, is_listing=is_listing)
                if not is_listing:
                    self._advance(version)
            case "DELETED":
                version = self._batcher.delete(event.object)
                # Old servers send the version before the deletion.
                if version and not is_older(version, self._version):
                    self._version = version
            case "BOOKMARK":
                bookmark = encoding.bookmark(kind, event.object)
                if is_listing and bookmark.ends_initial_events:
                    self._end_list(bookmark.metadata.resource_version, Health.LIVE)
                    return False
                if not is_listing and bookmark.metadata.resource_version:
                    self._advance(bookmark.metadata.resource_version)
            case "ERROR":
                status = encoding.status(event.object)
                error = failure_of(0, status)
                code = 410 if error.reason in {"Expired", "Gone"} else code_of(status)
                raise RequestFailed(code, str(error), error.reason)
        return is_listing

    def _report_unknown_event(self, name: str) -> None:
        """Report an unknown event type, but only the first one."""
        if self._watches.on_unknown_event() and not self._has_reported_unknown:
            self._has_reported_unknown = True
            kind = self._resource.kind
            text = safe(f"The API server sent a watch event of unknown type {name[:40]!r} for a {kind}.")
            self._sink(Quarantined(kind, "type of an event", text))

    def _on_event(self) -> None:
        """Note that the watch returned a readable event."""
        self._retries.on_event()
        if self._watches.on_event():
            self._retries.on_live()
            self._report(Health.LIVE, "")

    def _advance(self, version: str) -> None:
        """Advance to a resourceVersion. A lower one belongs to another data store; this raises `_Expired`."""
        if is_older(version, self._version):
            raise _Expired
        self._version = version or self._version

    def _poll(self) -> None:
        """List periodically, for a kind that may be listed but not watched, until it is time to try a watch again."""
        until = time.monotonic() + self._retries.poll_seconds()
        is_first = True
        while is_first or time.monotonic() < until:
            is_first = False
            self._list_pages(Health.POLLING)
            if not self._wait(self._interval):
                raise _Stopped
