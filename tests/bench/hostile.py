"""What a hostile API server costs with real times: `PYTHONPATH=tui python -m tests.bench.hostile`.

Each attack comes on all of its ways at once, against dsview in a process of its own. The table says how much memory it
takes above its start, its share of a core in the second half of the attack, what is said meanwhile, and after how many
seconds everything is live and equal to a fresh list again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.security.live import cluster
from tests.support.apiserver import ApiServer
from tests.support.attacks import ATTACKS, Attack, Hostile
from tests.support.driven import FOLLOWED, Driven

GIVEN_UP_AFTER = 60.0


def main() -> None:
    """Run the attacks whose names hold a word, or a child."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each attack lasts")
    parser.add_argument("--only", default="", help="attacks whose names hold this")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _Child(arguments.child).serve()
        return
    out = sys.stdout
    out.write("| attack | MB above start | share of a core | what is said | s to heal |\n|---|---|---|---|---|\n")
    for attack in ATTACKS:
        if arguments.only in attack.name:
            out.write(f"{_row(attack, arguments.seconds)}\n")
            out.flush()


def _row(attack: Attack, seconds: float) -> str:
    with ApiServer() as stranger, cluster() as api, tempfile.TemporaryDirectory() as folder:
        hostile = Hostile(api, stranger.url)
        hostile.begin(attack)
        with _Process(api.write_kubeconfig(Path(folder) / "kubeconfig"), attack) as process:
            time.sleep(seconds / 2)
            before = process.ask()
            time.sleep(seconds / 2)
            after = process.ask()
            hostile.heal()
            healed = time.monotonic()
            while not _is_well(process.ask(), api) and time.monotonic() - healed < GIVEN_UP_AFTER:
                time.sleep(0.1)
            took = time.monotonic() - healed
            grown = process.ask()["grown"]
        if stranger.log:
            raise SystemExit(f"{attack.name}: the stranger was asked for something")
    share = (after["cpu"] - before["cpu"]) / (after["at"] - before["at"])
    said = "; ".join(dict.fromkeys(text for text in after["said"].values() if text))
    return f"| {attack.name} | {grown:.0f} | {share:.2f} | {said} | {took:.1f} |"


def _is_well(told: dict[str, Any], api: ApiServer) -> bool:
    from dsview.kinds.registry import RESOURCES

    kept = {
        kind.value: {f"{n}/{name}": o["metadata"]["resourceVersion"] for (n, name), o in api.objects[plural].items()}
        for kind in FOLLOWED
        for plural in (RESOURCES[kind].plural,)
    }
    return not told["statuses"] and not any(told["said"].values()) and bool(told["versions"] == kept)


class _Process:
    """dsview without a screen, drained as a screen does; `ask` has it tell how it is."""

    def __init__(self, kubeconfig: Path, attack: Attack) -> None:
        command = [sys.executable, "-m", "tests.bench.hostile", "--child", f"{kubeconfig}:{','.join(attack.ways)}"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def ask(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


class _Child:
    """The other side of `_Process`."""

    def __init__(self, what: str) -> None:
        from dsview.session.session import Session
        from dsview.sources.kube import KubeSource
        from tests.support.under_attack import Memory

        kubeconfig, _, ways = what.partition(":")
        self._ways = ways.split(",")
        self._said: dict[str, str] = {}
        self._wanted = threading.Semaphore(0)
        self._memory = Memory()
        self._one = Driven(Session(KubeSource(kubeconfig=kubeconfig)))

    def serve(self) -> None:
        """Answer each line of standard input, until it ends."""
        threading.Thread(target=self._look_at_yaml, daemon=True).start()
        threading.Thread(target=self._read, daemon=True).start()
        with self._memory.watched():
            while True:
                self._one.session.drain()
                if self._wanted.acquire(timeout=0.1):
                    sys.stdout.write(f"{json.dumps(self._told())}\n")
                    sys.stdout.flush()

    def _read(self) -> None:
        for _ in sys.stdin:
            self._wanted.release()

    def _look_at_yaml(self) -> None:
        """The YAML view waits in a thread of its own."""
        from tests.support.under_attack import said

        while "yaml" in self._ways:
            with contextlib.suppress(StopIteration, RuntimeError):
                self._said["yaml"] = said(self._one, "yaml")
            time.sleep(1.0)

    def _told(self) -> dict[str, Any]:
        from dsview.kinds.registry import RESOURCES
        from tests.support.under_attack import said

        self._said |= {way: said(self._one, way) for way in self._ways if way != "yaml"}
        state = self._one.session.state
        return {
            "at": time.monotonic(),
            "cpu": time.process_time(),
            "grown": self._memory.grown,
            "said": self._said,
            "statuses": self._one.statuses(),
            "versions": {
                kind.value: {f"{item.namespace or ''}/{item.name}": item.resource_version for item in state.store(kind)}
                for kind in FOLLOWED
                if kind in RESOURCES
            },
        }


if __name__ == "__main__":
    main()
