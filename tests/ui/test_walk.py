"""A walk through the installed command on a real terminal: tmux draws what dsview writes, and returns the screen."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.apiserver import ApiServer
from tests.support.clusters import DATA

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

DSVIEW = str(Path(sys.executable).with_name("dsview"))
DEADLINE = 40.0
FIX = "kubectl -n shop rollout restart deployment/web"


class Tmux:
    """A terminal in a tmux server of its own."""

    def __init__(self, folder: Path, *command: str, size: tuple[int, int] = (120, 40), **env: str) -> None:
        # A path in the test's own folder would be too long for a socket.
        self._sockets = tempfile.mkdtemp(prefix="dsview-")
        self._env = {
            # COLUMNS and LINES are those of the terminal in which the tests run.
            **{name: value for name, value in os.environ.items() if not name.startswith(("TMUX", "COLUMNS", "LINES"))},
            "TMUX_TMPDIR": self._sockets,
            "LANG": "C.UTF-8",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder / "state"),
            **env,
        }
        columns, lines = map(str, size)
        self.run("new-session", "-d", "-x", columns, "-y", lines, "cat")
        # Text that is copied through the terminal arrives in tmux's own buffer.
        for option in ("set-clipboard on", "status off"):
            self.run("set-option", "-g", *option.split())
        self.resize(*size)
        # The shell reports how it ended; tmux itself may miss the end of a process.
        self.run("respawn-pane", "-k", f"{shlex.join(command)}; echo left with $?; exec cat")

    def run(self, *words: str) -> str:
        """The output of a tmux command."""
        done = subprocess.run(
            ["tmux", "-f", os.devnull, *words], env=self._env, capture_output=True, text=True, check=False
        )
        return done.stdout

    @property
    def text(self) -> str:
        """The text of the screen."""
        return self.run("capture-pane", "-p")

    @property
    def copied(self) -> str:
        """The text that was copied last."""
        return self.run("show-buffer")

    def resize(self, width: int, height: int) -> None:
        """Change the size of the terminal."""
        self.run("resize-window", "-x", str(width), "-y", str(height))

    def keys(self, *keys: str) -> None:
        """Press keys by their names in tmux."""
        self.run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type text, or send mouse sequences."""
        self.run("send-keys", "-l", text)

    def click(self, column: int, line: int) -> None:
        """Click a cell, counted from 0."""
        for end in "Mm":
            self.type(f"\x1b[<0;{column + 1};{line + 1}{end}")

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until a condition is true."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, f"waited in vain until {what}; the screen says:\n{self.text}"
            time.sleep(0.05)

    def sees(self, *words: str) -> str:
        """Wait until all of it is on the screen, even if it is wrapped. Returns the screen."""
        self.until(lambda: all(word in " ".join(self.text.split()) for word in words), f"it shows {words}")
        return self.text

    def close(self) -> None:
        """End everything."""
        self.run("kill-server")
        shutil.rmtree(self._sockets, ignore_errors=True)


@pytest.fixture
def clusters(tmp_path: Path) -> Iterator[Path]:
    """A kubeconfig of three clusters: old pods without IPv6, a healthy one, and one that never responds."""
    with ApiServer() as old, ApiServer() as healthy, socket.create_server(("127.0.0.1", 0)) as mute:
        for server, scenario in ((old, "03-old-pods"), (healthy, "01-healthy-kind-dual")):
            server.load(json.loads((DATA / "scenarios" / scenario / "objects.json").read_text())["items"])
        urls = {"old-pods": old.url, "healthy": healthy.url, "mute": f"http://127.0.0.1:{mute.getsockname()[1]}"}
        path = tmp_path / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "old-pods",
                    "contexts": [{"name": name, "context": {"cluster": name, "user": "tester"}} for name in urls],
                    "clusters": [{"name": name, "cluster": {"server": url}} for name, url in urls.items()],
                    "users": [{"name": "tester", "user": {"token": "secret-token"}}],
                }
            )
        )
        yield path


@pytest.fixture
def open_tmux(tmp_path: Path) -> Iterator[Callable[..., Tmux]]:
    opened: list[Tmux] = []

    def start(*command: str, **options: object) -> Tmux:
        opened.append(Tmux(tmp_path, *command, **options))  # type: ignore[arg-type]  # passed on as they are
        return opened[-1]

    yield start
    for one in opened:
        one.close()


OpenTmux = Callable[..., Tmux]


