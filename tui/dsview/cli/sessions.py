"""Opens a session according to the options, and runs it until everything is read and evaluated."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dsview.checks.engine.policy import Policy
from dsview.cli.exit_codes import EXIT_UNREACHABLE
from dsview.cli.options import DEFAULT_SCENARIO, Settings
from dsview.core.errors import UserError
from dsview.kinds.kind import Kind
from dsview.kinds.registry import CORE_KINDS, RESOURCES
from dsview.session.session import Session
from dsview.session.timing_log import TimingLog
from dsview.sources.events import Health, Source

if TYPE_CHECKING:
    from dsview.sources.kube import KubeSource
    from dsview.sources.kube.kubeconfig import ResolvedContext

# ruff: noqa: PLC0415 - a source is only imported if it is used: that of a cluster takes a third of a second


STALL_TIMEOUT = 120.0
"""Seconds without new data after which a command continues with what it has, if no --timeout is given."""

HEAD_START = 0.1
"""Seconds after the first Services in which other kinds are not decoded, so that the Services reach the screen."""


def open_source(
    settings: Settings, policy: Policy, timing_log: TimingLog | None = None, *, on_screen: bool = False
) -> Source:
    """The source that the options select. Raises `UserError`."""
    if settings.from_path is not None:
        from dsview.sources.files import FilesSource

        # A process may be started without standard input.
        stdin = sys.stdin.buffer if sys.stdin is not None else None
        return FilesSource(settings.from_path, stdin=stdin, namespaces=settings.namespaces)
    if settings.demo is not None:
        from dsview.sources.demo import DemoSource

        # A redacted source cannot pause the story.
        waits = on_screen and not settings.redact
        return DemoSource(settings.demo or DEFAULT_SCENARIO, waits=waits)
    return open_cluster(settings, policy, timing_log, on_screen=on_screen)


def open_cluster(
    settings: Settings,
    policy: Policy,
    timing_log: TimingLog | None = None,
    context: str | None = None,
    *,
    on_screen: bool = False,
    resolved: ResolvedContext | None = None,
    on_client_ready: Callable[[], None] | None = None,
) -> KubeSource:
    """The cluster of a context, which is resolved here unless `resolved` is given. Raises `UserError`."""
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
        on_client_ready=(lambda: timing_log.event("client_ready")) if timing_log is not None else on_client_ready,
    )
    # Resolve now, so that the previous context stays on the screen if this one cannot be used.
    source.resolve()
    if timing_log is not None:
        timing_log.stats = source.stats
    return source


def open_policy(settings: Settings) -> Policy:
    """The policy according to the configuration file and the options. Raises `UserError`."""
    from dsview.cli.configured import check_preferences
    from dsview.config.policy_file import policy_of
    from dsview.config.toml_file import read_config

    # Read once: it may be a pipe, as with `--config <(...)`.
    file = read_config(settings.config)
    policy = policy_of(file, select=settings.select, ignore=settings.ignore)
    check_preferences(file)
    return policy


def open_session(
    settings: Settings, timing_log: TimingLog | None = None, context: str | None = None, *, on_screen: bool = False
) -> Session:
    """A session that is not started yet. Raises `UserError`.

    `context` replaces the context of the options, or the scenario of a demo. `on_screen`: a screen shows the session,
    so the first rows must appear quickly.
    """
    policy = open_policy(settings)
    if context is not None and settings.demo is not None:
        settings, context = msgspec.structs.replace(settings, demo=context), None
    recording = _recording_of(settings)
    if recording is not None:
        return _open_recording(recording, settings, policy, timing_log)
    source: Source
    if context is not None:
        source = open_cluster(settings, policy, timing_log, context, on_screen=on_screen)
    else:
        source = open_source(settings, policy, timing_log, on_screen=on_screen)
    if settings.redact:
        from dsview.sources.redact import RedactedSource

        source = RedactedSource(source)
    return Session(source, policy=policy, timing_log=timing_log)


def _recording_of(settings: Settings) -> Path | None:
    """The recording to show, which may be made from a demo; None for any other source.

    Raises `UserError` if `--at` is given for another source.
    """
    from dsview.sources.recording.schema import is_recording

    path = Path(settings.from_path) if settings.from_path not in (None, "-") else None
    if path is not None and path.is_file() and is_recording(path):
        return path
    if settings.at is not None and settings.demo is not None:
        from dsview.cli.recorded_demo import record_demo

        return record_demo(settings.demo or DEFAULT_SCENARIO)
    if settings.at is not None and path is not None and path.exists():
        raise UserError(f"{path.name} is not a recording: --at selects a moment of one.")
    if settings.at is not None:
        raise UserError("--at selects a moment of a recording, so it needs --from FILE or --demo.")
    return None


def _open_recording(path: Path, settings: Settings, policy: Policy, timing_log: TimingLog | None) -> Session:
    from dsview.cli.moments import parse_moment
    from dsview.session.replay import ReplaySession
    from dsview.sources.recording.reader import RecordingReader

    if settings.redact:
        raise UserError("A recording can only be redacted while it is made: `dsview record --redact FILE`.")
    if settings.namespaces:
        raise UserError("-n cannot be used with a recording, which contains the namespaces that were read at the time.")
    reader = RecordingReader(path)
    at = parse_moment(settings.at, reader.first, reader.last) if settings.at is not None else None
    return ReplaySession(reader, at=at, policy=policy, timing_log=timing_log)


def run_to_end(session: Session, timeout: float | None, *, clock: Callable[[], float] = time.monotonic) -> str:
    """Start a session and drain it until everything is read and evaluated, or until it times out.

    Without a `timeout`, the session is stopped if no new data was read for `STALL_TIMEOUT` seconds. Returns a sentence
    about what is missing; empty if everything was read.

    Raises `UserError` (exit code 3) if the cluster could not be reached, or if reading it took longer than `timeout`.
    """
    missing = ""
    session.start(waits_for_all=True)
    if not _drain(session, timeout, clock):
        session.stop()
        missing = _stall_message(session.give_up(f"no more data arrived for {STALL_TIMEOUT:g} s."))
    reasons = {session.state.status(kind).reason for kind, s in _statuses(session) if s is Health.FAILED}
    if reasons and not any(status.is_complete for _, status in _statuses(session)):
        raise UserError(sorted(reasons)[0] or "The cluster could not be reached.", exit_code=EXIT_UNREACHABLE)
    return missing


def _drain(session: Session, timeout: float | None, clock: Callable[[], float]) -> bool:
    """Drain the session. Returns False if the data stopped before everything was read. Raises `UserError`."""
    started = last_progress = clock()
    kinds = objects = 0
    while True:
        session.drain(0.05)
        if session.is_settled:
            return True
        now = clock()
        if timeout and now - started > timeout:
            raise UserError(_timeout_message(session, timeout), exit_code=EXIT_UNREACHABLE)
        more_kinds, more_objects = _progress(session)
        if more_kinds > kinds or more_objects > objects:
            kinds, objects, last_progress = max(kinds, more_kinds), max(objects, more_objects), now
        elif not timeout and now - last_progress > STALL_TIMEOUT:
            return False
        session.wait(0.2)
        failed = [kind for kind, status in _statuses(session) if status is Health.FAILED]
        read = [kind for kind, status in _statuses(session) if status.is_complete]
        if failed and not read and all(status.is_final for _, status in _statuses(session)):
            return True


def _progress(session: Session) -> tuple[int, int]:
    """The number of kinds that are settled, and of objects of the kinds that are still being read.

    Changes of settled kinds do not count as progress, because a busy cluster always has some.
    """
    settled = [kind for kind in Kind if session.state.is_settled(kind)]
    waiting = set(Kind) - set(settled)
    return len(settled), sum(len(session.state.store(kind)) for kind in waiting)


def _stall_message(waiting: list[Kind]) -> str:
    """A sentence about what is missing after the data stopped."""
    names = ", ".join(kind.value for kind in waiting) or "some responses"
    return f"No more data arrived for {STALL_TIMEOUT:g} s; not read: {names}."


def _timeout_message(session: Session, timeout: float) -> str:
    """A sentence about what was not read in time, with the reason if it is known."""
    waiting = [kind for kind, health in _statuses(session) if not health.is_final]
    reasons = sorted({reason for kind in waiting if (reason := session.state.status(kind).reason)})
    names = ", ".join(kind.value for kind in waiting) or "some responses"
    advice = " ".join(reasons) or "Use a longer --timeout."
    return f"Timed out after {timeout:g} s; not read yet: {names}. {advice}"


def unread(session: Session) -> list[str]:
    """A sentence for each kind that a verdict requires and that could not be read, unless it was not permitted."""
    statuses = ((kind, session.state.status(kind)) for kind in CORE_KINDS)
    return [
        f"{RESOURCES[kind].plural} could not be read: {status.reason}"
        for kind, status in statuses
        if status.health is Health.FAILED
    ]


def require_objects(session: Session) -> None:
    """Raise `UserError` if the files contain no objects to check.

    kubectl writes an empty List if it was refused everything. The absence of findings in it would mean nothing.
    """
    if session.source.kind == "files" and not any(session.state.is_known(kind) for kind in RESOURCES):
        raise UserError(
            f"{session.source.name} contains nothing to check: no Service, Pod, Node or other object that dsview reads."
        )


def _statuses(session: Session) -> list[tuple[Kind, Health]]:
    return [(kind, session.state.status(kind).health) for kind in RESOURCES]
