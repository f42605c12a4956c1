"""`dsview fleet`: a table of many clusters."""

from __future__ import annotations

import fnmatch
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
import msgspec

from dsview.cli import completing
from dsview.cli.exit_codes import EXIT_FINDINGS, EXIT_REFUSED, EXIT_UNREACHABLE
from dsview.cli.group import cli
from dsview.cli.options import TIMEOUT, Settings, fail_on, reading_options, screen_options, take_settings
from dsview.cli.output import say, write
from dsview.cli.reading import set_up_logs
from dsview.core.errors import UserError

if TYPE_CHECKING:
    from dsview.analysis.fleet import Member
    from dsview.session.fleet import FleetReader, Opened, Opener
    from dsview.sources.kube.kubeconfig import Kubeconfig

# ruff: noqa: PLC0415 - as in `commands`

_FORMATS = ("text", "json", "markdown", "prometheus")

_READ_INTERVAL = 300.0
"""The default for `--interval`: seconds until the screen reads a cluster again."""

_KUBECONFIG_MAX_AGE = 30.0
"""Seconds for which the parsed kubeconfig is reused: with hundreds of contexts, parsing takes a tenth of a second."""


@cli.command()
@click.option(
    "--contexts",
    multiple=True,
    metavar="GLOB",
    help="Only contexts that match, such as 'prod-*'. Repeatable.",
    shell_complete=completing.words(completing.contexts),
)
@click.option("--demo", is_flag=True, help="Show an embedded demo fleet without a cluster.")
@reading_options
@screen_options
@click.option("--parallel", type=click.IntRange(1, 32), help="How many clusters to read at the same time (6).")
@click.option("-o", "--output", type=click.Choice(_FORMATS), help="Print the table instead of opening a screen.")
@fail_on("error", "The lowest severity of a finding in any cluster that sets exit code 1.")
@TIMEOUT
@click.pass_context
def fleet(
    ctx: click.Context,
    /,
    *,
    contexts: tuple[str, ...],
    demo: bool,
    parallel: int | None,
    output: str | None,
    fail_on: str,
    timeout: float | None,
    **values: Any,
) -> int:
    """Read every context of the kubeconfig and show a row for each cluster, the worst first.

    On a terminal, the table follows the clusters; Enter opens one, Esc returns. With -o, or without a terminal, the
    table is printed. dsview reads a few clusters at a time and keeps only their totals and findings. --request-timeout
    is how long a cluster may send nothing before dsview gives up (15 s), --interval how often the screen reads each
    cluster again (5m). The row of a cluster that cannot be read says why.
    """
    settings = take_settings(ctx, values)
    if settings.from_path is not None or settings.context is not None or settings.redact:
        raise click.UsageError("fleet reads the contexts of the kubeconfig; choose some with --contexts.")
    is_demo = demo or settings.demo is not None
    if is_demo and contexts:
        raise click.UsageError("--contexts selects contexts of the kubeconfig, which --demo does not read.")
    set_up_logs(settings)
    if is_demo:
        return _demo(settings, output)
    names = _names(settings, contexts)
    if output is None and _is_on_terminal():
        return _open_screen(settings, names, parallel)
    return _print(settings, names, parallel=parallel, output=output or "text", fail_on=fail_on, timeout=timeout)


def _is_on_terminal() -> bool:
    # Textual draws on standard error.
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _open_screen(settings: Settings, names: list[str], parallel: int | None) -> int:
    from dsview.cli.fleet_process import FleetProcess, ReadRequest

    request = ReadRequest(
        settings=settings, names=names, parallel=parallel, interval=settings.interval or _READ_INTERVAL
    )
    process = FleetProcess(request)
    process.launch()
    from dsview.cli.screen import run_fleet
    from dsview.cli.sessions import open_session

    try:
        return run_fleet(settings, process, lambda name: open_session(settings, context=name, on_screen=True))
    finally:
        process.stop()


def _demo(settings: Settings, output: str | None) -> int:
    from dsview.cli.fleet_demo import FleetDemo
    from dsview.export.fleet import FLEET_FORMATS

    demo = FleetDemo()
    if output is None and _is_on_terminal():
        from dsview.cli.screen import run_fleet

        return run_fleet(settings, demo, demo.open)
    members: list[Member] = []
    demo.send_all(members.append)
    write(FLEET_FORMATS[output or "text"](members, time.time()))
    return 0


