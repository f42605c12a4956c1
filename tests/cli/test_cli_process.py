"""The command line as a process: pipes, signals, faults; it never prints a traceback."""

from __future__ import annotations

import json
import os
import select
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.clusters import DATA

BROKEN = DATA / "scenarios" / "03-old-pods" / "objects.json"
SOUND = DATA / "scenarios" / "14-eks-ipv6" / "objects.json"


def dsview(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dsview", *arguments]
    return subprocess.run(command, text=True, timeout=60, check=False, **{"capture_output": True, **options})  # type: ignore[call-overload, no-any-return]  # options are subprocess.run's


@pytest.fixture
def gone() -> int:
    """The write end of a pipe that nothing reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("help", "checks"), 0),
        (("check", "--from", str(BROKEN)), 1),
        (("check", "--from", str(SOUND), "-o", "json"), 0),
        (("show", "pods", "--from", str(SOUND)), 0),
    ],
)
def test_a_reader_that_has_gone_is_no_fault_and_the_verdict_stands(
    gone: int, arguments: tuple[str, ...], expected: int
) -> None:
    result = dsview(*arguments, capture_output=False, stdout=gone, stderr=subprocess.PIPE)
    os.close(gone)
    assert (result.returncode, result.stderr) == (expected, "")


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@needs_full
@pytest.mark.parametrize(
    "arguments",
    [("check", "--from", str(SOUND)), ("explain",), ("help", "man"), ("--version",), ("--help",), ("check", "--help")],
    ids=" ".join,
)
def test_a_full_disk_is_a_sentence(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        result = dsview(*arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 2
    assert result.stderr == "dsview: The output could not be written: No space left on device.\n"


@needs_full
@pytest.mark.parametrize("arguments", [("check", "--from", "gone"), ("nonsense",)], ids=" ".join)
def test_the_exit_code_stands_where_nobody_can_be_told_why(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        result = dsview(*arguments, capture_output=False, stdout=subprocess.PIPE, stderr=full)
    assert (result.returncode, result.stdout) == (2, "")


@pytest.mark.parametrize(("source", "expected"), [(str(BROKEN), 1), ("-", 2)])
def test_a_process_without_standard_input_gives_its_verdict_or_says_so(source: str, expected: int) -> None:
    command = f'exec "{sys.executable}" -m dsview check --from "{source}" <&-'
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == expected
    assert result.stderr == ("" if expected == 1 else "dsview: There is no standard input to read.\n")


def test_a_process_without_standard_output_gives_its_verdict() -> None:
    command = f'exec "{sys.executable}" -m dsview check --from "{BROKEN}" >&-'
    result = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (1, "")


def test_an_old_encoding_gets_escapes_for_what_it_lacks() -> None:
    result = dsview("check", "--from", str(BROKEN), env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert result.returncode == 1
    assert "\\u25a0 error" in result.stdout


def test_ctrl_c_while_reading_leaves_quietly_with_130() -> None:
    # The program reports on a pipe that the command runs, so that the signal cannot come too early. It handles SIGINT
    # itself, because a shell ignores SIGINT in what it runs in the background, such as these tests.
    reader, writer = os.pipe()
    program = (
        f"import os, signal; from dsview import cli; from dsview.cli import sessions; run = sessions.run_to_end\n"
        f"def told(*arguments):\n    os.write({writer}, b'.'); return run(*arguments)\n"
        f"sessions.run_to_end = told; signal.signal(signal.SIGINT, signal.default_int_handler); cli.main()"
    )
    arguments = [sys.executable, "-c", program, "check", "--from", "-"]
    process = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, pass_fds=[writer]
    )
    os.close(writer)
    assert os.read(reader, 1) == b"."
    os.close(reader)
    process.send_signal(signal.SIGINT)
    # Standard input stays open until the end, so that its end cannot come before the signal.
    assert process.wait(timeout=20) == 130
    out, err = process.communicate()
    assert (out, err.strip()) == ("", "")


def test_a_fault_inside_is_a_sentence_and_its_traceback_goes_to_the_log_only(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = (
        "from dsview import cli; from dsview.export import report\n"
        "def broken(session): raise RuntimeError('out of\\x1b[31m luck')\n"
        "report.build_report = broken; cli.main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, "check", "--from", str(SOUND), "--log-file", str(log)],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 70
    assert result.stdout == ""
    assert result.stderr.startswith("dsview: Something went wrong inside dsview (RuntimeError). Please report it with ")
    assert len(result.stderr.splitlines()) == 1
    assert "RuntimeError: out of\\x1b[31m luck" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_fault_of_a_command_that_keeps_no_log_shows_no_traceback(tmp_path: Path) -> None:
    program = (
        "from dsview import cli; from dsview.export import explain\n"
        "def broken(): raise RuntimeError('out of luck')\n"
        "explain.list_checks = broken; cli.main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, "explain"],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, len(result.stderr.splitlines())) == (70, 1), result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--demo", "check"), ("check", "--demo"), ("--demo", "troubled", "check"), ("--demo=troubled", "check")],
    ids=" ".join,
)
def test_the_demo_needs_no_name_wherever_it_stands(arguments: tuple[str, ...]) -> None:
    result = dsview(*arguments, "--fail-on", "never")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("troubled, ")


def test_a_pane_behind_the_demo_is_the_pane() -> None:
    assert "worker-a" in dsview("show", "--demo", "nodes").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("check", "--demo", "unknown"), "Choose one of: troubled, healthy, gateways."),
        (("check", "--demo", "--from", "x"), "--from and --demo cannot be used together."),
        (("check", "-A", "-n", "shop"), "--namespace and --all-namespaces cannot be used together."),
        (("--demo", "check", "-n", "shop"), "--namespace and --demo cannot be used together."),
        (("--context", "prod", "check", "--from", "x"), "--context and --from cannot be used together."),
        (("check", "--demo", "-o", "yaml"), "json"),
        (("check", "--demo", "--timeout", "soon"), "write it as 5s, 1m30s or 500ms."),
        (("check", "--kubeconfig", "/does/not/exist"), "/does/not/exist"),
        (("check", "--demo", "--config", "/does/not/exist"), "/does/not/exist does not exist."),
        (("check", "--demo", "--baseline", "/does/not/exist"), "The baseline cannot be read: No such file"),
        (
            ("check", "--demo", "--trace-file", "/does/not/exist"),
            "The trace file cannot be written: the folder /does/not does",
        ),
        (
            ("check", "--demo", "--log-file", "/does/not/exist"),
            "The log file cannot be written: the folder /does/not does",
        ),
        (("show", "pods", "--demo", "--filter", "/(/"), "--filter: This pattern is not valid"),
        (
            ("snapshot", "--demo", "-o", "/does/not/exist"),
            "/does/not/exist cannot be written: the folder /does/not does",
        ),
        (
            ("record", "--demo", "--", "/does/not/exist"),
            "/exist cannot be written: the folder /does/not does",
        ),
        (("check", "--from", __file__, "--at", "12:00"), "test_cli_process.py is not a recording: --at selects"),
        (("fleet", "--demo", "--contexts", "prod-*"), "--contexts selects contexts of the kubeconfig"),
        (("help", "nothing"), "keys, filters, checks, config, config-schema, rbac, exit-codes"),
        (("nothing",), "No such command 'nothing'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_on_the_command_line_is_a_sentence_and_exit_code_2(
    arguments: tuple[str, ...], sentence: str
) -> None:
    result = dsview(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_without_arguments_the_dashboard_is_meant() -> None:
    result = dsview()
    assert result.returncode == 2
    assert result.stderr == (
        "dsview: the dashboard needs a terminal. Without one, use `dsview check` or `dsview show`.\n"
    )


def test_no_colour_reaches_a_file() -> None:
    result = dsview("check", "--from", str(BROKEN), env={**os.environ, "TERM": "xterm-256color", "FORCE_COLOR": "1"})
    assert "\x1b" not in result.stdout


@pytest.mark.skipif(shutil.which("script") is None, reason="script(1) makes the terminal")
@pytest.mark.parametrize("words", ["{dsview} --from {file}", "cat {file} | {dsview} --from -"])
def test_the_dashboard_opens_on_a_terminal_and_a_key_leaves_it(words: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    program = f"{shlex.quote(sys.executable)} -m dsview --trace-file {shlex.quote(str(trace))}"
    command = words.format(dsview=program, file=shlex.quote(str(BROKEN)))
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    process = subprocess.Popen(
        ["script", "-qec", command, "/dev/null"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = b""
        end = time.monotonic() + 60
        # A finding is on the screen only after the file was read, evaluated and painted.
        while b"POD-001" not in seen or "all_painted" not in trace.read_text():
            assert time.monotonic() < end, seen[-2000:].decode(errors="replace")
            if select.select([process.stdout], [], [], 0.1)[0]:
                seen += os.read(process.stdout.fileno(), 65536)
        process.stdin.write(b"q")
        process.stdin.flush()
        process.stdout.read()
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()
    events = [json.loads(line)["event"] for line in trace.read_text().splitlines()]
    assert events[0] == "first_frame"
    assert {"first_rows", "synced", "all_synced", "all_painted"} <= set(events)
    assert events.index("all_synced") < events.index("all_painted")
