"""The fast YAML reader returns what PyYAML returns, or says that it cannot read the text."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsview.core.block_yaml import MAX_DEPTH, NotBlockYaml, load_block
from dsview.core.yaml_text import YamlError, load_yaml
from dsview.sources.files import yaml_documents as reading
from dsview.sources.files.yaml_documents import yaml_documents
from tests.support.clusters import DATA

RECORDED = DATA / "recordings" / "dual-two-nodes" / "lists"

# Scalars and lines that YAML readers interpret differently.
WORDS = [
    "yes",
    "no",
    "on",
    "y",
    "n",
    "true",
    "True",
    "~",
    "null",
    "Null",
    "NULL",
    "0",
    "-0",
    "+1",
    "1",
    "08",
    "010",
    "0x1F",
    "0b11",
    "0o10",
    "1_000",
    "1e3",
    "1E3",
    "1.",
    ".5",
    "1.5",
    ".inf",
    "-.inf",
    ".NaN",
    "nan",
    "12:30",
    "12:30:45",
    "1:60",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "-1",
    "-01",
    "-x",
    "?x",
    ":x",
    "::",
    "::1",
    "fd00::1",
    "0.0.0.0",
    "<<",
    "=",
    "-",
    ".",
    "..",
    "&",
    "*",
    "!",
    "!!str",
    "|",
    "|-",
    "|+",
    "|2",
    ">",
    ">-",
    "@a",
    "`a",
    "%a",
    "a#b",
    "a:b",
    "{}",
    "[]",
    "[1]",
    "{a:",
    "b}",
    "é",
    "😀",
    "\x85",
    "\u2028",
    "\t",
]
LINES = [
    *("a b", "a #b", "a: b", "- a", "- - a", "- a: b", "a:", "- ", "-", "---", "...", "# c"),
    *("", "  ", "x\n  y", "? a", ": d"),
    *("f:a: {}", "f:a:", 'k:{"a":"b"}: c', "a:b: c", ".: {}", "http://a:1", "- http://a", "a'b: c", "a: 'b'c"),
    *('"a"', '"a', '"a" b', '"a\\u0041"', '"\\/"', '"\\ud83d\\ude00"', '"\\ud800"'),
    *('"\\x41"', '"a": b', '"\\t"', '"#"'),
    *("'a'", "'a", "'a' b", "'it''s'", "'a': b", "'a\n- b'"),
    *("!!str 1", "*a", "&a 1", "<<: b", "1: b", "null: b", "a b: c"),
    *("|\n  x\n  y", "|\n\n   x\n  y", "|-\n  x\n\n", "x: |\n  a\n   b\n\n  c"),
    *("x: |-\n\n\n  a\n", "- |\n a\n- b", "|\nx"),
]  # fmt: skip
SIGNS = [
    '"',
    "'",
    " ",
    "  ",
    "#",
    ": ",
    "- ",
    "\n",
    "\\",
    ",",
    "[",
    "|",
    "&",
    "é",
    "\t",
    "-",
    ":",
    "\r",
    "\x00",
    "\ufeff",
]


class KubectlDumper(yaml.SafeDumper):
    """Texts of several lines are literal blocks, sequences are not indented, keys are sorted."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text and not text.startswith((" ", "\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


KubectlDumper.add_representer(str, _text)


def as_kubectl_writes(value: object) -> str:
    return str(yaml.dump(value, Dumper=KubectlDumper, default_flow_style=False, width=100_000, allow_unicode=True))


def recorded() -> Iterator[dict[str, Any]]:
    for path in sorted(RECORDED.glob("*.json")):
        yield from json.loads(path.read_bytes()).get("items") or ()


OBJECTS = list(recorded())[:200]


