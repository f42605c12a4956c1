"""`python -m dsview`, and the console scripts: quiet from the first moment when Ctrl-C is pressed."""

from __future__ import annotations

import gc
import signal


def main() -> None:
    """Run dsview. While its modules are imported Ctrl-C ends the process as the system does, without a traceback."""
    # What is imported is no garbage: collecting meanwhile takes a tenth of the start. A session collects when it has
    # read everything; a command that opens none is over soon.
    gc.disable()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from dsview.cli import main as run  # noqa: PLC0415  (imported behind the line above)

    run()


if __name__ == "__main__":
    main()
