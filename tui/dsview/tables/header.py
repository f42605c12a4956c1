"""The contents of the header: the cluster, the number of findings by severity, and the state of every source."""

from __future__ import annotations

import msgspec

from dsview.analysis.cluster_view import ClusterView
from dsview.analysis.hidden_values import hidden_values
from dsview.cluster.completeness import Completeness, completeness, unreadable
from dsview.cluster.profile import Confidence
from dsview.core.finding import CLUSTER, Severity
from dsview.core.text import Safe, safe
from dsview.kinds.kind import Kind
from dsview.listeners.proxies import controller_notices
from dsview.listeners.registry import plural_of
from dsview.sources.events import Health, PausedSource


class SourceHealth(msgspec.Struct, frozen=True):
    """The state of a kind: its text, the server's reason, and for how many seconds it has been stale or failed."""

    kind: str
    health: Health
    text: Safe
    reason: Safe = Safe("")
    age: int | None = None


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The header.

    Attributes:
        counts: The number of findings of each severity, without acknowledged ones.
        acknowledged: The number of acknowledged findings.
        banners: All banners, including `warned` and `notices`.
        warned: The banners that cannot be closed.
        notices: The banners about a controller.
        notes: What the source says about its input.
        is_waiting: Whether the source is a demo whose story has not started.
    """

    context: Safe
    confidence: Safe
    service_cidrs: tuple[Safe, ...]
    counts: dict[Severity, int]
    acknowledged: int = 0
    sources: tuple[SourceHealth, ...]
    banners: tuple[Safe, ...]
    warned: tuple[Safe, ...]
    notices: tuple[Safe, ...]
    notes: tuple[Safe, ...]
    is_waiting: bool = False


def age_text(seconds: float) -> str:
    """An age in words: `12 s`, `3 min`, `2 h`, `5 d`."""
    whole = max(0, int(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


_CONFIDENCE = {
    Confidence.DECLARED: Safe("families from the configuration"),
    Confidence.OBSERVED: Safe("families as seen on Services"),
    Confidence.ASSUMED: Safe("families assumed from Services"),
    Confidence.UNKNOWN: Safe("families not known"),
}
"""How the cluster's Service families are known."""

_WORDS = {
    Health.LOADING: "loading",
    Health.LIVE: "live",
    Health.POLLING: "polled",
    Health.STALE: "stale",
    Health.GIVEN: "read",
    Health.REFUSED: "not permitted",
    Health.ABSENT: "not served",
    Health.NOT_GIVEN: "not given",
    Health.FAILED: "failed",
}
_WITH_ADDRESSES = (Kind.SERVICE, Kind.POD, Kind.NODE, Kind.ENDPOINT_SLICE)
_AGING = frozenset({Health.STALE, Health.FAILED})


def source_health(view: ClusterView, kind: Kind, now: float) -> SourceHealth:
    """The state of one kind."""
    status = view.state.status(kind)
    name = plural_of(kind)
    text = _WORDS[status.health]
    reason = status.reason
    if kind is Kind.PROXY_LISTENERS and status.health is Health.REFUSED and "not permitted" not in reason:
        # It was not refused but failed, for example because the kubelet does not answer; the reason says why.
        text = "not read"
    amount = completeness(view.state, kind)
    if amount is Completeness.CUT_OFF:
        text, reason = f"{text}, cut off", status.cut_off
    elif amount is Completeness.IN_PART and status.listed is not None:
        text = f"{text} in part"
    elif unread_objects := unreadable(view.state, kind):
        text = f"{text}, except {len(unread_objects)}"
    age = None
    if status.health in _AGING and status.since:
        age = max(0, int(now - status.since))
        text = f"{text} {age_text(age)}"
    progress = view.state.progress.get(kind)
    if status.health is Health.LOADING and progress is not None:
        text = f"{text} {progress.loaded:,}"
    return SourceHealth(name, status.health, safe(text), safe(reason), age)


def header(view: ClusterView, now: float) -> Header:
    """The header of a session; `now` is epoch seconds."""
    state, profile = view.state, view.profile
    about_cluster = view.findings_of(CLUSTER.kind, "", CLUSTER.name)
    banners = [*state.server.banners]
    notices = controller_notices(state)
    banners += notices
    banners += [finding.message for finding in about_cluster if finding.severity is not Severity.NOTE]
    if not view.source.is_live and all(map(state.is_settled, _WITH_ADDRESSES)):
        # Files hide values, and do not change.
        banners += hidden_values(state).sentences
    if state.quarantined:
        first = state.quarantine_messages()[0]
        banners.append(f"{len(state.quarantined)} objects could not be read, such as: {first}")
    return Header(
        context=safe(view.source.name),
        confidence=_CONFIDENCE[profile.confidence],
        service_cidrs=tuple(map(safe, profile.service_cidrs)),
        counts=view.counts(),
        sources=tuple(source_health(view, kind, now) for kind in Kind if not state.is_missing_add_on(kind)),
        banners=tuple(map(safe, banners)),
        warned=tuple(map(safe, state.server.banners)),
        notices=tuple(map(safe, notices)),
        notes=tuple(map(safe, state.notes)),
        is_waiting=isinstance(view.source, PausedSource) and view.source.is_waiting,
    )
