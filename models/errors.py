"""The three kinds of error, translated to an answer in one place (``bot/dispatch.py``).

``UserError``    the user's: says in Chinese what to type instead; everything stays as it was.
``Unavailable``  the world's: the database or the platform is away; worth trying again.
anything else    ours: the user gets a reference number, the stack stands in the log alone.
"""


class UserError(Exception):
    """A rule was not kept. ``key`` names the sentence in ``config/texts``, ``params`` fill it."""

    def __init__(self, key: str, /, **params: object) -> None:
        super().__init__(key)
        self.key = key
        self.params = params


class UnkeptError(UserError):
    """A ``UserError`` after which nothing may be kept of the message: no answer, no audit row."""


class Unavailable(Exception):  # noqa: N818  (a state of the world, not somebody's mistake)
    """Something outside is away; the same attempt may succeed later."""
