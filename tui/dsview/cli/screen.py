"""`dsview` without a command: the dashboard."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from dsview.cli.clipboard import Clipboard
from dsview.cli.crash import crash_sentence, reporting_to
from dsview.cli.options import Settings
from dsview.cli.output import say, write
from dsview.cli.saving import FileSaver, start_recording
from dsview.cli.timing import open_timing_log
from dsview.core.errors import EXIT_FAULT, EXIT_USAGE

if TYPE_CHECKING:
    from dsview.session.session import Session
    from dsview.session.timing_log import TimingLog
    from dsview.ui.app import DsviewApp
    from dsview.ui.choices import ContextChoice, Contexts
    from dsview.ui.fleet_app import FleetFeed


def run_screen(settings: Settings) -> int:
    """Open the dashboard. Returns the exit code."""
    if not _can_read_keys(settings) or not sys.stdout.isatty():
        say("the dashboard needs a terminal. Without one, use `dsview check` or `dsview show`.")
        return EXIT_USAGE
    if sys.stderr is None or not sys.stderr.isatty():
        # Textual draws on standard error, so a message there would be as invisible as the dashboard.
        write("dsview: the dashboard is drawn on standard error. Do not redirect it; --log-file writes a log.\n")
        return EXIT_USAGE
    return _run(make_app(settings, open_timing_log(settings)))


def run_fleet(settings: Settings, feed: FleetFeed, open_cluster: Callable[[str], Session]) -> int:
    """Open the table of a fleet, in which `open_cluster` opens a cluster. Returns the exit code."""
    from dsview.cli.appearance import open_appearance  # noqa: PLC0415  (as the app)
    from dsview.ui.fleet_app import FleetApp  # noqa: PLC0415  (Textual is imported only for a screen)

    return _run(
        FleetApp(
            feed,
            open_cluster=open_cluster,
            saver=FileSaver(),
            copy_natively=Clipboard(os.environ, shutil.which).copy,
            crash_sentence=crash_sentence,
            appearance=open_appearance(settings),
        )
    )


def _run(app: DsviewApp) -> int:
    with reporting_to(app.faults.report):
        error = app.run()
    if app.faults.fatal is not None:
        say(app.faults.fatal)
        return EXIT_FAULT
    if error is not None:
        say(str(error))
        return error.exit_code
    return app.requested_exit_code or 0


def make_app(settings: Settings, timing_log: TimingLog | None = None) -> DsviewApp:
    """The dashboard for the cluster that the options select, not yet running."""
    from dsview.cli.appearance import open_appearance  # noqa: PLC0415  (as the app)
    from dsview.ui.app import DsviewApp  # noqa: PLC0415  (Textual is imported only for a screen)

    return DsviewApp(
        lambda: _open(settings, timing_log),
        source_name=_source_name(settings),
        contexts=_contexts(settings, timing_log),
        saver=FileSaver(),
        start_recording=lambda session: start_recording(session, redacted=settings.redact),
        copy_natively=Clipboard(os.environ, shutil.which).copy,
        crash_sentence=crash_sentence,
        appearance=open_appearance(settings),
        on_first_frame=(lambda: timing_log.event("first_frame")) if timing_log is not None else None,
        on_all_painted=(lambda: timing_log.event("all_painted")) if timing_log is not None else None,
    )


def _open(settings: Settings, timing_log: TimingLog | None, context: str | None = None) -> Session:
    from dsview.cli.sessions import open_session  # noqa: PLC0415  (imports the checks, which must not delay the first frame)

    return open_session(settings, timing_log, context, on_screen=True)


def _can_read_keys(settings: Settings) -> bool:
    """Whether keys can be read. If standard input contains the data, keys are read from the terminal, as in `less`."""
    if sys.stdin is None or sys.stdin.isatty() or settings.from_path != "-":
        return sys.stdin is not None and sys.stdin.isatty()
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return False
    # Textual reads file descriptor 0, so the data moves to another one.
    sys.stdin = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(terminal, 0)
    os.close(terminal)
    return True


def _source_name(settings: Settings) -> str:
    if settings.redact:
        return "redacted"
    if settings.from_path is not None:
        return settings.from_path
    if settings.demo is not None:
        return f"demo {settings.demo}" if settings.demo else "demo"
    return settings.context or "current context"


def _contexts(settings: Settings, timing_log: TimingLog | None) -> Contexts | None:
    """The other clusters or demos that the dashboard can switch to."""
    from dsview.ui.choices import Contexts  # noqa: PLC0415  (as the app)

    def open_other(name: str) -> Session:
        return _open(settings, timing_log, name)

    if settings.demo is not None:
        return Contexts(find=_demos, open=open_other, title="Demos", chooses_first=not settings.demo)
    if settings.from_path is not None or settings.redact:
        # The names of contexts are redacted too.
        return None
    return Contexts(find=lambda: _of_kubeconfig(settings), open=open_other)


def _demos() -> list[ContextChoice]:
    from dsview.sources.demo.scenarios import SCENARIOS  # noqa: PLC0415  (as the app)
    from dsview.ui.choices import ContextChoice  # noqa: PLC0415  (as the app)

    return [
        ContextChoice(name=scenario.name, note=scenario.title, text=f"{scenario.summary} You learn {scenario.teaches}")
        for scenario in SCENARIOS.values()
    ]


def _of_kubeconfig(settings: Settings) -> list[ContextChoice]:
    from dsview.sources.kube.kubeconfig import list_contexts  # noqa: PLC0415  (read when the key is pressed)
    from dsview.ui.choices import ContextChoice  # noqa: PLC0415  (as the app)

    return [
        ContextChoice(name=context.name, note=context.server, is_current=context.is_current)
        for context in list_contexts(settings.kubeconfig, settings.context)
    ]
