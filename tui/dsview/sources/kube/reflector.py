"""One kind in one scope, listed and watched until the session ends, like client-go's reflector.

It starts with a streaming list, or pages if that is refused. It then watches from the resourceVersion that was reached,
and lists again only after 410. A lost connection removes nothing: the last known state stays and is reported as stale.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dsview.core.text import safe
from dsview.kinds.kind import Resource
from dsview.kinds.metadata import Key
from dsview.sources.events import Changed, Health, Listed, Progress, Quarantined, Sink
from dsview.sources.kube.backoff import LONGEST_BAD, LONGEST_LARGE, Backoff
from dsview.sources.kube.bodies import BROKEN, UNDECODABLE, Answer
from dsview.sources.kube.client import Client
from dsview.sources.kube.encodings import ListPage, WireChoice
from dsview.sources.kube.errors import RequestFailed, TooLarge, failure_of
from dsview.sources.kube.in_flight import UnfinishedEvent
from dsview.sources.kube.limits import FULL_EVERY, LARGE_AGAIN, OBJECTS, PAGE, PAGE_SIZES, PASSED_OVER, BodyLimit
from dsview.sources.kube.load_priority import LoadPriority
from dsview.sources.kube.object_batcher import ObjectBatcher
from dsview.sources.kube.paging import PageTokens
from dsview.sources.kube.reconnect import ServerReconnect
from dsview.sources.kube.stream import BadAnswer, code_of, is_older
from dsview.sources.kube.watch_record import WatchRecord

SILENCE = 150.0
"""Seconds without a byte on a watch, bookmarks included, before it counts as broken."""

LIST_TIMEOUT = 60.0
ASK_AGAIN = 180.0
"""Seconds before a refused or missing kind is tried again."""

PATIENT_REFUSALS = 4
"""Consecutive refusals of a kind that was permitted before; after that, they last for `ASK_AGAIN` seconds."""

ANSWER_WITHIN = 10.0
"""Seconds without a response before that is reported.

