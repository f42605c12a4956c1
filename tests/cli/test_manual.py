"""The man page and the shell completion are made from the commands, so they are always current."""

from __future__ import annotations

import shutil
import subprocess
import sys

import click
import pytest
from click.shell_completion import CompletionItem, ShellComplete
from click.testing import CliRunner

from dsview.checks.engine.registry import all_checks
from dsview.cli import cli
from dsview.cli.completing import SHELLS
from dsview.cli.exit_codes import EXIT_CODES
from dsview.cli.man_page import man_page
from dsview.cli.topics import TOPICS
from dsview.export.formats import FORMATS
from dsview.ui.actions import ACTIONS


def page() -> str:
    assert isinstance(cli, click.Group)
    return man_page(cli)


def shown() -> str:
    """The page without roff's escapes."""
    return page().replace(r"\-", "-").replace(r"\e", "\\")


def completed(*words: str) -> list[str]:
    *before, typed = words
    found: list[CompletionItem] = ShellComplete(cli, {}, "dsview", "_DSVIEW_COMPLETE").get_completions(before, typed)
    return [item.value for item in found]


def test_the_man_page_tells_every_command_option_key_and_exit_code() -> None:
    text = shown()
    assert isinstance(cli, click.Group)
    for name, command in cli.commands.items():
        assert f".SS dsview {name}" in text
        for parameter in command.params:
            for option in parameter.opts if isinstance(parameter, click.Option) else ():
                assert option in text, (name, option)
    for action in ACTIONS:
        assert f"{action.title}. " in text
    for number in EXIT_CODES:
        assert rf"\fB{number}\fR" in text


def test_no_line_of_the_page_is_taken_for_a_request() -> None:
    known = (".TH", ".SH", ".SS", ".TP", ".P", ".br")
    assert all(line.split()[0] in known for line in page().splitlines() if line.startswith((".", "'")))


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_groff_has_nothing_to_say_against_the_page() -> None:
    result = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z"], input=page(), capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_script_that_asks_dsview(shell: str) -> None:
    result = CliRunner().invoke(cli, ["completion", shell], standalone_mode=False)
    assert f"_DSVIEW_COMPLETE={shell}_complete" in result.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_accepts_the_completion_script() -> None:
    script = CliRunner().invoke(cli, ["completion", "bash"], standalone_mode=False).stdout
    result = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\ncomplete -p dsview"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "_dsview_completion" in result.stdout


def test_words_are_completed_from_what_they_are_about() -> None:
    assert "trace" in completed("tr")
    assert completed("check", "-o", "") == list(FORMATS)
    assert completed("explain", "DS-NGX-01") == [c.code for c in all_checks() if c.code.startswith("DS-NGX-01")]
    assert completed("help", "") == list(TOPICS)
    assert completed("check", "--demo", "tro") == ["troubled"]
    assert "service/" in completed("trace", "")


def test_a_kubeconfig_that_cannot_be_read_completes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/does/not/exist")
    assert completed("check", "--context", "") == []


def test_a_shell_that_asks_is_answered_without_a_word_on_standard_error() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "dsview"],
        env={
            "_DSVIEW_COMPLETE": "bash_complete",
            "COMP_WORDS": "dsview rb",
            "COMP_CWORD": "1",
            "PYTHONPATH": ":".join(sys.path),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.stdout, result.stderr) == ("plain,rbac\n", "")
