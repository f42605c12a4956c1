"""The documents are correct: their commands and files exist, and CI runs what the README says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from dsview.cli import cli
from dsview.cli.exit_codes import EXIT_CODES
from dsview.cli.topics import TOPICS

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(name: str) -> list[str]:
    """Every dsview command in a document, in shell blocks and in backquoted code."""
    text = read(name)
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", text.replace("```", ""))
    parts = [part.strip() for line in lines for part in re.split(r"&&|;|(?<!\|)\|(?!\|)(?= )", line)]
    return sorted({part for part in parts if re.match(r"(\.venv/bin/|kubectl )?dsview( |$)", part)})


README_COMMANDS = commands("README.md")


def test_the_readme_shows_commands() -> None:
    assert len(README_COMMANDS) >= 10


@pytest.mark.parametrize("command", README_COMMANDS)
def test_a_command_of_the_readme_is_understood(command: str) -> None:
    words = shlex.split(command.partition(" > ")[0].removeprefix("kubectl "))[1:]
    words = [word.partition("|")[0] for word in words]
    at = next((index for index, word in enumerate(words) if word in cli.commands), len(words))
    with cli.make_context("dsview", words[:at]) as context:
        for name in words[at : at + 1]:
            left = words[at + 1 :]
            # A command that is only mentioned needs no arguments.
            cli.commands[name].make_context(name, left, parent=context, resilient_parsing=not left)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_a_document_points_to_is_there(name: str) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)\)", read(name))
    assert [t for t in targets if not t.startswith("https://") and not (ROOT / t).exists()] == []


def test_ci_runs_the_test_command_of_the_readme() -> None:
    (command,) = re.findall(r"^python3 -m venv .*pytest.*$", read("README.md"), re.MULTILINE)
    steps = [step.strip() for step in command.split("&&")]
    script = [line.strip() for line in read(".ci/run").splitlines()]
    assert [line for line in script if line in steps] == steps


def test_the_readme_has_every_exit_code_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", read("README.md"), re.MULTILINE))
    assert {int(code): meaning.replace("`", "") for code, meaning in rows.items()} == EXIT_CODES


def test_the_help_lists_every_topic_and_every_topic_has_text() -> None:
    context = click.Context(cli.commands["help"])
    assert set(re.findall(r"[a-z-]+", (cli.commands["help"].help or "").partition(":")[2])) - {"or"} == set(TOPICS)
    assert context.command.name == "help"
    for text in (topic() for topic in TOPICS.values()):
        assert text.endswith("\n")
        assert len(text.splitlines()) > 3


def test_the_licence_is_the_apache_licence_in_full() -> None:
    text = read("LICENSE")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "9. Accepting Warranty or Additional Liability." in text
    assert "END OF TERMS AND CONDITIONS" in text