def changed(text: str, by: random.Random) -> str:
    """Some lines of a text, a few of them broken."""
    lines = text.split("\n")
    start = by.randrange(len(lines))
    lines = lines[start : start + by.randrange(1, 14)]
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    lines = [line[indent:] for line in lines]
    for _ in range(by.randrange(5)):
        i = by.randrange(len(lines))
        line = lines[i]
        at = by.randrange(len(line) + 1)
        lines[i : i + 1] = by.choice(
            [
                [f"{line.partition(':')[0]}: {by.choice(WORDS)}"],
                [f"{line.partition(':')[0]}: {by.choice(LINES)}"],
                [f"{line.partition(':')[0]}:"],
                [" " * by.randrange(3) + line],
                [line[1:] if line.startswith(" ") else line],
                [" " * by.randrange(6) + by.choice(LINES), line],
                [line, by.choice(lines)],
                [line[:at] + by.choice(SIGNS) + line[at:]],
                [],
            ]
        ) or [""]
    return "\n".join(lines) + by.choice(["\n", "\n", "\n", ""])


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_what_is_read_quickly_is_what_the_whole_parser_reads(by: random.Random) -> None:
    text = changed(as_kubectl_writes(by.choice(OBJECTS)), by).encode("utf-8", "surrogatepass")
    try:
        value = load_block(text)
    except NotBlockYaml:
        return
    assert repr([value]) == repr(list(load_yaml(text)))


def test_everything_that_kubectl_writes_is_read_quickly() -> None:
    for item in OBJECTS:
        assert load_block(as_kubectl_writes(item).encode()) == item


@pytest.mark.parametrize("word", [*WORDS, *LINES])
def test_each_scalar_is_read_alike_or_left_to_the_whole_parser(word: str) -> None:
    for text in (f"a: {word}\n", f"- {word}\n", f"a:\n- b: {word}\n  c: d\n", f"{word}: x\n"):
        try:
            value = load_block(text.encode())
        except NotBlockYaml:
            continue
        assert repr([value]) == repr(list(load_yaml(text)))


def test_nesting_without_end_is_not_for_the_quick_reader() -> None:
    for text in ("- " * (MAX_DEPTH + 1) + "a\n", "".join(f"{' ' * i}a:\n" for i in range(MAX_DEPTH + 1))):
        with pytest.raises(NotBlockYaml):
            load_block(text.encode())


def a_list(items: list[dict[str, Any]]) -> str:
    return as_kubectl_writes({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})


def whole(text: bytes) -> list[object]:
    return [value for value in load_yaml(text) if value is not None]


def by_items(text: bytes) -> list[object]:
    return [
        found.value
        if found.items is None
        else {**found.value, "items": [json.loads(bytes(raw)) for raw in found.items]}
        for found in yaml_documents(text)
    ]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_a_list_read_item_by_item_is_the_list_read_as_a_whole(by: random.Random) -> None:
    items = [by.choice(OBJECTS) for _ in range(by.randrange(1, 3))]
    lines = a_list(items).split("\n")
    for _ in range(by.randrange(4)):
        i = by.randrange(len(lines))
        lines[i : i + 1] = by.choice(
            [
                [f"{lines[i].partition(':')[0]}: {by.choice(LINES)}"],
                [lines[i], by.choice(LINES)],
                [f"  {lines[i]}"],
                [""],
            ]
        )
    text = "\n".join(lines).encode()
    try:
        expected = whole(text)
        json.dumps(expected)
        dicts = all(isinstance(value, dict) for value in expected)
    except (YamlError, TypeError, ValueError):
        return
    # A repeated top-level key begins another document for dsview; PyYAML takes the last one.
    keys = [line.partition(":")[0] for line in text.decode().split("\n") if line[:1].isalpha()]
    if dicts and len(keys) == len(set(keys)):
        assert json.dumps(by_items(text)) == json.dumps(expected)


def test_of_a_list_as_kubectl_writes_it_the_slow_parser_reads_nothing_but_its_head(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = 0

    def count(text: bytes) -> Iterator[object]:
        nonlocal seen
        seen += len(text)
        return load_yaml(text)

    monkeypatch.setattr(reading, "load_yaml", count)
    text = a_list(OBJECTS).encode()
    assert by_items(text)[0] == {
        "apiVersion": "v1",
        "items": OBJECTS,
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }
    assert seen < 200 < len(text)


def test_a_broken_item_costs_itself_only() -> None:
    items = [{"kind": "Service", "metadata": {"name": name}} for name in ("a", "b", "c")]
    text = a_list(items).replace("name: b\n", 'name: "b\n').encode()
    (found,) = yaml_documents(text)
    assert found.items is not None
    assert [json.loads(bytes(raw)) for raw in found.items] == [items[0], items[2]]
    assert found.unreadable == 1


def test_values_that_only_the_slow_parser_reads_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_WHOLE", 2_000)
    assert by_items(b"a: [1]\n") == [{"a": [1]}]
    with pytest.raises(YamlError, match="give it as JSON"):
        by_items(b"a: [1]\n" + b"# comment\n" * 200)
