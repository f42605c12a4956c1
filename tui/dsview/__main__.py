"""`python -m dsview`, and the console scripts: quiet from the first moment when Ctrl-C is pressed."""

from __future__ import annotations

import signal


def main() -> None:
    """Run dsview. While its modules are imported Ctrl-C ends the process as the system does, without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from dsview.cli import main as run  # noqa: PLC0415  (imported behind the line above)

    run()


if __name__ == "__main__":
    main()
