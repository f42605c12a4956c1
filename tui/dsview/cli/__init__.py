"""The command line. Wiring only: what a command needs is imported when it runs, so that `--version` is instant."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping

import click

from dsview.cli import diff as _diff  # noqa: F401  (adds its command to `cli`)
from dsview.cli import fleet as _fleet  # noqa: F401  (as `diff`)
from dsview.cli import probe as _probe  # noqa: F401  (as `diff`)
from dsview.cli import record as _record  # noqa: F401  (adds its command to `cli`)
from dsview.cli.commands import cli
from dsview.cli.exit_codes import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_USAGE
from dsview.cli.output import complain, prepare_streams, say
from dsview.core.text import safe

__all__ = ["cli", "main"]


LAST_WAIT = 0.3
"""Seconds that the threads of a source have to end before the process does."""


def main() -> None:
    """The console scripts `dsview` and `kubectl-dsview`. Never shows a traceback."""
    try:
        _run()
    finally:
        _let_threads_end()


def _let_threads_end() -> None:
    """Wait a moment for the threads of a source, which was stopped.

    C libraries that still decode or hold a TLS connection in a thread while Python frees what they use can crash the
    process at its very end.
    """
    ends = time.monotonic() + LAST_WAIT
    for thread in threading.enumerate():
        if thread.name.startswith("dsview-"):
            thread.join(max(0.0, ends - time.monotonic()))


def program_name(command: str, environment: Mapping[str, str]) -> str:
    """What dsview calls itself: as a plug-in, by the name of the kubectl that started it, which may be another's.

    kubectl says in KUBECTL_PATH which one it is (kubernetes/kubernetes#138694); older ones do not.
    """
    if not os.path.basename(command).startswith("kubectl-"):  # noqa: PTH119  (pathlib takes longer than `--version` may)
        return "dsview"
    kubectl = os.path.basename(environment.get("KUBECTL_PATH", ""))  # noqa: PTH119
    return f"{safe(kubectl) or 'kubectl'} dsview"


def _run() -> None:
    name = program_name(sys.argv[0], os.environ)
    prepare_streams()
    try:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            # As `__main__` left it: from here on an interruption has its exit code, and the terminal is restored.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = cli.main(prog_name=name, standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        complain(error.show)
        sys.exit(EXIT_USAGE)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001  (the last resort: a sentence in place of a traceback)
        from dsview.cli.crash import crash_sentence  # noqa: PLC0415  (seldom needed)

        say(crash_sentence(error))
        sys.exit(EXIT_FAULT)
    sys.exit(code if isinstance(code, int) else 0)
