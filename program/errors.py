"""The one error an operator can mend: something given to Gatehouse was wrong, and nothing has changed."""


class Refused(ValueError):
    """What was asked cannot be done as it stands.

    The message says what was wrong, where, and what to do; a command line shows it as it is. A bug raises
    anything else.
    """
