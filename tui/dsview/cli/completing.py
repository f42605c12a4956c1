"""Shell completion with click, and the words that click cannot derive from the commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# ruff: noqa: PLC0415 - each list of words is only imported when a word is completed from it

SHELLS = ("bash", "zsh", "fish")

Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def script(command: click.Command, shell: str) -> str:
    """The script that a shell reads to complete `dsview`."""
    from click.shell_completion import ShellComplete, get_completion_class

    shell_class = get_completion_class(shell)
    assert shell_class is not None  # noqa: S101 - one of SHELLS
    # The class's own `source` starts bash to find its version, which this script does not depend on.
    return ShellComplete.source(shell_class(command, {}, "dsview", "_DSVIEW_COMPLETE"))


def words(read: Callable[[], Iterable[tuple[str, str]]]) -> Complete:
    """Complete from a list of words with descriptions. If the list cannot be read, nothing is completed."""

    def complete(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from dsview.core.errors import UserError

        try:
            choices = list(read())
        except (UserError, OSError):
            return []
        return [CompletionItem(word, help=about or None) for word, about in choices if word.startswith(typed)]

    return complete


def formats() -> Iterable[tuple[str, str]]:
    """The formats of a report."""
    from dsview.export.formats import FORMATS

    return ((name, "") for name in FORMATS)


def checks() -> Iterable[tuple[str, str]]:
    """The codes of all checks."""
    from dsview.checks.engine.registry import all_checks

    return ((check.code, check.title) for check in all_checks())


def scenarios() -> Iterable[tuple[str, str]]:
    """The demos."""
    from dsview.sources.demo.scenarios import SCENARIOS

    return ((scenario.name, scenario.title) for scenario in SCENARIOS.values())


def contexts() -> Iterable[tuple[str, str]]:
    """The contexts of the kubeconfig that the environment names."""
    from dsview.sources.kube.kubeconfig import list_contexts

    return ((context.name, context.server) for context in list_contexts(os.environ.get("KUBECONFIG"), None))


def topics() -> Iterable[tuple[str, str]]:
    """The topics of `dsview help`."""
    from dsview.cli.topics import TOPICS

    return ((name, "") for name in TOPICS)


def kinds() -> Iterable[tuple[str, str]]:
    """The prefixes of a target of `dsview trace`."""
    return (
        ("service/", "NAMESPACE/NAME"),
        ("pod/", "NAMESPACE/NAME"),
        ("ingress/", "NAMESPACE/NAME"),
        ("host/", "HOST"),
    )
