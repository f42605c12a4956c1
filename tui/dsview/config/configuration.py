"""The contents of a configuration file as Structs.

Validation, `dsview help config` and the JSON Schema are derived from them. This module imports little, because it is
loaded before the first frame. The names of checks, actions, panes and columns are validated by the modules that use
them, which report an unknown name through `file.fail`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

from dsview.config.toml_file import ConfigFile
from dsview.core.errors import UserError

SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"

_STRINGS, _STRING, _TABLE = "a list of strings", "a string", "a table"

SeverityName = Literal["error", "warning", "note"]
Strings = list[str]
OneOrMore = str | list[str]


def _described_as(must: str, meaning: str, **limits: Any) -> Meta:
    """The metadata of a key: what it means, and what its value must be, as in error messages."""
    return Meta(description=meaning, extra={"must": must}, **limits)


class Exempt(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of [[exempt]]: findings that are counted but not shown."""

    checks: Annotated[Strings, _described_as(_STRINGS, "A list of codes or globs.", min_length=1)]
    namespace: Annotated[str, _described_as(_STRING, "A glob over namespaces.")] = "*"
    name: Annotated[str, _described_as(_STRING, "A glob over names.")] = "*"
    labels: Annotated[
        dict[str, str], _described_as("a table of strings", "A table of labels that the object must have.")
    ] = {}
    reason: Annotated[str, _described_as(_STRING, "The reason.")] = ""


class Configuration(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The configuration file of dsview."""

    select: Annotated[Strings, _described_as(_STRINGS, "Only these checks: a list of codes or globs.")] = []
    ignore: Annotated[Strings, _described_as(_STRINGS, "Not these checks: a list of codes or globs.")] = []
    severity: Annotated[
        dict[str, SeverityName],
        _described_as(_TABLE, "A table of codes and their severity: error, warning or note."),
    ] = {}
    exempt: Annotated[
        list[Exempt],
        _described_as(
            "written as [[exempt]] tables",
            "A list of tables: checks, and optionally namespace, name, labels and reason.",
        ),
    ] = []
    theme: Annotated[str, _described_as(_STRING, "The theme of the screen.")] = ""
    ascii: Annotated[bool, _described_as("true or false", "true draws with ASCII only.")] = False
    keys: Annotated[
        dict[str, OneOrMore],
        _described_as(_TABLE, "A table of action names, with the key or list of keys for each."),
    ] = {}
    columns: Annotated[
        dict[str, Strings],
        _described_as(_TABLE, "For each pane, the columns to show, from left to right."),
    ] = {}


def described(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The meaning of every key of a table."""
    return {name: meta.description or "" for name, meta in _metas(struct).items()}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the configuration file, for editors."""
    return {"$schema": SCHEMA_ID, **msgspec.json.schema(Configuration)}


def configuration_of(file: ConfigFile) -> Configuration:
    """The contents of a file. Raises `UserError`, which names the line."""
    try:
        return msgspec.convert(file.data, Configuration)
    except msgspec.ValidationError as error:
        raise _user_error(file, str(error)) from None


_PATH_IN_ERROR = re.compile(r" - at `\$\.?(?P<path>.*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<name>.*?)`", re.DOTALL)
_ROW = re.compile(r"exempt\[(?P<number>\d+)\]\.?")


def _user_error(file: ConfigFile, error_text: str) -> UserError:
    """The sentence for an error of msgspec: the key, what it must be, and the line."""
    path_match = _PATH_IN_ERROR.search(error_text)
    path = path_match["path"] if path_match is not None else ""
    row = _ROW.match(path)
    struct, table, number = (Exempt, "exempt", int(row["number"])) if row is not None else (Configuration, "", 0)
    inner = path[row.end() :] if row is not None else path
    try:
        unknown = _UNKNOWN.search(error_text)
        if unknown is not None:
            what = "key of [[exempt]]" if row is not None else "key of this file"
            file.known(unknown["name"], described(struct), what, table, number)
        if row is not None and inner in ("", "checks") and not _holds_other_types(error_text, inner):
            return file.fail("exempt", "each [[exempt]] needs a list of checks.", table, number)
        key, _, below = inner.partition("[")
        if below and not row:
            return _of_table(file, key)
    except UserError as user_error:
        return user_error
    return file.fail(key, f"{key} must be {_must(struct, key)}.", table, number)


def _holds_other_types(error_text: str, inner: str) -> bool:
    """Whether `checks` has a value of the wrong type."""
    return inner == "checks" and "of length" not in error_text


def _of_table(file: ConfigFile, table: str) -> UserError:
    """The error for the first value of a table, or entry of a list, that has the wrong type."""
    values = file.data[table]
    if not isinstance(values, dict):
        return file.fail(table, f"{table} must be {_must(Configuration, table)}.")
    _, wanted = get_args(get_args(get_type_hints(Configuration, include_extras=True)[table])[0])
    for key, value in values.items():
        try:
            msgspec.convert(value, wanted)
        except msgspec.ValidationError:
            if table == "severity":
                file.known(str(value), get_args(SeverityName), "severity", "severity")
            return file.fail(key, f"{key} must be {_STRINGS}.", table)
    return file.fail(table, f"{table} must be {_TABLE}.")


def _must(struct: type[msgspec.Struct], key: str) -> str:
    return str((_metas(struct)[key].extra or {})["must"])


def _metas(struct: type[msgspec.Struct]) -> dict[str, Meta]:
    hints = get_type_hints(struct, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}
