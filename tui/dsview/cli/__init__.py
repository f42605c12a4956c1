"""The command line. Wiring only: what a command needs is imported when it runs, so that `--version` is instant."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping

import click

from dsview.cli import check as _check  # noqa: F401  (adds its command to `cli`)
from dsview.cli import commands as _commands  # noqa: F401  (adds its commands to `cli`)
from dsview.cli import diff as _diff  # noqa: F401  (adds its command to `cli`)
from dsview.cli import fleet as _fleet  # noqa: F401  (adds its command to `cli`)
from dsview.cli import probe as _probe  # noqa: F401  (adds its command to `cli`)
from dsview.cli import record as _record  # noqa: F401  (adds its command to `cli`)
from dsview.cli.exit_codes import EXIT_INTERRUPTED
from dsview.cli.group import cli
from dsview.cli.output import complain, prepare_streams, say
from dsview.core.errors import EXIT_FAULT, EXIT_USAGE
from dsview.core.text import safe

__all__ = ["cli", "main"]


EXIT_TIMEOUT = 0.3
"""Seconds for which the process waits for the threads of a source before it exits."""


def main() -> None:
    """Run the console scripts `dsview` and `kubectl-dsview`. A traceback is never shown."""
    try:
        _run()
    finally:
        _wait_for_threads()


def _wait_for_threads() -> None:
    """Wait briefly for the threads of a stopped source.

    A thread that is still decoding, or using TLS, in a C library can crash the process when Python exits.
    """
    deadline = time.monotonic() + EXIT_TIMEOUT
    for thread in threading.enumerate():
        if thread.name.startswith("dsview-"):
            thread.join(max(0.0, deadline - time.monotonic()))


def program_name(command: str, environment: Mapping[str, str]) -> str:
    """The name of the program in messages. As a kubectl plug-in, it contains the name of the kubectl that started it.

    kubectl sets KUBECTL_PATH (kubernetes/kubernetes#138694); older versions do not.
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
            # From now on, an interrupt sets the exit code, and the terminal is restored. `__main__` does neither.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = cli.main(prog_name=name, standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        complain(error.show)
        sys.exit(EXIT_USAGE)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001  (the last resort: a message instead of a traceback)
        from dsview.cli.crash import crash_sentence  # noqa: PLC0415  (rarely needed)

        say(crash_sentence(error))
        sys.exit(EXIT_FAULT)
    sys.exit(code if isinstance(code, int) else 0)
