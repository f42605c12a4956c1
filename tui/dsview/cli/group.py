"""The command `dsview`: its options `--version` and `--help`, the exit codes of errors, and the dashboard."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import click

from dsview import __version__
from dsview.cli.exit_codes import EXIT_UNREACHABLE
from dsview.cli.options import screen_options, shared_options, take_settings
from dsview.cli.output import say, write
from dsview.cli.reading import IS_UNFINISHED, set_up_logs
from dsview.tables.panes import SPECS

# ruff: noqa: PLC0415 - `--version` and `--help` must not import what the commands need

PANE_IDS = tuple(spec.id for spec in SPECS)
"""The panes, as `dsview show` names them."""

_CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _write_and_exit(ctx: click.Context, text: str) -> None:
    """Write the output of `--version` or `--help`, or an error message if it cannot be written."""
    try:
        write(text)
    except Exception as error:
        from dsview.core.errors import UserError

        if not isinstance(error, UserError):
            raise
        say(str(error))
        ctx.exit(error.exit_code)
    ctx.exit()


def _show_version(ctx: click.Context, _: click.Parameter, is_given: bool) -> None:
    if is_given and not ctx.resilient_parsing:
        _write_and_exit(ctx, f"dsview {__version__}\n")


def _show_help(ctx: click.Context, _: click.Parameter, is_given: bool) -> None:
    if is_given and not ctx.resilient_parsing:
        _write_and_exit(ctx, f"{ctx.get_help()}\n")


class _HelpCommand(click.Command):
    """A command that writes its help like all other output."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The option `--help`."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


class _Commands(_HelpCommand, click.Group):
    """The group of commands. Prints the message of a `UserError` and returns its exit code."""

    command_class = _HelpCommand

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        from dsview.core.errors import UserError

        try:
            code = super().invoke(ctx)
        except UserError as error:
            say(str(error))
            ctx.exit(error.exit_code)
        return EXIT_UNREACHABLE if ctx.meta.get(IS_UNFINISHED) else code

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Treat `--demo` before a command or a pane as `--demo` without a scenario: no scenario has such a name."""
        words = {*self.commands, *PANE_IDS}
        for index, (word, following) in enumerate(pairwise(args)):
            if word == "--demo" and following in words:
                args[index] = "--demo="
        return super().parse_args(ctx, args)


@click.group(cls=_Commands, invoke_without_command=True, context_settings=_CONTEXT)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
@shared_options
@screen_options
@click.pass_context
def cli(ctx: click.Context, /, **values: Any) -> int | None:
    """See whether both address families of a Kubernetes cluster really work.

    Without a command, dsview opens the dashboard on the current context. It only reads: it lists, watches and gets
    objects, and prints the configuration of proxies in their pods. It never reads Secrets. Only `probe` connects to
    anything but the API server.
    """
    settings = take_settings(ctx, values)
    ctx.obj = settings
    if ctx.invoked_subcommand is not None:
        return None
    from dsview.cli.screen import run_screen

    set_up_logs(settings)
    return run_screen(settings)
