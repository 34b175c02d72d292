"""What the studio refuses, with the status that HTTP has for it."""

from zoo.errors import ZooError


class StudioError(ZooError):
    """A request that cannot be answered; its one sentence is shown on the page."""

    status = 400


class RefusedError(StudioError):
    """Not from the studio's own page, or without the token."""

    status = 403


class NotHereError(StudioError):
    """Nothing of this user's stands there."""

    status = 404


class ChangedError(StudioError):
    """The file of a model is another than when it was opened."""

    status = 409


class TooLargeError(StudioError):
    """More bytes, characters or pixels than are taken."""

    status = 413


class WrongKindError(StudioError):
    """A file of a kind that is not read."""

    status = 415


class TooManyError(StudioError):
    """Too many requests, tries or jobs at once."""

    status = 429


class BusyError(StudioError):
    """The model answers others and did not become free in time."""

    status = 503


class CancelledError(Exception):
    """Raised inside a job that its user has ended."""
