"""`dsview check`: checks a cluster once and sets the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dsview.cli import completing
from dsview.cli.exit_codes import EXIT_FINDINGS, EXIT_REFUSED, EXIT_UNREACHABLE
from dsview.cli.group import cli
from dsview.cli.options import TIMEOUT, fail_on, shared_options, take_settings
from dsview.cli.output import say, wants_colour, write
from dsview.cli.reading import read_everything
from dsview.cli.saving import CHART_WIDTH, MAX_TRACES

if TYPE_CHECKING:
    from dsview.session.session import Session

# ruff: noqa: PLC0415 - `--version` and `--help` must not import what the command needs


@cli.command()
@shared_options
@click.option(
    "-o",
    "--output",
    default="text",
    metavar="FORMAT",
    help="text, json, junit, sarif, markdown, html or prometheus.",
    shell_complete=completing.words(completing.formats),
)
@fail_on("error", "The lowest severity that sets exit code 1.")
@click.option("--baseline", metavar="REPORT", help="A JSON report: fail only on findings that it does not contain.")
@click.option("--exempted", is_flag=True, help="Print exempted findings too. JSON always contains them.")
@TIMEOUT
@click.pass_context
def check(
    ctx: click.Context,
    /,
    *,
    output: str,
    fail_on: str,
    baseline: str | None,
    exempted: bool,
    timeout: float | None,
    **values: Any,
) -> int:
    """Check once, print the findings, and set the exit code."""
    import time

    from dsview.analysis.cluster_summary import summarize
    from dsview.analysis.family_chart import whole_chart
    from dsview.analysis.trace import flagged_traces
    from dsview.cli.sessions import require_objects, unread
    from dsview.core.errors import UserError
    from dsview.core.finding import Severity
    from dsview.core.plurals import count
    from dsview.export.baseline import compared, read_baseline
    from dsview.export.formats import FORMATS, Extras
    from dsview.export.prometheus import Target, render_metrics
    from dsview.export.report import build_report
    from dsview.export.text import render_text

    settings = take_settings(ctx, values)
    if output not in FORMATS:
        raise click.UsageError(f"{output!r} is not a format; use one of {', '.join(FORMATS)}.")
    known = read_baseline(baseline) if baseline is not None else None
    opened: list[Session] = []
    try:
        session = read_everything(settings, timeout, quiet=output == "text", on_open=opened.append)
    except UserError as error:
        if output == "prometheus" and opened and error.exit_code == EXIT_UNREACHABLE:
            write(render_metrics([Target(opened[0].source.name, None)], time.time()))
        raise
    require_objects(session)
    report = build_report(session)
    if known is not None:
        report = compared(report, known)
    relevant = [finding for finding in report.findings if not finding.is_known]
    if output == "text":
        import shutil

        width = shutil.get_terminal_size((100, 24)).columns
        write(render_text(report, colour=wants_colour(), width=width, exempted=exempted))
    else:
        span = session.timeline.span(session.time_shown)
        extras = Extras(
            made_at=time.time(),
            traces=lambda: flagged_traces(session, MAX_TRACES),
            chart=lambda: whole_chart(session, span, CHART_WIDTH),
            span=span,
            summary=lambda: summarize(session),
        )
        write(FORMATS[output](report, extras))
    if known is not None:
        verb = "is" if len(relevant) == 1 else "are"
        say(f"{count(len(relevant), 'finding')} {verb} new, {len(report.findings) - len(relevant)} known.")
    missing = unread(session)
    for sentence in missing:
        say(sentence)
    if fail_on == "never":
        return 0
    if any(Severity(finding.severity).at_least(Severity(fail_on)) for finding in relevant):
        return EXIT_FINDINGS
    if missing:
        return EXIT_UNREACHABLE
    return EXIT_REFUSED if report.refused_core else 0
