"""What a hostile API server costs dsview with real timeouts: `PYTHONPATH=tui python -m tests.bench.hostile`.

Each attack is mounted on all of its requests at once, against dsview in a separate process. The table shows by how much
memory grows, the share of a core used in the second half of the attack, the messages shown meanwhile, and after how
many seconds everything is live and equal to a fresh list again.
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

RECOVERY_TIMEOUT = 60.0


def main() -> None:
    """Run the attacks whose names contain `--only`, or serve as the child process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each attack lasts")
    parser.add_argument("--only", default="", help="run only attacks whose names contain this")
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
    with ApiServer() as other_server, cluster() as api, tempfile.TemporaryDirectory() as folder:
        hostile = Hostile(api, other_server.url)
        hostile.start(attack)
        with _Process(api.write_kubeconfig(Path(folder) / "kubeconfig"), attack) as process:
            time.sleep(seconds / 2)
            before = process.request_status()
            time.sleep(seconds / 2)
            after = process.request_status()
            hostile.stop()
            stopped = time.monotonic()
            while not _has_recovered(process.request_status(), api) and time.monotonic() - stopped < RECOVERY_TIMEOUT:
                time.sleep(0.1)
            seconds_to_recover = time.monotonic() - stopped
            growth = process.request_status()["growth"]
        if other_server.log:
            raise SystemExit(f"{attack.name}: dsview followed the redirect to the other server")
    share = (after["cpu"] - before["cpu"]) / (after["at"] - before["at"])
    messages = "; ".join(dict.fromkeys(text for text in after["messages"].values() if text))
    return f"| {attack.name} | {growth:.0f} | {share:.2f} | {messages} | {seconds_to_recover:.1f} |"


def _has_recovered(status: dict[str, Any], api: ApiServer) -> bool:
    from dsview.kinds.registry import RESOURCES

    expected = {
        kind.value: {f"{n}/{name}": o["metadata"]["resourceVersion"] for (n, name), o in api.objects[plural].items()}
        for kind in FOLLOWED
        for plural in (RESOURCES[kind].plural,)
    }
    return not status["statuses"] and not any(status["messages"].values()) and bool(status["versions"] == expected)


class _Process:
    """A dsview process without a screen, whose session is drained as the UI would do it."""

    def __init__(self, kubeconfig: Path, attack: Attack) -> None:
        command = [sys.executable, "-m", "tests.bench.hostile", "--child", f"{kubeconfig}:{','.join(attack.requests)}"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def request_status(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


class _Child:
    """The child process of `_Process`."""

    def __init__(self, argument: str) -> None:
        from dsview.session.session import Session
        from dsview.sources.kube import KubeSource
        from tests.support.under_attack import Memory

        kubeconfig, _, requests = argument.partition(":")
        self._requests = requests.split(",")
        self._messages: dict[str, str] = {}
        self._status_requested = threading.Semaphore(0)
        self._memory = Memory()
        self._driven = Driven(Session(KubeSource(kubeconfig=kubeconfig)))

    def serve(self) -> None:
        """Write the status for each line of standard input."""
        threading.Thread(target=self._poll_yaml, daemon=True).start()
        threading.Thread(target=self._read, daemon=True).start()
        with self._memory.measured():
            while True:
                self._driven.session.drain()
                if self._status_requested.acquire(timeout=0.1):
                    sys.stdout.write(f"{json.dumps(self._status())}\n")
                    sys.stdout.flush()

    def _read(self) -> None:
        for _ in sys.stdin:
            self._status_requested.release()

    def _poll_yaml(self) -> None:
        """Read a manifest every second in a thread, as the YAML view does."""
        from tests.support.under_attack import reported_message

        while "yaml" in self._requests:
            with contextlib.suppress(StopIteration, RuntimeError):
                self._messages["yaml"] = reported_message(self._driven, "yaml")
            time.sleep(1.0)

    def _status(self) -> dict[str, Any]:
        from dsview.kinds.registry import RESOURCES
        from tests.support.under_attack import reported_message

        self._messages |= {
            request: reported_message(self._driven, request) for request in self._requests if request != "yaml"
        }
        state = self._driven.session.state
        return {
            "at": time.monotonic(),
            "cpu": time.process_time(),
            "growth": self._memory.growth,
            "messages": self._messages,
            "statuses": self._driven.statuses(),
            "versions": {
                kind.value: {f"{item.namespace or ''}/{item.name}": item.resource_version for item in state.store(kind)}
                for kind in FOLLOWED
                if kind in RESOURCES
            },
        }


if __name__ == "__main__":
    main()
