"""Errors that reach people."""


class UserError(Exception):
    """What a user can do something about: the text is a sentence that says what to do.

    `exit_code` is the code that a command ends with, as the README lists them.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
