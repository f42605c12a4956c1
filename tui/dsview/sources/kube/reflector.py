"""One kind in one scope, listed and watched until the session ends, like client-go's reflector.

It starts with a streaming list, or pages if that is refused. It then watches from the resourceVersion that was reached,
and lists again only after 410. A lost connection removes nothing: the last known state stays and is reported as stale.
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
from dsview.sources.kube.bodies import BROKEN, UNDECODABLE, Answer
from dsview.sources.kube.client import Client
from dsview.sources.kube.encodings import ListPage, WireChoice
from dsview.sources.kube.errors import RequestFailed, TooLarge, failure_of
from dsview.sources.kube.in_flight import UnfinishedEvent
from dsview.sources.kube.kind_requests import SLOW, KindRequests
from dsview.sources.kube.limits import OBJECTS, PAGE, PASSED_OVER, BodyLimit
from dsview.sources.kube.load_priority import LoadPriority
from dsview.sources.kube.object_batcher import ObjectBatcher
from dsview.sources.kube.paging import PageTokens
from dsview.sources.kube.reconnect import ServerReconnect
from dsview.sources.kube.retries import REFUSALS, Retries
from dsview.sources.kube.stream import BadAnswer, code_of, is_older
from dsview.sources.kube.watch_record import WatchRecord

SILENCE = 150.0
"""Seconds without a byte on a watch, bookmarks included, before it counts as broken."""

LIST_TIMEOUT = 60.0

ANSWER_WITHIN = 10.0
"""Seconds without a response before that is reported.

