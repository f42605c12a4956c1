"""One kind, in one scope, listed and watched for as long as the session lives: what client-go's reflector does.

Streaming list first, pages where it is refused; a watch from the resourceVersion that was reached; a new list only
after 410. A lost connection takes nothing away: the last known state stays and is said to be stale.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator

import msgspec
import urllib3
from msgspec import Raw

from dsview.model.decode import BadObject, decode, decode_line
from dsview.model.kinds import Resource
from dsview.model.objects import Key, Object
from dsview.model.text import safe
from dsview.sources.events import Changed, Health, Listed, Progress, Quarantined, Sink
from dsview.sources.kube.backoff import Backoff
from dsview.sources.kube.client import Client
from dsview.sources.kube.errors import RequestFailed, failure_of
from dsview.sources.kube.stream import batches_of_lines, bookmark_decoder, page_decoder, watch_line_decoder

PAGE = 500
BATCH = 500
SILENCE = 150.0
"""Seconds without a byte on a watch, bookmarks included, after which it counts as broken."""

LIST_TIMEOUT = 60.0
ASK_AGAIN = 180.0
"""Seconds after which a kind that was refused or absent is tried again."""

SHORTEST_WATCH = 1.0
"""Seconds; a watch that ends sooner and brought nothing counts as a failure."""

EXPIRES_SELDOM = 5.0
"""Seconds between two expiries below which a list is not begun again at once."""

FAILURES_BEFORE_TELLING = 3
REFUSALS = {403}
ABSENCES = {404}
_UPSERTS = {"ADDED", "MODIFIED"}
NO_STREAMING = {400, 405, 422}

Report = Callable[[Health, str], None]


class Stats(msgspec.Struct):
    """What reading a kind cost: objects, bytes, and seconds of waiting for bytes and of decoding them."""

    count: int = 0
    bytes: int = 0
    read_s: float = 0.0
    decode_s: float = 0.0


class _Expired(Exception):  # noqa: N818  (what happened, not an error)
    """The resourceVersion is too old: list again."""


class _Gone(Exception):  # noqa: N818  (as above)
    """The session is over."""


class Reflector:
    """Follows a kind. `run` is the body of its thread.

    `namespace` limits it to one, `name` to one object in it, `selector` is a fieldSelector. `report` is told of health.
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
        silence: float = SILENCE,
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
        self._silence = silence
        self._versions = list(resource.versions)
        self._backoff = Backoff(time.monotonic)
        self._can_stream = True
        self._has_listed = False
        self._is_dirty = False
        self._needs_difference = False
        self._expired_at = -EXPIRES_SELDOM
        self._failures = 0
        self._version = ""
        self._seen: set[Key] = set()
        self._upserts: dict[Key, Object] = {}
        self._deletes: dict[Key, None] = {}
        self.stats = Stats()

    @property
    def _path(self) -> str:
        return self._resource.path(self._versions[0], self._namespace)

    def run(self) -> None:
        """Follow the kind until the session is over."""
        while not self._stop.is_set():
            try:
                self._follow()
            except _Gone:
                return
            except RequestFailed as error:
                if not self._failed(error):
                    return
            except (msgspec.MsgspecError, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                text = f"The answer of the API server could not be read ({type(error).__name__})."
                if not self._failed(RequestFailed(0, safe(text))):
                    return

    def _wait(self, seconds: float) -> bool:
        """Wait; whether to go on."""
        return not self._stop.wait(seconds)

    def _failed(self, error: RequestFailed) -> bool:
        self._flush()
        if self._stop.is_set():
            return False
        if error.code in REFUSALS:
            self._report(Health.REFUSED, str(error))
            return self._wait(ASK_AGAIN)
        if error.code in ABSENCES:
            if len(self._versions) > 1:
                self._versions.pop(0)
                return True
            self._versions = list(self._resource.versions)
            self._report(Health.ABSENT, "this cluster does not serve them")
            return self._wait(ASK_AGAIN)
        if error.code in NO_STREAMING and self._can_stream and not self._version:
            self._can_stream = False
            return True
        self._failures += 1
        if self._has_listed:
            # A connection that broke is opened again first; only if that fails the state is out of date.
            if self._failures > 1 or error.code:
                self._report(Health.STALE, str(error))
        elif self._failures >= FAILURES_BEFORE_TELLING or error.code == 401:
            self._report(Health.FAILED, str(error))
        else:
            self._report(Health.LOADING, str(error))
        return self._wait(self._backoff.delay(error.retry_after))

    def _follow(self) -> None:
        """List if there is no version to go on from, then watch until something ends it."""
        try:
            if not self._version and self._can_stream:
                self._watch(streaming=True)
            elif not self._version:
                self._list_pages()
            while not self._stop.is_set():
                self._watch(streaming=False)
        except _Expired:
            self._version = ""
            now = time.monotonic()
            if now - self._expired_at < EXPIRES_SELDOM:
                self._wait(self._backoff.delay())
            self._expired_at = now

    def _begin_list(self) -> None:
        self._seen.clear()
        if not self._has_listed and not self._is_dirty:
            self._report(Health.LOADING, "")
        # A list that breaks off leaves objects behind that the next one may not hold any more.
        self._needs_difference = self._has_listed or self._is_dirty
        self._is_dirty = True

    def _end_list(self, version: str, health: Health) -> None:
        self._flush()
        if self._only is not None:
            if self._only not in self._seen:
                self._sink(Changed(self._resource.kind, (), (self._only,)))
        elif self._needs_difference:
            scope = (self._namespace,) if self._namespace else None
            self._sink(Listed(self._resource.kind, frozenset(self._seen), scope))
        self._seen = set()
        self._version = version
        self._has_listed, self._failures = True, 0
        self._report(health, "")

    def _list_pages(self, health: Health = Health.LIVE) -> None:
        self._begin_list()
        token, version = "", ""
        while True:
            query = {**self._query, "limit": str(PAGE), **({"continue": token} if token else {})}
            started = time.perf_counter()
            try:
                with self._client.open(self._path, query, verb="list", read_timeout=self._request_timeout) as response:
                    body = response.read(decode_content=True) or b""
            except RequestFailed as error:
                if error.code == 410 and token:
                    # The continue token has expired: begin again.
                    raise _Expired from None
                raise
            self.stats.read_s += time.perf_counter() - started
            self.stats.bytes += len(body)
            page = page_decoder.decode(body)
            for raw in page.items or ():
                self._take(raw)
            self._flush()
            token, version = page.metadata.continue_, page.metadata.resource_version
            self._tell_progress(page.metadata.remaining_item_count)
            if self._stop.is_set():
                raise _Gone
            if not token:
                break
        self._end_list(version, health)

    def _tell_progress(self, remaining: int | None) -> None:
        loaded = len(self._seen)
        total = loaded + remaining if remaining is not None else None
        self._sink(Progress(kind=self._resource.kind, loaded=loaded, total=total))

    def _watch(self, *, streaming: bool) -> None:
        seconds = random.randint(300, 600)  # noqa: S311  (spreads the load, hides nothing)
        query = {**self._query, "watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        if streaming:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
            self._begin_list()
        else:
            query["resourceVersion"] = self._version
        is_listing = streaming
        opened, before = time.monotonic(), self.stats.bytes
        try:
            with self._client.open(self._path, query, verb="watch", read_timeout=self._silence) as response:
                if not streaming:
                    self._failures = 0
                    self._report(Health.LIVE, "")
                for lines in batches_of_lines(self._chunks(response)):
                    for line in lines:
                        is_listing = self._take_line(line, is_listing)
                    if not is_listing or len(self._upserts) >= BATCH:
                        self._flush()
                        if is_listing:
                            self._tell_progress(None)
                    if self._stop.is_set():
                        raise _Gone
            if is_listing:
                raise RequestFailed(0, "The API server ended a list before it was whole.")
            if self.stats.bytes == before and time.monotonic() - opened < SHORTEST_WATCH:
                # As client-go: without a pause this would ask as fast as it can, for good.
                raise RequestFailed(0, "The API server ended a watch at once.")
        except RequestFailed as error:
            if error.code == 410:
                raise _Expired from None
            if error.code in REFUSALS and (self._has_listed or streaming):
                self._poll()
            raise

    def _chunks(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        waited = time.perf_counter()
        for chunk in response.stream(1 << 16 if not response.headers.get("Transfer-Encoding") else None):
            now = time.perf_counter()
            self.stats.read_s += now - waited
            self.stats.bytes += len(chunk)
            yield chunk
            waited = time.perf_counter()

    def _take_line(self, line: bytes | None, is_listing: bool) -> bool:
        """Take one line of a watch; whether the initial list is still going on."""
        kind = self._resource.kind
        if line is None:
            self._sink(Quarantined(kind, "too long", f"A {kind} of more than 32 MB was passed over."))
            return is_listing
        started = time.perf_counter()
        whole = decode_line(kind, line)
        self.stats.decode_s += time.perf_counter() - started
        if whole is not None and whole[0] in _UPSERTS:
            self._keep(whole[1], tracks_version=not is_listing)
            return is_listing
        event = watch_line_decoder.decode(line)
        match event.type:
            case "ADDED" | "MODIFIED":
                # What is wrong with the object is found out by reading it alone.
                self._take(event.object, tracks_version=not is_listing)
            case "DELETED":
                self._take_deleted(event.object)
            case "BOOKMARK":
                bookmark = bookmark_decoder.decode(event.object)
                if is_listing and bookmark.ends_initial_events:
                    self._end_list(bookmark.metadata.resource_version, Health.LIVE)
                    return False
                if not is_listing and bookmark.metadata.resource_version:
                    self._version = bookmark.metadata.resource_version
            case "ERROR":
                error = failure_of(0, bytes(event.object))
                code = 410 if error.reason in {"Expired", "Gone"} else _code(event.object)
                raise RequestFailed(code, str(error), error.reason)
            case _:
                text = safe(f"The API server sent a watch event of unknown type {event.type[:40]!r} for a {kind}.")
                self._sink(Quarantined(kind, f"type {event.type[:40]}", text))
        return is_listing

    def _take(self, raw: Raw, *, tracks_version: bool = False) -> None:
        started = time.perf_counter()
        try:
            item = decode(self._resource.kind, raw)
        except BadObject as error:
            self._sink(Quarantined(self._resource.kind, error.identity, str(error)))
            return
        finally:
            self.stats.decode_s += time.perf_counter() - started
        self._keep(item, tracks_version=tracks_version)

    def _keep(self, item: Object, *, tracks_version: bool) -> None:
        key = item.key
        if tracks_version:
            self._version = item.resource_version or self._version
        else:
            self._seen.add(key)
        self.stats.count += 1
        self._deletes.pop(key, None)
        self._upserts[key] = item
        if len(self._upserts) >= BATCH:
            self._flush()

    def _take_deleted(self, raw: Raw) -> None:
        try:
            item = decode(self._resource.kind, raw)
        except BadObject as error:
            namespace, _, name = error.identity.rpartition("/")
            self._deletes[(namespace, name)] = None
            return
        self._version = item.resource_version or self._version
        self._seen.discard(item.key)
        self._upserts.pop(item.key, None)
        self._deletes[item.key] = None

    def _flush(self) -> None:
        if self._upserts or self._deletes:
            changed = Changed(self._resource.kind, tuple(self._upserts.values()), tuple(self._deletes))
            self._upserts, self._deletes = {}, {}
            self._sink(changed)

    def _poll(self) -> None:
        """List again and again: for a kind that may be listed but not watched. Leaves by `RequestFailed`."""
        while not self._stop.is_set():
            self._list_pages(Health.POLLING)
            self._version = ""
            if not self._wait(self._interval):
                raise _Gone
        raise _Gone


class _Coded(msgspec.Struct):
    code: int = 0


def _code(raw: Raw) -> int:
    try:
        return msgspec.json.decode(raw, type=_Coded).code
    except msgspec.MsgspecError:
        return 0