def _names(settings: Settings, globs: tuple[str, ...]) -> list[str]:
    from dsview.core.text import safe
    from dsview.sources.kube.kubeconfig import list_contexts

    every = [context.name for context in list_contexts(settings.kubeconfig, None)]
    names = [name for name in every if not globs or any(fnmatch.fnmatchcase(name, glob) for glob in globs)]
    if not every:
        raise UserError("The kubeconfig has no contexts. Name another with --kubeconfig.")
    if not names:
        raise UserError(safe(f"No context matches {' or '.join(globs)}. Contexts: {', '.join(every[:8])}."))
    return names


def open_reader(
    settings: Settings,
    names: list[str],
    parallel: int | None,
    on_change: Callable[[Member], None],
    interval: float | None,
) -> FleetReader:
    """The reader of these contexts. Raises `UserError` if the configuration is invalid."""
    from dsview.session.fleet import PARALLEL, SILENCE, FleetReader

    return FleetReader(
        names,
        _opener(settings),
        on_change,
        parallel=parallel or PARALLEL,
        silence=settings.request_timeout or SILENCE,
        interval=interval,
    )


def _opener(settings: Settings) -> Opener:
    from dsview.cli.sessions import open_cluster, open_policy
    from dsview.session.fleet import Opened
    from dsview.session.session import Session

    policy = open_policy(settings)
    kubeconfig = _CachedKubeconfig(settings.kubeconfig)

    def open_context(name: str) -> Opened:
        context = kubeconfig.get().resolve(name)
        ready = threading.Event()
        source = open_cluster(settings, policy, resolved=context, on_client_ready=ready.set)
        session = Session(source, policy=policy, is_alone=False)
        return Opened(session=session, plugin=context.plugin, has_credentials=ready)

    return open_context


class _CachedKubeconfig:
    """The kubeconfig, read again periodically because its credentials may change."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._read: Kubeconfig | None = None
        self._read_at = 0.0

    def get(self) -> Kubeconfig:
        """The kubeconfig, at most `_KUBECONFIG_MAX_AGE` seconds old."""
        from dsview.sources.kube.kubeconfig import Kubeconfig

        with self._lock:
            if self._read is None or time.monotonic() - self._read_at > _KUBECONFIG_MAX_AGE:
                self._read = Kubeconfig(self._path)
                self._read_at = time.monotonic()
            return self._read


def _print(
    settings: Settings, names: list[str], *, parallel: int | None, output: str, fail_on: str, timeout: float | None
) -> int:
    from dsview.analysis.fleet import Contact
    from dsview.export.fleet import FLEET_FORMATS

    def on_change(member: Member) -> None:
        if member.contact is Contact.SIGNING_IN:
            say(f"{member.name} {member.reason}.")

    reader = open_reader(settings, names, parallel, on_change, None)
    reader.start()
    try:
        is_over = reader.wait(timeout)
    finally:
        reader.stop()
    members = reader.members
    if not is_over:
        members = [_timed_out(member, timeout or 0.0) for member in members]
    write(FLEET_FORMATS[output](members, time.time()))
    if output != "text":
        for member in members:
            if member.contact is Contact.FAILED:
                say(f"{member.name}: {member.reason}")
    return _exit_code(members, fail_on)


def _timed_out(member: Member, timeout: float) -> Member:
    from dsview.analysis.fleet import Contact
    from dsview.core.text import safe

    if member.contact.is_final:
        return member
    reason = member.reason or "not read yet"
    return msgspec.structs.replace(
        member, contact=Contact.FAILED, reason=safe(f"Timed out after {timeout:g} s: {reason}.")
    )


def _exit_code(members: list[Member], fail_on: str) -> int:
    from dsview.analysis.fleet import Contact
    from dsview.core.finding import Severity

    if fail_on == "never":
        return 0
    least = Severity(fail_on)
    if any(member.count(severity) for member in members for severity in Severity if severity.at_least(least)):
        return EXIT_FINDINGS
    summaries = [member.summary for member in members if member.summary is not None]
    if any(member.contact is Contact.FAILED for member in members) or any(summary.unread for summary in summaries):
        return EXIT_UNREACHABLE
    return EXIT_REFUSED if any(summary.refused for summary in summaries) else 0