A server without its etcd accepts a streaming list and sends nothing at all, without end.
"""

NO_STREAMING = {400, 405, 422}

_TYPES = frozenset({"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"})

Report = Callable[[Health, str], None]


class _Expired(Exception):  # noqa: N818  (what happened, not an error)
    """The resourceVersion is too old: list again."""


class _Gone(Exception):  # noqa: N818  (as above)
    """The session is over."""


class Reflector:
    """Follows a kind. `run` is the body of its thread.

    `namespace` limits it to one namespace, `name` to one object in it. `report` receives the health. `outage` is shared
    by all readers of the same server. `waits_for` is the head start of another kind. `wire` chooses the encoding.
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
        outage: ServerReconnect | None = None,
        waits_for: LoadPriority | None = None,
        wire: WireChoice | None = None,
    ) -> None:
        self._resource = resource
        self._sink = sink
        self._report = report
        self._stop = stop
        self._namespace = namespace
        self._only: Key | None = (namespace or "", name) if name is not None else None
        self._interval = interval
        self._request_timeout = request_timeout or LIST_TIMEOUT
        self._outage = outage or ServerReconnect(stop)
        self._wire = wire or WireChoice(json_only=True)
        self._intake = ObjectBatcher(resource.kind, sink)
        self.stats = self._intake.stats
        self._requests = KindRequests(
            client,
            resource,
            stop,
            namespace=namespace,
            name=name,
            outage=self._outage,
            waits_for=waits_for,
            wire=self._wire,
            intake=self._intake,
        )
        self._retries = Retries()
        self._can_stream = True
        self._has_listed = False
        self._is_dirty = False
        self._needs_difference = False
        self._record = WatchRecord()
        self._told_unknown = False
        self._version = ""

    def run(self) -> None:
        """Follow the kind until the session ends. After a fault in dsview, a restarted thread lists again."""
        self._version = ""
        while not self._stop.is_set():
            try:
                failure = self._attempt()
            except _Gone:
                return
            if failure is not None and not self._failed(failure):
                return

    def _attempt(self) -> RequestFailed | None:
        """Follow the kind until something fails. Returns the failure, without the data that was read."""
        try:
            self._follow()
        except RequestFailed as error:
            return error.without_frames()
        except BadAnswer as error:
            self._wire.was_bad(str(error))
            return RequestFailed(0, safe(f"The answer of the API server cannot be read: {error}."))
        except (*UNDECODABLE, *BROKEN) as error:
            return RequestFailed(0, safe(f"The answer of the API server could not be read ({type(error).__name__})."))
        return None

    def _wait(self, seconds: float) -> bool:
        """Wait. Returns whether to continue."""
        return not self._stop.wait(seconds)

    def _failed(self, error: RequestFailed) -> bool:
        """Report a failure and wait. Returns whether to continue."""
        self._intake.flush()
        if self._stop.is_set():
            return False
        if 400 <= error.code < 500:
            self._outage.answered()
        if self._requests.has_alternative(error):
            return True
        if error.code in NO_STREAMING and self._can_stream and not self._version:
            self._can_stream = False
            return True
        retry = self._retries.after(error, has_listed=self._has_listed)
        if retry.lists_again:
            self._version = ""
        if retry.health is not None:
            self._report(retry.health, retry.reason)
        if retry.with_others:
            return self._outage.wait(retry.seconds, may_look=retry.may_probe)
        return self._wait(retry.seconds)

    def _follow(self) -> None:
        """List if there is no version to continue from, then watch until something ends it."""
        try:
            if not self._version and self._can_stream:
                self._follow_watch(streaming=True)
            elif not self._version:
                self._list_pages()
            if self._retries.was_out and self._has_listed:
                self._compare_versions()
            while not self._stop.is_set():
                self._follow_watch(streaming=False)
        except _Expired:
            self._version = ""
            if self._record.expired(time.monotonic()):
                self._wait(self._retries.delay())

    def _compare_versions(self) -> None:
        """After an outage, check whether the server has the same store as before. Raises `_Expired` if not.

        A page with one object suffices. Restoring etcd from a backup resets resourceVersions, and a watch from a future
        one stays silent.
        """
        page = self._read_page({"limit": "1"})
        self._retries.was_out = False
        if is_older(page.metadata.resource_version, self._version):
            raise _Expired

    def remind(self) -> None:
        """Report that the server has not responded for long. Called periodically, from another thread."""
        # Reports that follow from a response are made after the lock is released, so they come last.
        with self._requests.overdue(ANSWER_WITHIN) as reason:
            if reason:
                self._report(Health.STALE if self._has_listed else Health.LOADING, reason)
            if self._record.drips(ANSWER_WITHIN):
                self._report(Health.STALE, SLOW)
            elif self._record.proves_itself(time.monotonic()):
                self._retries.is_live()
                self._report(Health.LIVE, "")

    def _begin_list(self) -> None:
        if not self._has_listed and not self._is_dirty:
            self._report(Health.LOADING, "")
        # A truncated list leaves objects that the next one may no longer contain.
        self._needs_difference = self._has_listed or self._is_dirty
        self._intake.begin_list(keeps_keys=self._needs_difference or self._only is not None)
        self._is_dirty = True

    def _end_list(self, version: str, health: Health) -> None:
        self._requests.waits_because("")
        self._intake.flush()
        if self._only is not None:
            if self._only not in self._intake.seen:
                self._sink(Changed(self._resource.kind, (), (self._only,)))
        elif self._needs_difference:
            scope = (self._namespace,) if self._namespace else None
            self._sink(Listed(self._resource.kind, frozenset(self._intake.seen), scope))
        self._intake.seen = set()
        self._version = version
        self._has_listed = True
        self._record.listed(time.monotonic())
        self._retries.listed()
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
                    # The continue token has expired: begin again.
                    raise _Expired from None
                raise
            for item in page.items:
                self._intake.put(item, is_listing=True, is_item=True)
            self._intake.flush()
            token = tokens.follow(page.metadata.continue_, len(page.items))
            version = page.metadata.resource_version
            self._tell_progress(page.metadata.remaining_item_count)
            if self._stop.is_set():
                raise _Gone
            if not token:
                break
        self._end_list(version, health)

    def _read_page(self, query: dict[str, str]) -> ListPage:
        limit = BodyLimit(self._retries.at_most(PAGE.size), PAGE.seconds)
        return self._requests.page(query, self._request_timeout, limit)

    def _tell_progress(self, remaining: int | None) -> None:
        loaded = self._intake.loaded
        self._intake.has_sent = False
        total = loaded + remaining if remaining is not None else None
        self._sink(Progress(kind=self._resource.kind, loaded=loaded, total=total))

    def _follow_watch(self, *, streaming: bool) -> None:
        seconds = random.randint(300, 600)  # noqa: S311  (spreads the load, hides nothing)
        query = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        if streaming:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
            self._begin_list()
        else:
            query["resourceVersion"] = self._version
        opened, before = time.monotonic(), self.stats.bytes
        try:
            with self._requests.open(query, "watch", SILENCE) as answer:
                self._retries.is_watched()
                self._read_watch(answer, is_listing=streaming)
            pause = self._record.ended(time.monotonic() - opened, is_empty=self.stats.bytes == before)
            if pause:
                self._wait(pause)
        except RequestFailed as error:
            is_silent = self.stats.bytes == before and time.monotonic() - opened >= SILENCE
            if error.code == 410 or (not streaming and is_silent and self._record.was_silent()):
                raise _Expired from None
            if error.code not in REFUSALS:
                raise
            self._poll()

    def _read_watch(self, answer: Answer, *, is_listing: bool) -> None:
        """Read the events of a watch until it ends."""
        with answer.in_flight.share() as share:
            event = UnfinishedEvent(share, self._retries.at_most(PASSED_OVER))
            if is_listing:
                self._requests.waits_because(SLOW)
            if not is_listing and self._record.opened(time.monotonic(), event):
                self._retries.is_live()
                self._report(Health.LIVE, "")
            try:
                for events in self._intake.encoding.split(self._requests.pieces(answer, SILENCE), event.hold):
                    for data in events:
                        is_listing = self._take_event(data, is_listing)
                    if not is_listing:
                        self._intake.flush()
                    elif self._intake.has_sent:
                        self._requests.waits_because(SLOW)
                        self._tell_progress(None)
                    if is_listing and self._intake.loaded > OBJECTS:
                        raise TooLarge(f"The API server lists more than {OBJECTS:,} objects of one kind.")
                    if self._stop.is_set():
                        raise _Gone
            finally:
                self._record.closed()
        if is_listing:
            raise RequestFailed(0, "The API server ended a list before it was whole.")

    def _take_event(self, data: bytes | None, is_listing: bool) -> bool:
        """Read one event of a watch. Returns whether the initial list continues."""
        kind, encoding = self._resource.kind, self._intake.encoding
        if data is None:
            self._sink(Quarantined(kind, "too long", f"A {kind} of more than 32 MB was passed over."))
            return is_listing
        version = self._intake.put_event(data, is_listing=is_listing)
        if version is not None:
            if not is_listing:
                self._bears_fruit()
                self._advance(version)
            return is_listing
        event = encoding.event(data)
        if event.type not in _TYPES:
            self._note_unknown(event.type)
            return is_listing
        if not is_listing and event.type != "ERROR":
            self._bears_fruit()
        match event.type:
            case "ADDED" | "MODIFIED":
                # Reading the object separately shows what is wrong with it.
                version = self._intake.put(event.object, is_listing=is_listing)
                if not is_listing:
                    self._advance(version)
            case "DELETED":
                version = self._intake.drop(event.object)
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

    def _note_unknown(self, name: str) -> None:
        """Report an unknown type of event once, regardless of others that follow."""
        if self._record.brought_unknown() and not self._told_unknown:
            self._told_unknown = True
            kind = self._resource.kind
            text = safe(f"The API server sent a watch event of unknown type {name[:40]!r} for a {kind}.")
            self._sink(Quarantined(kind, "type of an event", text))

    def _bears_fruit(self) -> None:
        """The watch returned something readable."""
        self._retries.was_read()
        if self._record.bears_fruit():
            self._retries.is_live()
            self._report(Health.LIVE, "")

    def _advance(self, version: str) -> None:
        """The watch reached this version. A lower one belongs to another store (raises `_Expired`)."""
        if is_older(version, self._version):
            raise _Expired
        self._version = version or self._version

    def _poll(self) -> None:
        """List repeatedly, for a kind that may be listed but not watched, until a watch is worth another attempt."""
        until = time.monotonic() + self._retries.poll_seconds()
        is_first = True
        while is_first or time.monotonic() < until:
            is_first = False
            self._list_pages(Health.POLLING)
            if not self._wait(self._interval):
                raise _Gone
