"""When modules are imported: a command imports only what it uses, and the first frame waits for no cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.clusters import DATA

FILE = str(DATA / "scenarios" / "02-prefer-before-conversion" / "objects.json")
CLIENT = {"kubernetes", "urllib3", "websocket"}
SCREEN = {"textual", "rich"}

RUN = """
import json, os, sys
from dsview.cli import main
sys.stdout = open(os.devnull, "w")
try:
    main()
except SystemExit as exit:
    code = exit.code
json.dump([code, sorted({name.partition(".")[0] for name in sys.modules})], sys.__stdout__)
"""


def imported_by(*arguments: str) -> set[str]:
    """The top-level packages that a command has imported when it ends."""
    result = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    code, modules = json.loads(result.stdout)
    assert code == 0, result.stderr
    return set(modules)


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (("--version",), CLIENT | SCREEN | {"netaddr", "crossplane", "yaml", "dsview.checks"}),
        (("--help",), CLIENT | SCREEN | {"netaddr", "crossplane", "yaml"}),
        (("explain", "SVC-001"), CLIENT | SCREEN),
        (("rbac",), CLIENT | SCREEN | {"crossplane"}),
        (("check", "--from", FILE), CLIENT | SCREEN),
        (("check", "--demo", "healthy"), CLIENT | SCREEN),
        (("show", "services", "--from", FILE), CLIENT | SCREEN),
        (("help", "keys"), CLIENT),
        (("fleet", "--demo", "-o", "json"), CLIENT | SCREEN),
        (("probe", "--all", "--demo", "healthy", "--dry-run"), CLIENT | SCREEN),
        (("rbac", "--cronjob"), CLIENT | SCREEN | {"crossplane"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_command_imports_nothing_that_it_does_not_use(arguments: tuple[str, ...], absent: set[str]) -> None:
    assert not imported_by(*arguments) & absent


FIRST_FRAME = """
import asyncio, sys
from dsview.cli.sessions import open_session
from dsview.cli.options import Settings
from dsview.ui.app import DsviewApp

seen = []

async def main():
    app = DsviewApp(
        lambda: open_session(Settings(kubeconfig=sys.argv[1])),
        source_name="loopback",
        on_first_frame=lambda: seen.append(sorted(m for m in sys.modules if m.startswith(("kubernetes", "urllib3")))),
    )
    async with app.run_test(size=(120, 40)) as pilot:
        while not seen:
            await pilot.pause()

asyncio.run(main())
print(seen[0])
"""


def test_the_first_frame_of_a_cluster_is_there_before_its_client(tmp_path: Path) -> None:
    config = {
        "current-context": "loopback",
        "contexts": [{"name": "loopback", "context": {"cluster": "loopback", "user": ""}}],
        "clusters": [{"name": "loopback", "cluster": {"server": "http://127.0.0.1:9"}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    result = subprocess.run(
        [sys.executable, "-c", FIRST_FRAME, str(tmp_path / "kubeconfig")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "[]\n"), result.stderr


SCREEN_ALONE = """
import sys
import dsview.ui.app, dsview.ui.screens.main
later = ("dsview.checks", "dsview.kinds.pod", "dsview.tables.registry")
print([name for name in sys.modules if name.startswith(later)])
"""


def test_the_main_screen_knows_its_panes_without_the_code_of_their_rows() -> None:
    result = subprocess.run(
        [sys.executable, "-c", SCREEN_ALONE], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout == "[]\n"
