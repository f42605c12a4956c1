"""Errors for users."""

from pathlib import Path

EXIT_USAGE = 2
EXIT_FAULT = 70
"""The exit codes after a mistake of the user and after an internal error; `cli.exit_codes` describes all of them."""


class UserError(Exception):
    """An error that a user can correct. The text is a sentence that says what to do.

    `exit_code` is the exit code of the command, as `cli.exit_codes` lists them.
    """

    def __init__(self, message: str, exit_code: int = EXIT_USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def write_failure(path: Path, error: OSError) -> str:
    """Why a file could not be written, as a clause: if something is missing, it is the folder, not the file."""
    if isinstance(error, FileNotFoundError):
        return f"the folder {path.parent} does not exist"
    return error.strerror or str(error)
