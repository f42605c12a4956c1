"""Errors for users."""

from pathlib import Path


class UserError(Exception):
    """An error that a user can correct. The text is a sentence that says what to do.

    `exit_code` is the exit code of the command, as listed in the README.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def write_failure(path: Path, error: OSError) -> str:
    """Why a file could not be written, as a clause: if something is missing, it is the folder, not the file."""
    if isinstance(error, FileNotFoundError):
        return f"the folder {path.parent} does not exist"
    return error.strerror or str(error)
