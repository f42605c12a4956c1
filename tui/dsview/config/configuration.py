"""The contents of a configuration file as Structs.

Validation, `dsview help config` and the JSON Schema are derived from them. This module is small, because it is read
before the first frame. Modules that use checks, actions, panes and columns know their names, and report a wrong one
through `file.fail`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

from dsview.config.toml_file import ConfigFile
from dsview.core.errors import UserError

SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"

_TEXTS, _TEXT, _TABLE = "a list of texts", "a text", "a table"

SeverityName = Literal["error", "warning", "note"]
Texts = list[str]
OneOrMore = str | list[str]


def _said(must: str, meaning: str, **limits: Any) -> Meta:
    """What a key means, and what its value must be, as error messages say it."""
    return Meta(description=meaning, extra={"must": must}, **limits)


class Exempt(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of [[exempt]]: findings that are counted but not shown."""

    checks: Annotated[Texts, _said(_TEXTS, "A list of codes or globs.", min_length=1)]
    namespace: Annotated[str, _said(_TEXT, "A glob over namespaces.")] = "*"
    name: Annotated[str, _said(_TEXT, "A glob over names.")] = "*"
    labels: Annotated[dict[str, str], _said("a table of texts", "A table of labels that the object must have.")] = {}
    reason: Annotated[str, _said(_TEXT, "The reason.")] = ""


class Configuration(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The configuration file of dsview."""

    select: Annotated[Texts, _said(_TEXTS, "Only these checks: a list of codes or globs.")] = []
    ignore: Annotated[Texts, _said(_TEXTS, "Not these checks: a list of codes or globs.")] = []
    severity: Annotated[
        dict[str, SeverityName],
        _said(_TABLE, "A table of codes and their severity: error, warning or note."),
    ] = {}
    exempt: Annotated[
        list[Exempt],
        _said(
            "written as [[exempt]] tables",
            "A list of tables: checks, and optionally namespace, name, labels and reason.",
        ),
    ] = []
    theme: Annotated[str, _said(_TEXT, "The theme of the screen.")] = ""
    ascii: Annotated[bool, _said("true or false", "true to draw with plain ASCII.")] = False
    keys: Annotated[
        dict[str, OneOrMore],
        _said(_TABLE, "A table of action names, with the key or list of keys for each."),
    ] = {}
    columns: Annotated[
        dict[str, Texts],
        _said(_TABLE, "For each pane, the columns to show, from left to right."),
    ] = {}


def described(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Every key of a table with its meaning."""
    return {name: meta.description or "" for name, meta in _metas(struct).items()}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the configuration file, for editors."""
    return {"$schema": SCHEMA_ID, **msgspec.json.schema(Configuration)}


def configuration_of(file: ConfigFile) -> Configuration:
    """The contents of a file. Raises `UserError` with a sentence that names the line."""
    try:
        return msgspec.convert(file.data, Configuration)
    except msgspec.ValidationError as error:
        raise _complaint(file, str(error)) from None


_PLACE = re.compile(r" - at `\$\.?(?P<path>.*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<name>.*?)`", re.DOTALL)
_ROW = re.compile(r"exempt\[(?P<number>\d+)\]\.?")


def _complaint(file: ConfigFile, said: str) -> UserError:
    """The sentence for an error of msgspec: the key, what it must be, and the line."""
    place = _PLACE.search(said)
    path = place["path"] if place is not None else ""
    row = _ROW.match(path)
    struct, table, number = (Exempt, "exempt", int(row["number"])) if row is not None else (Configuration, "", 0)
    inner = path[row.end() :] if row is not None else path
    try:
        unknown = _UNKNOWN.search(said)
        if unknown is not None:
            what = "key of [[exempt]]" if row is not None else "key of this file"
            file.known(unknown["name"], described(struct), what, table, number)
        if row is not None and inner in ("", "checks") and not _holds_other_types(said, inner):
            return file.fail("exempt", "each [[exempt]] needs a list of checks.", table, number)
        key, _, below = inner.partition("[")
        if below and not row:
            return _of_table(file, key)
    except UserError as complaint:
        return complaint
    return file.fail(key, f"{key} must be {_must(struct, key)}.", table, number)


def _holds_other_types(said: str, inner: str) -> bool:
    """Whether `checks` is present but is not a list."""
    return inner == "checks" and "of length" not in said


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
            return file.fail(key, f"{key} must be {_TEXTS}.", table)
    return file.fail(table, f"{table} must be {_TABLE}.")


def _must(struct: type[msgspec.Struct], key: str) -> str:
    return str((_metas(struct)[key].extra or {})["must"])


def _metas(struct: type[msgspec.Struct]) -> dict[str, Meta]:
    hints = get_type_hints(struct, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}
