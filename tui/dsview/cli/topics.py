"""`dsview help TOPIC`: each topic is generated from its source."""

from __future__ import annotations

from collections.abc import Callable

# ruff: noqa: PLC0415 - each topic only imports its own source


def _checks() -> str:
    from dsview.export.explain import all_pages

    return all_pages()


def _keys() -> str:
    from dsview.cli.configured import known_actions
    from dsview.config.preferences import load_preferences
    from dsview.ui.actions import groups
    from dsview.ui.key_labels import keys_label

    actions = known_actions(load_preferences(None))
    listed = "\n".join(
        f"{group}\n"
        + "".join(
            f"  {keys_label(action):<20} {action.id:<16} {action.title}. {action.help}\n" for action in actions_of_group
        )
        for group, actions_of_group in groups(actions).items()
    )
    return (
        f"{listed}\nThe second column is the action's name. Use it under [keys] in the configuration file for other "
        "keys.\n"
    )


def _config() -> str:
    from dsview.config.configuration import Configuration, Exempt, described
    from dsview.config.toml_file import default_path

    fields = "".join(f"  {name:<10} {text}\n" for name, text in described(Configuration).items())
    exempt = "".join(f"  {name:<10} {text}\n" for name, text in described(Exempt).items())
    return (
        f"The configuration file is {default_path()}, or the file given by --config. It is TOML.\n"
        "`dsview help config-schema` prints its JSON Schema, for editors.\n\n"
        f"{fields}\n"
        f"Each [[exempt]] contains:\n\n{exempt}\n"
        "An object can be exempted by the annotation dsview.io/ignore: DS-SVC-001,DS-LB-* and, after each code,\n"
        "a space and the reason. Exempted findings are counted; `dsview check --exempted` prints them, and E shows\n"
        "them in the list of findings.\n\n"
        "In its folder, themes.toml may define themes (tables of colours) and style.tcss may contain Textual CSS.\n\n"
        "Example:\n\n"
        '  ignore = ["DS-SVC-006"]\n\n'
        "  [severity]\n"
        '  "DS-SVC-002" = "warning"\n\n'
        "  [[exempt]]\n"
        '  checks = ["DS-LB-004"]\n'
        '  namespace = "lab-*"\n'
        '  reason = "No load balancers in the lab."\n\n'
        "  [keys]\n"
        '  trace = "f5"\n'
        '  zoom = ["z", "f11"]\n\n'
        "  [columns]\n"
        '  pods = ["namespace", "name", "pod_ip_v4", "pod_ip_v6", "flags"]\n'
    )


def _config_schema() -> str:
    import json

    from dsview.config.configuration import json_schema

    return json.dumps(json_schema(), indent=2) + "\n"


def _filters() -> str:
    from dsview.tables.filter_fields import FILTER_KEYS

    keys = "".join(f"  {key.example:<22} {key.help}\n" for key in FILTER_KEYS.values())
    return (
        "A filter consists of words. It shows the rows that contain every word, in upper or lower case.\n\n"
        '  web            rows that contain "web"\n'
        "  web fd00:      rows that contain both\n"
        "  web | api      rows that contain either\n"
        "  !kube          rows that do not contain it\n"
        '  "not ready"    words that contain a space\n'
        "  /^shop.*v6$/   a regular expression\n"
        "  eps-001        rows with a finding of that check\n\n"
        "A key matches one field. Its value is compared as a whole; * matches anything. Each key can be negated.\n\n"
        f"{keys}\n"
        "A pane without that field shows no rows. While you type, Tab accepts the first suggestion.\n"
        "`dsview show --filter` accepts the same filters.\n"
    )


def _rbac() -> str:
    from dsview.export.rbac import cluster_role

    return cluster_role()


def _exit_codes() -> str:
    import textwrap

    from dsview.cli.exit_codes import EXIT_CODES, OTHER_COMMANDS

    codes = "".join(f"{code:>4}  {meaning}\n" for code, meaning in EXIT_CODES.items())
    return f"`dsview check`:\n\n{codes}\n{textwrap.fill(OTHER_COMMANDS, 100)}\n"


def _man() -> str:
    from dsview.cli.group import cli
    from dsview.cli.man_page import man_page

    return man_page(cli)


TOPICS: dict[str, Callable[[], str]] = {
    "keys": _keys,
    "filters": _filters,
    "checks": _checks,
    "config": _config,
    "config-schema": _config_schema,
    "rbac": _rbac,
    "exit-codes": _exit_codes,
    "man": _man,
}
