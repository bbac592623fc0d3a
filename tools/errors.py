"""The error that a user can mend: its message is one line that says what, where and how."""


class UserError(Exception):
    """Unusable arguments or input; the program prints the message and exits with status 2."""