A server without its etcd accepts a streaming list and sends nothing at all, without end.
"""

SLOW = "The API server responds very slowly."
FAILURES_BEFORE_TELLING = 3
REFUSALS = {403}
ABSENCES = {404}
NO_STREAMING = {400, 405, 422}
NO_PROTOBUF = {406, 415}
BAD_CODES = {0, 410}
"""Failures that do not indicate load on the server: an unreadable response, and an expired list."""

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
        self._client = client
        self._resource = resource
        self._sink = sink
        self._report = report
        self._stop = stop
        self._namespace = namespace
        self._only: Key | None = (namespace or "", name) if name is not None else None
        self._query = {"fieldSelector": f"metadata.name={name}"} if name is not None else {}
        self._interval = interval
        self._request_timeout = request_timeout or LIST_TIMEOUT
        self._outage = outage or ServerReconnect(stop)
        self._waits_for = waits_for
        self._wire = wire or WireChoice(json_only=True)
        self._versions = list(resource.versions)
        self._backoff = Backoff(time.monotonic)
        self._can_stream = True
        self._has_listed = False
        self._is_dirty = False
        self._needs_difference = False
        self._record = WatchRecord()
        self._failures = 0
        self._told_unknown = False
        self._too_large = 0
        self._refusals = 0
        self._polls = 0
        self._was_out = False
        self._page_sizes = list(PAGE_SIZES)
        self._waiting = threading.Lock()
        self._waits_since = 0.0
        self._waits_because = ""
        self._version = ""
        self._intake = ObjectBatcher(resource.kind, sink)
        self.stats = self._intake.stats

    @property
    def _path(self) -> str:
        return self._resource.path(self._versions[0], self._namespace)

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
        if error.code in NO_PROTOBUF and self._wire.was_refused():
            return True
        if error.code in ABSENCES and len(self._versions) > 1:
            self._versions.pop(0)
            return True
        if error.code in REFUSALS | ABSENCES:
            return self._refused(error)
        if error.code in NO_STREAMING and self._can_stream and not self._version:
            self._can_stream = False
            return True
        self._failures += 1
        self._too_large = self._too_large + 1 if isinstance(error, TooLarge) else 0
        if self._has_listed:
            # A broken connection is reopened first; the state is stale only if that fails.
            if self._failures > 1 or error.code:
                self._report(Health.STALE, str(error))
        elif self._failures >= FAILURES_BEFORE_TELLING or error.code == 401:
            self._report(Health.FAILED, str(error))
        else:
            self._report(Health.LOADING, str(error))
        self._was_out = self._was_out or error.is_unanswered
        delay = self._backoff.delay(error.retry_after)
        is_bad = error.code in BAD_CODES or 300 <= error.code < 400
        if is_bad and not error.is_unanswered and not error.retry_after:
            delay = min(delay, LONGEST_LARGE if isinstance(error, TooLarge) else LONGEST_BAD)
        if error.retry_after or not (error.is_unanswered or error.code >= 500):
            return self._wait(delay)
        return self._outage.wait(delay, may_look=error.is_unanswered)

    def _refused(self, error: RequestFailed) -> bool:
        """Report that the kind is not permitted or not served, and wait. Returns whether to continue."""
        self._versions = list(self._resource.versions)
        self._refusals += 1
        if self._has_listed and self._refusals <= PATIENT_REFUSALS:
            # A starting server may refuse for some seconds what it permits afterwards.
            self._report(Health.STALE, str(error))
            return self._wait(self._backoff.delay())
        # The known state is not updated by a watch; it is read again before it counts.
        self._version = ""
        if error.code in REFUSALS:
            self._report(Health.REFUSED, str(error))
        else:
            self._report(Health.ABSENT, "this cluster does not serve them")
        return self._wait(ASK_AGAIN)

    def _follow(self) -> None:
        """List if there is no version to continue from, then watch until something ends it."""
        try:
            if not self._version and self._can_stream:
                self._follow_watch(streaming=True)
            elif not self._version:
                self._list_pages()
            if self._was_out and self._has_listed:
                self._compare_versions()
            while not self._stop.is_set():
                self._follow_watch(streaming=False)
        except _Expired:
            self._version = ""
            if self._record.expired(time.monotonic()):
                self._wait(self._backoff.delay())

    def _compare_versions(self) -> None:
        """After an outage, check whether the server has the same store as before. Raises `_Expired` if not.

        A page with one object suffices. Restoring etcd from a backup resets resourceVersions, and a watch from a future
        one stays silent.
        """
        query = {**self._query, "limit": "1"}
        page = self._read_page(query)
        self._was_out = False
        if is_older(page.metadata.resource_version, self._version):
            raise _Expired

    @contextmanager
    def _open(self, query: dict[str, str], verb: str, timeout: float) -> Iterator[Answer]:
        kind = self._resource.kind
        self._waits_for_server("The API server does not answer yet; it may be waiting for its etcd.")
        try:
            asked = self._wire.encoding(has_protobuf=self._resource.has_protobuf)
            with self._client.open(
                self._path, query, verb=verb, kind=kind, read_timeout=timeout, accept=asked.accept(verb)
            ) as answer:
                self._intake.encoding = self._wire.answered(asked, answer.headers.get("Content-Type"))
                self.stats.encoding = self._intake.encoding.name
                self._waits_for_server("")
                self._outage.answered()
                if self._waits_for is not None:
                    self._waits_for.wait(self._stop)
                yield answer
        finally:
            self._waits_for_server("")

    def _waits_for_server(self, because: str) -> None:
        """Begin to wait, which is reported with this reason after a while; an empty text ends the wait."""
        with self._waiting:
            self._waits_since, self._waits_because = time.monotonic(), because

    def remind(self) -> None:
        """Report that the server has not responded for long. Called periodically, from another thread."""
        # Reports that follow from a response are made after the lock is released, so they come last.
        now = time.monotonic()
        with self._waiting:
            if self._waits_because and now - self._waits_since >= ANSWER_WITHIN:
                health = Health.STALE if self._has_listed else Health.LOADING
                self._report(health, self._waits_because)
            if self._record.drips(ANSWER_WITHIN):
                self._report(Health.STALE, SLOW)
            elif self._record.proves_itself(now):
                self._failures = 0
                self._report(Health.LIVE, "")

    def _begin_list(self) -> None:
        if not self._has_listed and not self._is_dirty:
            self._report(Health.LOADING, "")
        # A truncated list leaves objects that the next one may no longer contain.
        self._needs_difference = self._has_listed or self._is_dirty
        self._intake.begin_list(keeps_keys=self._needs_difference or self._only is not None)
        self._is_dirty = True

    def _end_list(self, version: str, health: Health) -> None:
        self._waits_for_server("")
        self._intake.flush()
        if self._only is not None:
            if self._only not in self._intake.seen:
                self._sink(Changed(self._resource.kind, (), (self._only,)))
        elif self._needs_difference:
            scope = (self._namespace,) if self._namespace else None
            self._sink(Listed(self._resource.kind, frozenset(self._intake.seen), scope))
        self._intake.seen = set()
        self._version = version
        self._has_listed, self._was_out = True, False
        self._record.listed(time.monotonic())
        self._failures = self._refusals = self._too_large = 0
        self._report(health, "")

    def _list_pages(self, health: Health = Health.LIVE) -> None:
        self._begin_list()
        token, version = "", ""
        tokens = PageTokens()
        while True:
            try:
                page = self._read_page({**self._query, **({"continue": token} if token else {})})
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
        """A page of a list, with fewer objects if it would be too large otherwise."""
        while True:
            asked = {"limit": str(self._page_sizes[0]), **query}
            try:
                with self._open(asked, "list", self._request_timeout) as answer:
                    self._waits_for_server(SLOW)
                    started = time.perf_counter()
                    body = answer.body(BodyLimit(self._at_most(PAGE.size), PAGE.seconds))
                    self.stats.read_s += time.perf_counter() - started
                    self.stats.bytes += len(body)
            except TooLarge:
                if "limit" in query or len(self._page_sizes) == 1:
                    raise
                del self._page_sizes[0]
            else:
                return self._intake.encoding.page(self._resource.kind, body)

    def _tell_progress(self, remaining: int | None) -> None:
        loaded = self._intake.loaded
        self._intake.has_sent = False
        total = loaded + remaining if remaining is not None else None
        self._sink(Progress(kind=self._resource.kind, loaded=loaded, total=total))

    def _follow_watch(self, *, streaming: bool) -> None:
        seconds = random.randint(300, 600)  # noqa: S311  (spreads the load, hides nothing)
        query = {**self._query, "watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        if streaming:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
            self._begin_list()
        else:
            query["resourceVersion"] = self._version
        opened, before = time.monotonic(), self.stats.bytes
        try:
            with self._open(query, "watch", SILENCE) as answer:
                self._polls = 0
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

    def _at_most(self, size: int) -> int:
        """The limit for a page or an event in bytes; lower if the previous one was too large."""
        return LARGE_AGAIN if self._too_large % FULL_EVERY else size

    def _read_watch(self, answer: Answer, *, is_listing: bool) -> None:
        """Read the events of a watch until it ends."""
        with answer.in_flight.share() as share:
            event = UnfinishedEvent(share, self._at_most(PASSED_OVER))
            if is_listing:
                self._waits_for_server(SLOW)
            if not is_listing and self._record.opened(time.monotonic(), event):
                self._failures = 0
                self._report(Health.LIVE, "")
            try:
                for events in self._intake.encoding.split(self._pieces(answer), event.hold):
                    for data in events:
                        is_listing = self._take_event(data, is_listing)
                    if not is_listing:
                        self._intake.flush()
                    elif self._intake.has_sent:
                        self._waits_for_server(SLOW)
                        self._tell_progress(None)
                    if is_listing and self._intake.loaded > OBJECTS:
                        raise TooLarge(f"The API server lists more than {OBJECTS:,} objects of one kind.")
                    if self._stop.is_set():
                        raise _Gone
            finally:
                self._record.closed()
        if is_listing:
            raise RequestFailed(0, "The API server ended a list before it was whole.")

    def _pieces(self, answer: Answer) -> Iterator[bytes]:
        waited = time.perf_counter()
        for piece in answer.pieces(SILENCE):
            now = time.perf_counter()
            self.stats.read_s += now - waited
            self.stats.bytes += len(piece)
            yield piece
            waited = time.perf_counter()

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
        self._too_large = 0
        if self._record.bears_fruit():
            self._failures = 0
            self._report(Health.LIVE, "")

    def _advance(self, version: str) -> None:
        """The watch reached this version. A lower one belongs to another store (raises `_Expired`)."""
        if is_older(version, self._version):
            raise _Expired
        self._version = version or self._version

    def _poll(self) -> None:
        """List repeatedly, for a kind that may be listed but not watched, until a watch is worth another attempt."""
        self._polls += 1
        until = time.monotonic() + (ASK_AGAIN if self._polls > PATIENT_REFUSALS else 0.0)
        is_first = True
        while is_first or time.monotonic() < until:
            is_first = False
            self._list_pages(Health.POLLING)
            if not self._wait(self._interval):
                raise _Gone