@pytest.mark.parametrize(("size", "term"), [((120, 40), "tmux-256color"), ((80, 24), "screen")])
def test_from_the_overview_to_the_fix_and_on_to_another_cluster(
    clusters: Path, open_tmux: OpenTmux, size: tuple[int, int], term: str
) -> None:
    tmux = open_tmux("env", f"TERM={term}", DSVIEW, "--kubeconfig", str(clusters), size=size)
    tmux.sees("Dual-stack, IPv4 first. 1 of 1 Service does not work over IPv6: shop/web. 2 have IPv4 only.", "old-pods")

    tmux.keys("1")
    tmux.keys("/")
    tmux.type("missing:v6")
    tmux.sees("1 of 3", "Enter keep filter")
    tmux.keys("Enter")
    screen = tmux.sees("/missing:v6", "w findings")
    assert "0/3 ■" in screen
    assert "kube-dns" not in screen

    tmux.keys("Enter")
    tmux.sees("Service shop/web", "No ready endpoint in one family", "why", "fix")

    tmux.keys("t")
    tmux.sees("IPv6 breaks at Pods: 3 of 3 pods have no IPv6", "breaks here", f"fix {FIX}")

    tmux.keys("y")
    tmux.until(lambda: tmux.copied == FIX, "the fix is copied")

    tmux.keys("Escape")
    tmux.sees("Services ► Service shop/web")
    tmux.keys("T")
    tmux.sees("Timeline", "Nothing has changed since everything was read.")

    tmux.keys("x")
    tmux.sees("Contexts (3)", "old-pods", "healthy", "mute")
    tmux.type("heal")
    tmux.keys("Enter")
    screen = tmux.sees("healthy", "is flagged as failing", "dsview sends no packets to test it.")
    assert "missing:v6" not in screen, "another cluster is shown as it is, not through the filter of the one before"

    tmux.keys("q")
    tmux.sees("left with 0")


def test_a_cluster_that_does_not_answer_holds_up_nothing(clusters: Path, open_tmux: OpenTmux) -> None:
    tmux = open_tmux(DSVIEW, "--kubeconfig", str(clusters), size=(100, 30))
    tmux.sees("1 of 1 Service does not work over IPv6: shop/web.")
    tmux.keys("x")
    tmux.sees("Contexts (3)")
    tmux.type("mute")
    tmux.keys("Enter")
    tmux.until(lambda: "dsview mute" in " ".join(tmux.text.split()), "it says which cluster it tries")
    tmux.keys("?")
    tmux.sees("What you see")
    tmux.keys("Escape")
    # Escape and a key at once would be that key with Alt.
    tmux.sees("! flagged")
    tmux.keys("x")
    tmux.sees("Contexts (3)")
    tmux.type("old")
    tmux.keys("Enter")
    tmux.sees("old-pods", "1 of 1 Service does not work over IPv6: shop/web.")
    tmux.keys("q")
    tmux.sees("left with 0")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("/missing:v6", "/ missing:v6 1 of 3"),
        ("nsho", "│ sho"),
        ("Y/pod-template", "/ pod-template"),
    ],
)
def test_what_is_typed_at_once_behind_a_key_is_not_lost_and_no_command(
    open_tmux: OpenTmux, typed: str, shown: str
) -> None:
    tmux = open_tmux(DSVIEW, "--from", str(DATA / "scenarios" / "03-old-pods"), size=(100, 30))
    tmux.sees("IPv6 Pods", "EPS-001")
    tmux.type(typed)
    tmux.sees(shown)


def test_the_mouse_leads_from_the_overview_to_the_trace(open_tmux: OpenTmux) -> None:
    source = DATA / "scenarios" / "03-old-pods"
    tmux = open_tmux(DSVIEW, "--from", str(source), size=(80, 24))
    lines = tmux.sees("IPv6 Pods", "web", "EPS-001").splitlines()
    at = next(number for number, line in enumerate(lines) if " web " in line)
    tmux.click(lines[at].index("web"), at)
    tmux.click(lines[at].index("web"), at)
    lines = tmux.sees("Service shop/web", "t trace").splitlines()
    tmux.click(lines[-1].index("t trace"), len(lines) - 1)
    lines = tmux.sees("breaks here").splitlines()
    tmux.click(lines[-1].index("Esc"), len(lines) - 1)
    tmux.sees("Services ► Service shop/web")


def test_any_size_while_lists_load_ends_with_a_whole_picture(open_tmux: OpenTmux) -> None:
    tmux = open_tmux(DSVIEW, "--demo", "troubled", size=(200, 60))
    for size in ((60, 20), (80, 24), (30, 8), (120, 40), (80, 24)):
        tmux.resize(*size)
        tmux.until(lambda: "dsview" in tmux.text, "it is drawn")
    lines = tmux.sees("IPv6 Pods", "q quit").splitlines()
    assert len(lines) == 24
    assert lines[-1].strip().endswith("q quit")
    assert all(line.endswith("╮") for line in lines if line.startswith("╭"))
    assert all(line.endswith("╯") for line in lines if line.startswith("╰"))
    assert all(len(line) == 80 for line in lines if line.startswith("╭"))
