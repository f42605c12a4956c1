"""Options that several commands share. As in kubectl, they may come before or after the command."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from dsview.cli import completing

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_SCENARIO = "troubled"
"""The scenario of `--demo` without a name, for commands that cannot offer a choice."""

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")


class Duration(click.ParamType[float]):
    """A duration as in kubectl, such as `30`, `5s`, `1m30s` or `500ms`, converted to seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The duration in seconds."""
        if isinstance(value, (int, float)):
            return float(value)
        text = str(value).strip()
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return float(text)
        match = _DURATION.fullmatch(text)
        if not text or match is None:
            self.fail(f"{text!r} is not a duration; write it as 5s, 1m30s or 500ms.", param, ctx)
        hours, minutes, seconds, millis = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds + millis / 1000


class Settings(msgspec.Struct, kw_only=True):
    """The values of the shared options."""

    from_path: str | None = None
    at: str | None = None
    demo: str | None = None
    namespace: tuple[str, ...] = ()
    all_namespaces: bool = False
    context: str | None = None
    kubeconfig: str | None = None
    request_timeout: float | None = None
    interval: float | None = None
    no_exec: bool = False
    wire: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    config: str | None = None
    redact: bool = False
    theme: str | None = None
    ascii_only: bool = False
    trace_file: str | None = None
    log_file: str | None = None
    verbose: int = 0

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The requested namespaces; none means all."""
        return () if self.all_namespaces else tuple(dict.fromkeys(self.namespace))


_SOURCE = (
    click.option(
        "--from",
        "from_path",
        metavar="PATH",
        help="Read files instead of a cluster: output of `kubectl get -o json|yaml`, a directory of it, a snapshot, "
        "a recording, or - for standard input.",
    ),
    click.option(
        "--at",
        metavar="TIME",
        help="The moment of a recording to show: 14:03 (UTC), 2026-12-01T14:03:22Z, +1m after its beginning, or -5m "
        "before its end. With --demo, the whole story of the demo is such a recording.",
    ),
    click.option(
        "--demo",
        is_flag=False,
        flag_value="",
        metavar="[SCENARIO]",
        help="Show an embedded demo without a cluster. Without a name, the dashboard offers a choice.",
        shell_complete=completing.words(completing.scenarios),
    ),
    click.option(
        "--context",
        help="The kubeconfig context to use.",
        shell_complete=completing.words(completing.contexts),
    ),
)

_READING = (
    click.option("-n", "--namespace", multiple=True, help="Read only this namespace. Repeatable."),
    click.option("-A", "--all-namespaces", is_flag=True, default=None, help="Read all namespaces (the default)."),
    click.option("--kubeconfig", metavar="FILE", help="The kubeconfig file, instead of $KUBECONFIG or ~/.kube/config."),
    click.option(
        "--request-timeout", type=Duration(), metavar="DURATION", help="Time limit for one request, such as 30s."
    ),
    click.option(
        "--interval", type=Duration(), metavar="DURATION", help="How often to list kinds that may not be watched (30s)."
    ),
    click.option(
        "--wire",
        type=click.Choice(["protobuf", "json"]),
        help="The encoding to request (protobuf; JSON if the server or a proxy does not support it).",
    ),
    click.option(
        "--no-exec",
        is_flag=True,
        default=None,
        help="Run no commands in proxy pods; predict listeners.",
    ),
    click.option(
        "--select", multiple=True, metavar="CODE", help="Run only these checks: codes or globs, such as DS-NGX-*."
    ),
    click.option("--ignore", multiple=True, metavar="CODE", help="Skip these checks: codes or globs."),
    click.option("--config", metavar="FILE", help="The configuration file."),
    click.option("--trace-file", metavar="FILE", help="Append events and their times as JSON lines."),
    click.option("--log-file", metavar="FILE", help="Write a log; nothing is ever logged to the terminal."),
    click.option("-v", "--verbose", count=True, default=None, help="Log more."),
)


def screen_options(function: F) -> F:
    """Add the options that only the dashboard has."""
    theme = click.option("--theme", metavar="NAME", help="The theme of the screen; an unknown one lists them.")
    ascii_only = click.option("--ascii", "ascii_only", is_flag=True, default=None, help="Draw with plain ASCII only.")
    redact = click.option(
        "--redact", is_flag=True, default=None, help="Replace the cluster's names and addresses with other ones."
    )
    return theme(ascii_only(redact(function)))


def shared_options(function: F) -> F:
    """Add the shared options to a command."""
    return _added(_SOURCE, reading_options(function))


def reading_options(function: F) -> F:
    """Add the shared options except those that select a cluster."""
    return _added(_READING, function)


def _added(options: tuple[Callable[[F], F], ...], function: F) -> F:
    for option in reversed(options):
        function = option(function)
    return function


def take_settings(ctx: click.Context, values: dict[str, Any]) -> Settings:
    """Move the shared options out of a command's values; they override those given before the command."""
    before = ctx.parent.obj if ctx.parent is not None and isinstance(ctx.parent.obj, Settings) else Settings()
    given = {name: values.pop(name) for name in Settings.__struct_fields__ if name in values}
    options_given = {name: value for name, value in given.items() if value not in (None, ())}
    settings = msgspec.structs.replace(before, **options_given)
    for option, other in _EXCLUSIVE:
        if _is_given(settings, option) and _is_given(settings, other):
            raise click.UsageError(f"{option} and {other} cannot be used together.")
    return settings


_EXCLUSIVE = (
    ("--from", "--demo"),
    ("--namespace", "--all-namespaces"),
    ("--namespace", "--demo"),
    *((cluster, other) for cluster in ("--context", "--kubeconfig") for other in ("--from", "--demo")),
)
"""Options that exclude each other; with both, one would be silently ignored."""


def _is_given(settings: Settings, option: str) -> bool:
    name = "from_path" if option == "--from" else option.removeprefix("--").replace("-", "_")
    return getattr(settings, name) not in (None, (), False)


TIMEOUT = click.option(
    "--timeout",
    type=Duration(),
    metavar="DURATION",
    help="Time limit for the whole run. Without it, a run ends two minutes after the last new data.",
)


def fail_on(default: str, help: str) -> Callable[[F], F]:  # noqa: A002  (click's name)
    """The option for the severity that sets exit code 1."""
    choices = click.Choice(["error", "warning", "note", "never"])
    return click.option("--fail-on", type=choices, default=default, show_default=True, help=help)
