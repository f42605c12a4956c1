"""The shorter commands; the others have modules of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dsview.cli import completing
from dsview.cli.exit_codes import EXIT_FINDINGS, EXIT_REFUSED
from dsview.cli.group import PANE_IDS, cli
from dsview.cli.options import TIMEOUT, shared_options, take_settings
from dsview.cli.output import say, wants_colour, write
from dsview.cli.reading import read_everything

# ruff: noqa: PLC0415 - `--version` and `--help` must not import what the commands need

_TABLES = ("table", "wide", "json", "csv", "markdown")


@cli.command()
@click.argument("pane", type=click.Choice(PANE_IDS))
@shared_options
@click.option("-o", "--output", type=click.Choice(_TABLES), default="table", show_default=True)
@click.option(
    "--filter", "filter_text", metavar="FILTER", default="", help="Only rows that match, like `/` on the screen."
)
@TIMEOUT
@click.pass_context
def show(ctx: click.Context, /, pane: str, output: str, filter_text: str, timeout: float | None, **values: Any) -> int:
    """Print a pane's rows without a screen."""
    from dsview.export.tables import TABLES, sheet_of
    from dsview.tables.filter import FilterError, compile_filter
    from dsview.tables.registry import PANES
    from dsview.tables.view import TableView

    settings = take_settings(ctx, values)
    try:
        session = read_everything(
            settings, timeout, on_open=lambda session: compile_filter(filter_text, PANES[pane], session)
        )
    except FilterError as error:
        raise click.UsageError(f"--filter: {error.message}\n  {filter_text}\n  {' ' * error.position}^") from None
    view = TableView(PANES[pane], session)
    view.set_filter(filter_text)
    if view.trouble:
        raise click.UsageError(f"--filter: {view.trouble}")
    # The pane's own message, without the key that only the screen has.
    status = view.status_line().removesuffix(" Esc shows all.")
    if status:
        say(status)
    write(TABLES[output](sheet_of(view)))
    return 0


@cli.command()
@shared_options
@click.option("-o", "--output", type=click.Choice(["text", "json", "sh"]), default="text", show_default=True)
@TIMEOUT
@click.pass_context
def plan(ctx: click.Context, /, output: str, timeout: float | None, **values: Any) -> int:
    """List the single-stack Services that can become dual-stack, and what prevents it. Applies nothing."""
    import shutil

    from dsview.analysis.plan import make_plan
    from dsview.export.plan import PLAN_FORMATS

    settings = take_settings(ctx, values)
    session = read_everything(settings, timeout)
    write(PLAN_FORMATS[output](session, make_plan(session), shutil.get_terminal_size((100, 24)).columns))
    return 0


@cli.command()
@click.argument("target", metavar="KIND/NAMESPACE/NAME", shell_complete=completing.words(completing.kinds))
@shared_options
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@TIMEOUT
@click.pass_context
def trace(ctx: click.Context, /, target: str, output: str, timeout: float | None, **values: Any) -> int:
    """Follow both families hop by hop to where one breaks. The exit code is 1 if one does.

    Takes service/NAMESPACE/NAME, pod/NAMESPACE/NAME, ingress/NAMESPACE/NAME, gateway/NAMESPACE/NAME or host/HOST. The
    namespace is optional if only one object has the name.
    """
    import shutil

    from dsview.analysis.trace_target import parse_target, trace_named
    from dsview.export.report import refused_kinds
    from dsview.export.trace import TRACE_FORMATS

    settings = take_settings(ctx, values)
    parse_target(target)
    session = read_everything(settings, timeout)
    path = trace_named(session, target)
    width = shutil.get_terminal_size((100, 24)).columns
    write(TRACE_FORMATS[output](path, width, wants_colour()))
    if path.is_broken:
        return EXIT_FINDINGS
    return EXIT_REFUSED if session.source.kind == "cluster" and refused_kinds(session) else 0


@cli.command()
@click.argument("code", required=False, shell_complete=completing.words(completing.checks))
@click.option("--all", "wants_all", is_flag=True, help="The pages of all checks.")
@click.option("-o", "--output", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="With --all -o markdown: write a file for each check, and an index, into this folder.",
)
def explain(code: str | None, wants_all: bool, output: str, folder: Path | None) -> int:
    """Show the page of a check, or list all checks."""
    from dsview.export import explain as pages

    if wants_all == bool(code) and (wants_all or output != "text"):
        raise click.UsageError("Name one check, or --all.")
    if folder is not None:
        if not wants_all or output != "markdown":
            raise click.UsageError("--folder requires --all -o markdown.")
        say(f"{pages.write_pages(folder)} pages written to {folder}.")
    elif wants_all:
        write(pages.all_pages(output))
    else:
        write(pages.explain_one(code, output) if code else pages.list_checks())
    return 0


@cli.command()
@shared_options
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="The file to write; .gz compresses it, - is standard output."
)
@click.option("--redact", is_flag=True, help="Replace names and addresses consistently, keeping families and prefixes.")
@TIMEOUT
@click.pass_context
def snapshot(ctx: click.Context, /, output: str, redact: bool, timeout: float | None, **values: Any) -> int:
    """Write everything that was read to a file for --from."""
    import time

    from dsview.session.snapshot import take_snapshot
    from dsview.sources.redact import redacted
    from dsview.sources.snapshot import write_snapshot

    settings = take_settings(ctx, values)
    taken = take_snapshot(read_everything(settings, timeout, redact=redact), time.time())
    write_snapshot(Path("/dev/stdout" if output == "-" else output), redacted(taken) if redact else taken)
    return 0


@cli.command()
@click.option("--no-exec", is_flag=True, help="Leave out the permission to read proxy configurations in pods.")
@click.option("--cronjob", is_flag=True, help="Print a CronJob that checks the cluster it runs in, and all it needs.")
@click.option("--image", default="dsview:latest", show_default=True, help="The container image of the CronJob.")
def rbac(no_exec: bool, cronjob: bool, image: str) -> int:
    """Print the smallest ClusterRole that dsview needs, or a CronJob with the smallest permissions."""
    from dsview.core.text import safe
    from dsview.export.rbac import cluster_role
    from dsview.export.rbac import cronjob as manifest

    if any(character.isspace() or character in '"\\' for character in image):
        raise click.UsageError(f"{safe(image)!r} is not the name of an image.")
    write(manifest(image) if cronjob else cluster_role(with_exec=not no_exec))
    return 0


@cli.command()
@click.argument("shell", type=click.Choice(completing.SHELLS))
def completion(shell: str) -> int:
    """Print the script for shell completion. In bash: eval "$(dsview completion bash)" in ~/.bashrc."""
    write(completing.script(cli, shell))
    return 0


@cli.command(name="help")
@click.argument("topic", required=False, shell_complete=completing.words(completing.topics))
@click.pass_context
def help_topic(ctx: click.Context, topic: str | None) -> int:
    """Explain a topic: keys, filters, checks, config, config-schema, rbac, exit-codes or man."""
    from dsview.cli.topics import TOPICS

    if topic is None:
        commands = ctx.parent.get_help() if ctx.parent is not None else ""
        write(f"{commands}\n\nTopics of `dsview help`: {', '.join(TOPICS)}.\n")
        return 0
    if topic not in TOPICS:
        raise click.UsageError(f"There is no topic {topic!r}. Topics: {', '.join(TOPICS)}.")
    write(TOPICS[topic]())
    return 0
