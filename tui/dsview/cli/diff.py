"""`dsview diff`: compares two clusters, or one cluster at two times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from dsview.cli.exit_codes import EXIT_FINDINGS, EXIT_REFUSED, EXIT_UNREACHABLE
from dsview.cli.group import cli
from dsview.cli.options import TIMEOUT, Settings, fail_on, reading_options, take_settings
from dsview.cli.output import say, wants_colour, write
from dsview.cli.reading import read_to_end, set_up_logs

if TYPE_CHECKING:
    from dsview.session.session import Session

# ruff: noqa: PLC0415 - `--version` and `--help` must not import what the command needs

_FORMATS = ("text", "markdown", "json")


@cli.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@reading_options
@click.option("-o", "--output", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option(
    "--map-namespace",
    "renamed",
    multiple=True,
    metavar="A=B",
    help="Compare namespace A of the first with namespace B of the second. Repeatable.",
)
@fail_on("warning", "The lowest severity of a finding that makes the second one worse.")
@TIMEOUT
@click.pass_context
def diff(
    ctx: click.Context,
    /,
    *,
    before: str,
    after: str,
    output: str,
    renamed: tuple[str, ...],
    fail_on: str,
    timeout: float | None,
    **values: Any,
) -> int:
    """Show what differs between A and B: findings, families of objects, listeners and addresses, grouped by cause.

    Each is a file or directory as for --from, a snapshot, a recording, a moment of a recording as FILE@TIME, - for
    standard input, or @CONTEXT for a cluster. The exit code is 1 if B is worse than A. Objects are matched by name, and
    Pods by their workload.
    """
    import shutil

    from dsview.analysis.diff.diff import compare
    from dsview.cli.sessions import unread
    from dsview.core.finding import Severity
    from dsview.export.diff import build_diff
    from dsview.export.diff_text import DIFF_FORMATS
    from dsview.export.report import refused_kinds

    settings = take_settings(ctx, values)
    _reject_source_options(settings)
    namespaces = _renamed(renamed)
    set_up_logs(settings)
    mapped_namespaces = tuple(namespaces.get(name, name) for name in settings.namespace)
    sides = [_side(settings, before), _side(msgspec.structs.replace(settings, namespace=mapped_namespaces), after)]
    if [side.from_path for side in sides] == ["-", "-"]:
        raise click.UsageError("Only one of the two can be standard input.")
    first_session, second_session = (_read(side, timeout) for side in sides)
    least = Severity.ERROR if fail_on == "never" else Severity(fail_on)
    comparison = compare(first_session, second_session, namespaces=namespaces, least=least)
    report = build_diff(comparison, first_session, second_session, (_label(before), _label(after)))
    width = shutil.get_terminal_size((100, 24)).columns
    write(DIFF_FORMATS[output](report, width, wants_colour()))
    missing = [sentence for session in (first_session, second_session) for sentence in unread(session)]
    for sentence in missing:
        say(sentence)
    if fail_on == "never":
        return 0
    if comparison.is_worse:
        return EXIT_FINDINGS
    if missing:
        return EXIT_UNREACHABLE
    is_refused = any(
        session.source.kind == "cluster" and refused_kinds(session) for session in (first_session, second_session)
    )
    return EXIT_REFUSED if is_refused else 0


def _reject_source_options(settings: Settings) -> None:
    """Raise `click.UsageError` for options that select a cluster, because A and B select the clusters."""
    if any(given is not None for given in (settings.from_path, settings.at, settings.demo, settings.context)):
        raise click.UsageError("diff does not accept --from, --at, --demo or --context: A and B name what is compared.")
    if settings.redact:
        raise click.UsageError("diff cannot redact, because names must match.")


def _renamed(pairs: tuple[str, ...]) -> Mapping[str, str]:
    renamed: dict[str, str] = {}
    for pair in pairs:
        first, separator, other = pair.partition("=")
        if not (first and separator and other):
            raise click.UsageError(f"--map-namespace: {pair!r} is not of the form A=B.")
        if first in renamed or other in renamed.values():
            raise click.UsageError(f"--map-namespace: {first if first in renamed else other} is given twice.")
        renamed[first] = other
    return renamed


def _side(settings: Settings, operand: str) -> Settings:
    if operand.startswith("@") and not Path(operand).exists():
        if operand == "@":
            raise click.UsageError("@ must be followed by the name of a context, such as @production.")
        return msgspec.structs.replace(settings, context=operand.removeprefix("@"))
    path, separator, at = operand.rpartition("@")
    if separator and not Path(operand).exists():
        return msgspec.structs.replace(settings, from_path=path, at=at)
    return msgspec.structs.replace(settings, from_path=operand)


def _label(operand: str) -> str:
    """The name of a side in the output: a context as given, or the last part of a path."""
    if operand.startswith("@"):
        return operand
    return "standard input" if operand == "-" else Path(operand).name or operand


def _read(settings: Settings, timeout: float | None) -> Session:
    """A session that has read and evaluated everything."""
    from dsview.cli.sessions import open_session, require_objects

    session = open_session(settings)
    read_to_end(session, timeout)
    require_objects(session)
    for note in (*session.state.quarantine_messages(), *session.state.notes, *session.state.server.banners):
        say(note)
    return session
