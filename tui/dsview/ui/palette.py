"""The entries of the palette: the actions of the current screen, the checks to explain, and the hosts to trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from dsview.checks.engine.registry import all_checks
from dsview.core.text import safe
from dsview.kinds.kind import Kind
from dsview.kinds.metadata import Key
from dsview.ui.key_labels import keys_label
from dsview.ui.navigation import Command

if TYPE_CHECKING:
    from dsview.ui.app import DsviewApp

_HIDDEN = frozenset({"palette", "clear", "back", "keep", "drop", "accept", "choose", "choose_all", "cancel"})
"""Actions that are useful only as keys: they end something, or belong to what is being typed or chosen."""

_MOST_OF_A_KIND = 500
"""How many Ingresses and how many HTTPRoutes are offered; `dsview trace` finds all of them."""

_NAMED_HOSTS = 3


def entries(app: DsviewApp) -> list[Command]:
    """Everything that the palette offers on the current screen."""
    return [*_actions(app), *_traces(app), *_explanations(app)]


def _actions(app: DsviewApp) -> Iterator[Command]:
    for action in app.actions:
        if action.name not in _HIDDEN and app.go.can(action.name, app.screen):
            note = f"{keys_label(action)}  {action.help}" if action.keys else action.help
            yield Command(action.title, note, action.aliases, partial(app.go.perform, action.by_name))


def _explanations(app: DsviewApp) -> Iterator[Command]:
    for check in all_checks():
        code = check.code.removeprefix("DS-")
        aliases = (code.lower(), check.code.lower(), check.slug)
        yield Command(code, f"Explains {check.slug}: {check.title}", aliases, partial(app.go.explanation, check.code))


def _traces(app: DsviewApp) -> Iterator[Command]:
    """A trace for each Ingress and HTTPRoute, found by its name and by its hosts. These kinds have no pane."""
    if app.workspace is None:
        return
    state = app.workspace.session.state
    for ingress in islice(state.ingresses, _MOST_OF_A_KIND):
        yield _trace(app, Kind.INGRESS, ingress.key, ingress.hosts)
    for route in islice(state.http_routes, _MOST_OF_A_KIND):
        if route.accepted:
            yield _trace(app, Kind.HTTP_ROUTE, route.key, route.hostnames)


def _trace(app: DsviewApp, kind: Kind, key: Key, hosts: Sequence[str]) -> Command:
    more = f" and {len(hosts) - _NAMED_HOSTS:,} more" if len(hosts) > _NAMED_HOSTS else ""
    note = safe(f"Traces the host {', '.join(hosts[:_NAMED_HOSTS])}{more}" if hosts else "Traces all hosts")
    aliases = (*(host.lower() for host in hosts), kind.value.lower())
    return Command(safe(f"{kind.value} {'/'.join(key)}"), note, aliases, partial(app.go.trace, (kind, key)))
