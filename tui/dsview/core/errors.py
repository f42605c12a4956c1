"""Errors for users."""


class UserError(Exception):
    """An error that a user can correct. The text is a sentence that says what to do.

    `exit_code` is the exit code of the command, as listed in the README.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
