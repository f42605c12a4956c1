"""`dsview probe`: the only command that sends packets to published addresses. It lists them first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from dsview.cli import completing
from dsview.cli.exit_codes import EXIT_FINDINGS, EXIT_UNREACHABLE
from dsview.cli.group import cli
from dsview.cli.options import TIMEOUT, shared_options, take_settings
from dsview.cli.output import complain, write
from dsview.cli.reading import read_everything

if TYPE_CHECKING:
    from dsview.analysis.probe_results import Observed

# ruff: noqa: PLC0415 - as in `commands`


@cli.command()
@click.argument("target", required=False, metavar="[TARGET]", shell_complete=completing.words(completing.kinds))
@shared_options
@click.option("--all", "everything", is_flag=True, help="Probe everything that the cluster publishes.")
@click.option("--dry-run", is_flag=True, help="Print the targets and send nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before sending.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@TIMEOUT
@click.pass_context
def probe(
    ctx: click.Context,
    /,
    target: str | None,
    *,
    everything: bool,
    dry_run: bool,
    yes: bool,
    output: str,
    timeout: float | None,
    **values: Any,
) -> int:
    """Test from this machine, over each family, whether the published addresses accept connections.

    Takes service/NAMESPACE/NAME, ingress/NAMESPACE/NAME, gateway/NAMESPACE/NAME, host/HOST or --all. It connects by TCP
    and closes at once: no payload, no UDP, no cluster IPs, at most 8 at a time and 200 in all, 2 s for each. Hosts are
    looked up in DNS and compared with the published addresses. It prints the list first and asks for confirmation.
    """
    import shutil

    from dsview.analysis.probe_targets import plan_probe
    from dsview.export.probe import render_json, render_plan, render_plan_json, render_text

    settings = take_settings(ctx, values)
    if (target is None) == (not everything):
        raise click.UsageError("Name what to probe, or use --all.")
    if settings.redact:
        raise click.UsageError("--redact replaces the addresses, so there is nothing to connect to.")
    if settings.demo is not None and not dry_run:
        raise click.UsageError("The addresses of a demo belong to others; use --dry-run.")
    if not (dry_run or yes or _can_ask()):
        raise click.UsageError("probe sends packets and cannot ask for confirmation here; use --yes or --dry-run.")
    plan = plan_probe(read_everything(settings, timeout), target)
    width = shutil.get_terminal_size((100, 24)).columns
    if dry_run or not (plan.targets or plan.hosts):
        write(render_plan_json(plan) if output == "json" else render_plan(plan, width))
        return 0
    if not yes:
        complain(lambda: click.echo(render_plan(plan, width), err=True))
        click.confirm("Connect to these addresses from this machine?", abort=True, err=True)
    from dsview.session.prober import Prober

    observed = Prober(plan).run()
    write(render_json(observed) if output == "json" else render_text(observed, width))
    return _exit_code(observed)


def _can_ask() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()


def _exit_code(observed: Observed) -> int:
    """1 if something failed; 3 if nothing failed but a family could not be tested."""
    if observed.has_failed:
        return EXIT_FINDINGS
    return EXIT_UNREACHABLE if observed.untried else 0
