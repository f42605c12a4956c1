"""From options to a session, and from a session to one that knows everything it will know."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dsview.checks.engine.policy import Policy
from dsview.cli.options import DEFAULT_SCENARIO, Settings
from dsview.core.errors import UserError
from dsview.kinds.kind import Kind
from dsview.kinds.registry import CORE_KINDS, RESOURCES
from dsview.session.session import Session
from dsview.session.timing_log import Trace
from dsview.sources.events import Health, Source

if TYPE_CHECKING:
    from dsview.sources.kube import KubeSource
    from dsview.sources.kube.kubeconfig import ResolvedContext

# ruff: noqa: PLC0415 - each source is imported only where it is used: a cluster's costs a third of a second


STALLED_AFTER = 120.0
"""Seconds without anything new after which a command goes on with what it has, where no --timeout is given."""

HEAD_START = 0.1
"""Seconds in which the first Services get to the screen, before other kinds are decoded."""


def open_source(settings: Settings, policy: Policy, trace: Trace | None = None, *, on_screen: bool = False) -> Source:
    """The source that the options name. Raises `UserError`."""
    if settings.from_path is not None:
        from dsview.sources.files import FilesSource

        # A process may be started without any standard input at all.
        stdin = sys.stdin.buffer if sys.stdin is not None else None
        return FilesSource(settings.from_path, stdin=stdin, namespaces=settings.namespaces)
    if settings.demo is not None:
        from dsview.sources.demo import DemoSource

        # Under other names it is not known that it waits.
        waits = on_screen and not settings.redact
        return DemoSource(settings.demo or DEFAULT_SCENARIO, waits=waits)
    return open_cluster(settings, policy, trace, on_screen=on_screen)


def open_cluster(
    settings: Settings,
    policy: Policy,
    trace: Trace | None = None,
    context: str | None = None,
    *,
    on_screen: bool = False,
    resolved: ResolvedContext | None = None,
    on_client_ready: Callable[[], None] | None = None,
) -> KubeSource:
    """The cluster of a context, resolved before or here. Raises `UserError` where the kubeconfig has to be fixed."""
    from dsview.sources.kube import KubeSource

    source = KubeSource(
        kubeconfig=settings.kubeconfig,
        context=context or settings.context,
        namespaces=settings.namespaces,
        request_timeout=settings.request_timeout or None,
        interval=settings.interval or 30.0,
        use_exec=not settings.no_exec,
        json_only=settings.wire == "json",
        with_endpoints=bool(policy.select) and not policy.skips("DS-EPS-006"),
        head_start=HEAD_START if on_screen else 0.0,
        resolved=resolved,
        on_client_ready=(lambda: trace.event("client_ready")) if trace is not None else on_client_ready,
    )
    # Here already, so that a context that cannot be used leaves the one before on the screen.
    source.resolve()
    if trace is not None:
        trace.stats = source.stats
    return source


def open_policy(settings: Settings) -> Policy:
    """The policy of the configuration file and the options. Raises `UserError`."""
    from dsview.cli.configured import check_preferences
    from dsview.config.policy_file import policy_of
    from dsview.config.toml_file import read_config

    # Read once: it may be a pipe, as of `--config <(...)`.
    file = read_config(settings.config)
    policy = policy_of(file, select=settings.select, ignore=settings.ignore)
    check_preferences(file)
    return policy


def open_session(
    settings: Settings, trace: Trace | None = None, context: str | None = None, *, on_screen: bool = False
) -> Session:
    """A session that is not started yet; `on_screen` where its first rows are waited for. Raises `UserError`.

    `context` is another one than that of the options; of a demo, another scenario.
    """
    policy = open_policy(settings)
    recording = _recording_of(settings)
    if recording is not None:
        return _open_recording(recording, settings, policy, trace)
    source: Source
    if context is not None and settings.demo is None:
        source = open_cluster(settings, policy, trace, context, on_screen=on_screen)
    else:
        named = settings if context is None else msgspec.structs.replace(settings, demo=context)
        source = open_source(named, policy, trace, on_screen=on_screen)
    if settings.redact:
        from dsview.sources.redact import RedactedSource

        source = RedactedSource(source)
    return Session(source, policy=policy, trace=trace)


def _recording_of(settings: Settings) -> Path | None:
    """The recording that is to be shown; None for any other source. Raises `UserError` for a time of what has none."""
    from dsview.sources.recording.schema import is_recording

    path = Path(settings.from_path) if settings.from_path not in (None, "-") else None
    if path is not None and path.is_file() and is_recording(path):
        return path
    if settings.at is not None:
        raise UserError("--at is a moment of a recording: give one by --from FILE.")
    return None


def _open_recording(path: Path, settings: Settings, policy: Policy, trace: Trace | None) -> Session:
    from dsview.cli.moments import parse_moment
    from dsview.session.replay import ReplaySession
    from dsview.sources.recording.reader import RecordingReader

    if settings.redact:
        raise UserError("A recording is redacted while it is made: `dsview record --redact FILE`.")
    if settings.namespaces:
        raise UserError("-n reads some namespaces only: a recording holds those that were read then.")
    reader = RecordingReader(path)
    at = parse_moment(settings.at, reader.first, reader.last) if settings.at is not None else None
    return ReplaySession(reader, at=at, policy=policy, trace=trace)


def run_to_end(session: Session, timeout: float | None, *, clock: Callable[[], float] = time.monotonic) -> str:
    """Start a session and drain it until it knows all it will know, or the time is over.

    Without a `timeout` that is when nothing more was read for `STALLED_AFTER` seconds; the session is stopped then, and
    what is missing is returned in a sentence. Empty where all was read.

    Raises `UserError` (exit code 3) where a cluster could not be reached, or it timed out before everything
    was read.
    """
    missing = ""
    session.start()
    if not _drain(session, timeout, clock):
        session.stop()
        missing = _stalled(session.give_up(f"nothing more came for {STALLED_AFTER:g} s."))
    reasons = {session.state.status(kind).reason for kind, s in _statuses(session) if s is Health.FAILED}
    if reasons and not any(status.is_complete for _, status in _statuses(session)):
        raise UserError(sorted(reasons)[0] or "The cluster could not be reached.", exit_code=3)
    return missing


def _drain(session: Session, timeout: float | None, clock: Callable[[], float]) -> bool:
    """Whether everything was read and evaluated before nothing more came. Raises `UserError`."""
    started = moved = clock()
    kinds = objects = 0
    while True:
        session.drain(0.05)
        if session.is_settled:
            return True
        now = clock()
        if timeout and now - started > timeout:
            raise UserError(_out_of_time(session, timeout), exit_code=3)
        more_kinds, more_objects = _how_much(session)
        if more_kinds > kinds or more_objects > objects:
            kinds, objects, moved = max(kinds, more_kinds), max(objects, more_objects), now
        elif not timeout and now - moved > STALLED_AFTER:
            return False
        session.wait(0.2)
        failed = [kind for kind, status in _statuses(session) if status is Health.FAILED]
        read = [kind for kind, status in _statuses(session) if status.is_complete]
        if failed and not read and all(status.is_final for _, status in _statuses(session)):
            return True


def _how_much(session: Session) -> tuple[int, int]:
    """How many kinds are known, and how many objects of those that are still being read.

    What is new in a kind that is known does not count: a cluster in which something happens all the time has that too.
    """
    settled = [kind for kind in Kind if session.state.is_settled(kind)]
    waiting = set(Kind) - set(settled)
    return len(settled), sum(len(session.state.store(kind)) for kind in waiting)


def _stalled(waiting: list[Kind]) -> str:
    """What is missing, where nothing more came."""
    names = ", ".join(kind.value for kind in waiting) or "some answers"
    return f"Nothing more came for {STALLED_AFTER:g} s; not read: {names}."


def _out_of_time(session: Session, timeout: float) -> str:
    """What was not read in time, and why, where that is known."""
    waiting = [kind for kind, health in _statuses(session) if not health.is_final]
    reasons = sorted({reason for kind in waiting if (reason := session.state.status(kind).reason)})
    names = ", ".join(kind.value for kind in waiting) or "some answers"
    advice = " ".join(reasons) or "Give a longer --timeout."
    return f"Timed out after {timeout:g} s; not read yet: {names}. {advice}"


def unread(session: Session) -> list[str]:
    """A sentence for each kind that a verdict cannot do without and that could not be read, though it was permitted."""
    statuses = ((kind, session.state.status(kind)) for kind in CORE_KINDS)
    return [
        f"{RESOURCES[kind].plural} could not be read: {status.reason}"
        for kind, status in statuses
        if status.health is Health.FAILED
    ]


def refuse_nothing(session: Session) -> None:
    """Raises `UserError` where files hold nothing that could be judged.

    kubectl writes an empty List where it was refused everything. To find nothing in that would be no verdict.
    """
    if session.source.kind == "files" and not any(session.state.is_known(kind) for kind in RESOURCES):
        raise UserError(
            f"{session.source.name} holds nothing to check: no Service, Pod, Node or other object that dsview reads."
        )


def _statuses(session: Session) -> list[tuple[Kind, Health]]:
    return [(kind, session.state.status(kind).health) for kind in RESOURCES]
