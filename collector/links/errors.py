"""What can go wrong between a collector and a device, in words for the technician at the site."""


class LinkError(Exception):
    """A link could not do what it was asked to."""


class LinkDown(LinkError):
    """There is no connection: the port, host or interface cannot be used at the moment."""


class LinkTimeout(LinkError):
    """The connection stands, but no answer came in time."""


class BadAnswer(LinkError):
    """Something answered, but not what was asked for. `reason` is a short stable code."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
