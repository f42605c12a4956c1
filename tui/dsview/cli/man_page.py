"""Generates the man page from the commands, the exit codes and the registry of actions."""

from __future__ import annotations

from collections.abc import Iterator

import click

from dsview import __version__
from dsview.cli.exit_codes import EXIT_CODES, OTHER_COMMANDS
from dsview.listeners.registry import READ_IN_PODS

_DESCRIPTION = (
    "dsview shows where IPv4 and IPv6 differ in a dual-stack Kubernetes cluster. Without a command it opens "
    "a dashboard; the commands report the same without a screen. It lists, watches and gets objects; in the pods of "
    f"{', '.join(READ_IN_PODS[:-1])} and {READ_IN_PODS[-1]} it prints their configuration with a "
    "fixed command. It changes nothing, never reads Secrets, and only "
    "`dsview probe` sends packets: no findings means that the API shows no problem, not that a "
    "packet arrives."
)
_EXAMPLES = (
    ("dsview --demo", "Look at a demo without a cluster."),
    ("dsview check --fail-on warning -o sarif > dsview.sarif", "Check in CI."),
    ("dsview diff before.json.gz @production", "Show what changed since a snapshot."),
    ("dsview trace service/shop/web", "Follow both families to where one breaks."),
    ("dsview probe service/shop/web", "Connect to what a Service publishes, over each family, from this machine."),
    ("kubectl get svc,endpointslices,pods,nodes -A -o json | dsview check --from -", "Check the output of kubectl."),
    ("dsview help man | man -l -", "Read this page."),
)


def _escaped(text: str) -> str:
    """Text escaped for roff: backslashes, hyphens, and request characters at the start of a line."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    text = "".join(c if c.isascii() else rf"\[u{ord(c):04X}]" for c in text)
    return "\n".join(rf"\&{line}" if line.startswith((".", "'")) else line for line in text.split("\n"))


def _bold(text: str) -> str:
    return rf"\fB{_escaped(text)}\fR"


def _records(command: click.Command) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=command.name)
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            yield record


def _own_options(command: click.Command, shared: set[str]) -> list[tuple[str, str]]:
    """A command's own options, without the shared ones, which are listed once, and without `--help`."""
    return [
        (words, text)
        for words, text in _records(command)
        if words not in shared and words.startswith("-") and words != "--help"
    ]


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.replace("\b", "").strip().split("\n\n")):
        if number:
            yield ".P"
        yield _escaped(" ".join(paragraph.split()))


def _lines(group: click.Group) -> Iterator[str]:
    yield f'.TH DSVIEW 1 "" "dsview {__version__}" "User Commands"'
    yield ".SH NAME"
    yield r"dsview \- see whether both address families of a Kubernetes cluster really work"
    yield ".SH SYNOPSIS"
    yield rf"{_bold('dsview')} [\fIOPTIONS\fR]"
    yield ".br"
    yield rf"{_bold('dsview')} \fICOMMAND\fR [\fIARGUMENTS\fR] [\fIOPTIONS\fR]"
    yield ".SH DESCRIPTION"
    yield _escaped(_DESCRIPTION)
    yield ".SH COMMANDS"
    options = list(_records(group))
    shared = {words for words, _ in options}
    for name in sorted(group.commands):
        yield from _command(name, group.commands[name], shared)
    yield ".SH OPTIONS"
    yield _escaped("These may come before or after a command that reads a cluster.")
    for words, text in options:
        yield from (".TP", _bold(words), _escaped(text))
    yield ".SH KEYS"
    yield from _keys()
    yield ".SH EXIT STATUS"
    for code, meaning in EXIT_CODES.items():
        yield from (".TP", _bold(str(code)), _escaped(meaning))
    yield ".P"
    yield _escaped(OTHER_COMMANDS)
    yield ".SH FILES"
    yield from (".TP", r"\fI$XDG_CONFIG_HOME/dsview/config.toml\fR", _escaped("See `dsview help config`."))
    yield ".SH ENVIRONMENT"
    yield from (".TP", _bold("KUBECONFIG"), "The files with the contexts, as for kubectl.")
    yield from (".TP", _bold("NO_COLOR"), "If set, the output has no colours.")
    yield ".SH EXAMPLES"
    for line, text in _EXAMPLES:
        yield from (".TP", _bold(line), _escaped(text))
    yield ".SH SEE ALSO"
    yield r"\fBkubectl\fR(1)"


def _command(name: str, command: click.Command, shared: set[str]) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    arguments = (p.make_metavar(context) for p in command.get_params(context) if isinstance(p, click.Argument))
    yield f".SS {_escaped(' '.join(('dsview', name, *arguments)))}"
    yield from _paragraphs(command.help or "")
    for words, text in _own_options(command, shared):
        yield from (".TP", _bold(words), _escaped(text))


def _keys() -> Iterator[str]:
    from dsview.ui.actions import groups  # noqa: PLC0415  (imports Textual)
    from dsview.ui.key_labels import keys_label  # noqa: PLC0415  (imports Textual)

    for group, actions in groups().items():
        yield f".SS {_escaped(group)}"
        for action in actions:
            yield from (".TP", _bold(keys_label(action)), _escaped(f"{action.title}. {action.help}"))


def man_page(group: click.Group) -> str:
    """The page in roff."""
    return "\n".join(_lines(group)) + "\n"
