"""The command line. Wiring only: what a command needs is imported when it runs, so that `--version` is instant."""

from __future__ import annotations

import os
import sys

import click

from dsview.cli.commands import cli
from dsview.cli.exits import EXIT_USAGE

__all__ = ["cli", "main"]


def main() -> None:
    """The console scripts `dsview` and `kubectl-dsview`. Never shows a traceback."""
    name = "kubectl dsview" if os.path.basename(sys.argv[0]).startswith("kubectl-") else "dsview"  # noqa: PTH119
    try:
        code = cli.main(prog_name=name, standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except BrokenPipeError:
        # The reader has gone, as `head` does. Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001  (the last resort: a sentence in place of a traceback)
        from dsview.cli.logs import log_failure  # noqa: PLC0415
        from dsview.model.text import safe  # noqa: PLC0415

        log_failure(error)
        click.echo(
            f"dsview: something went wrong inside dsview ({type(error).__name__}: {safe(str(error))[:300]}). "
            "Run it again with --log-file FILE and report it with that file.",
            err=True,
        )
        sys.exit(70)
    sys.exit(code if isinstance(code, int) else 0)
