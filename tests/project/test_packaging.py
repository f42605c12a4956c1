"""What is installed is complete: the wheel opens the dashboard, and imports modules only when needed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from dsview.sources.demo.scenarios import SCENARIOS

ROOT = Path(__file__).parent.parent.parent

OPEN = """
import asyncio, dsview
from dsview.cli.sessions import open_session
from dsview.cli.options import Settings
from dsview.ui.app import DsviewApp

async def main():
    app = DsviewApp(lambda: open_session(Settings(demo="troubled")), source_name="demo")
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(400):
            await pilot.pause(0.01)
            if app.workspace is not None and len(app.workspace.views["services"]):
                break
        print(dsview.__file__)
        print(len(app.workspace.views["services"]), "services", app.screen.styles.layout is not None)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution as an index would."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the wheel and its dependencies, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "env", with_pip=True, system_site_packages=False)
    python = folder / "env" / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", str(wheel)], check=True, capture_output=True)
    return python


def _files(folder: Path) -> set[str]:
    """Every file below a folder, without the caches of tools."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {p.as_posix() for p in found if not any(part.startswith((".", "__pycache__")) for part in p.parts)}


def test_the_wheel_holds_every_file_of_the_package_and_the_styles(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name.removeprefix("dsview/") for name in archive.namelist() if name.startswith("dsview/")}
    styles = {f"styles/{name}" for name in _files(ROOT / "styles")}
    assert held == _files(ROOT / "tui" / "dsview") | styles
    assert {"py.typed", "export/schema.json", "styles/app.tcss"} <= held


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_wheel_knows_every_demo(installed: Path, tmp_path: Path, scenario: str) -> None:
    result = subprocess.run(
        [str(installed.parent / "dsview"), "check", "--demo", scenario, "--fail-on", "never"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{scenario}, ")


def test_the_wheel_opens_the_dashboard_on_the_demo(installed: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [str(installed), "-I", "-c", OPEN], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
    where, services = result.stdout.splitlines()
    assert "site-packages" in where
    assert int(services.split()[0]) > 3


def test_the_wheel_brings_both_commands(installed: Path) -> None:
    for name in ("dsview", "kubectl-dsview"):
        command = installed.parent / name
        result = subprocess.run([str(command), "--version"], capture_output=True, text=True, check=True)
        assert result.stdout.split()[-1].count(".") == 2


def _imported_by(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint('\\n'.join(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_version_imports_neither_the_client_nor_the_screen() -> None:
    code = "import dsview.cli\ntry: dsview.cli.cli.main(['--version'], standalone_mode=False)\nexcept SystemExit: pass"
    assert not _imported_by(code) & {"kubernetes", "textual", "crossplane", "netaddr", "rich"}


def test_the_screen_is_there_before_the_client_is_imported() -> None:
    assert "kubernetes" not in _imported_by("import dsview.ui.app, dsview.sources.kube, dsview.cli.screen")


@pytest.mark.parametrize(("name", "extras"), [("requirements.txt", ()), ("requirements-dev.txt", ("dev",))])
def test_a_lock_file_pins_every_dependency_with_hashes_and_names_no_index(name: str, extras: tuple[str, ...]) -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*wanted["dependencies"], *(text for extra in extras for text in wanted["optional-dependencies"][extra])]
    names = {re.split(r"[<>=\[;! ]", text)[0].lower().replace("_", "-") for text in named}
    text = (ROOT / name).read_text()
    pinned = re.findall(r"^([a-z0-9.-]+)(?:\[\w+\])?==[\w.]+(?: ; .*)? \\\n    --hash=sha256:", text, re.MULTILINE)
    assert names <= set(pinned)
    assert len(pinned) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)), "each has a hash"
    assert "://" not in text
