"""What can go wrong between a collector and a device, in words for the technician at the site."""

from ..words import Text, either


class LinkError(Exception):
    """A link could not do what it was asked to.

    As a text it is English, like the log; `told` is the same for a terminal.
    """

    def __init__(self, french: str, english: str) -> None:
        super().__init__(english)
        self.french = french

    @property
    def told(self) -> str:
        return either(self.french, str(self))


class LinkDown(LinkError):
    """There is no connection: the port, host or interface cannot be used at the moment."""


class LinkTimeout(LinkError):
    """The connection stands, but no answer came in time."""


class BadAnswer(LinkError):
    """Something answered, but not what was asked for. `reason` is a short stable code."""

    def __init__(self, reason: str, french: str, english: str) -> None:
        super().__init__(french, english)
        self.reason = reason


def unusable(name: str, error: Exception) -> LinkDown:
    """It could not be opened."""
    return LinkDown(f"{name} ne s'ouvre pas : {error}", f"{name} cannot be opened: {error}")


def unreachable(name: str, error: Exception) -> LinkDown:
    """Nothing answers at this address."""
    return LinkDown(f"{name} est injoignable : {error}", f"{name} cannot be reached: {error}")


def broken(name: str, error: Exception) -> LinkDown:
    """It was open, and is not any more."""
    return LinkDown(f"{name} s'est coupé : {error}", f"{name} broke: {error}")


def listening_only() -> LinkDown:
    return LinkDown(
        "un bus CAN est seulement écouté, à moins que acknowledge = true",
        "a CAN bus is only listened to, unless acknowledge = true",
    )


def told_in_both(error: Exception) -> Text:
    """What is wrong, in French and in English; a fault of our own has one text."""
    return (error.french if isinstance(error, LinkError) else str(error)), str(error)
