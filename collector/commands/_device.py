"""A device as the command line names it, and one that is asked while it is listened to."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..config import Device
from ..devices import Listener
from ..drivers import base as drivers
from ..links.spec import KINDS, LinkConfigError, LinkSpec, from_text
from ..words import say
from .base import UsageError

NAME = "probe"
"""Of a battery whose serial number is not known yet."""


def given_link(text: str) -> LinkSpec:
    """A link as written on the command line; raises UsageError."""
    try:
        return from_text(text)
    except LinkConfigError as error:
        raise UsageError(str(error)) from error


def given_device(
    code: str, link: str | None, options: Mapping[str, str], asset: str | None
) -> Device:
    """A device as written on the command line; raises UsageError or OptionError."""
    driver = drivers.load(code)
    driver.decoder(asset or NAME, options)
    if not link:
        raise UsageError(say("probe.needs_link"))
    spec = given_link(link)
    if KINDS[spec.kind].serves != driver.link:
        raise UsageError(say("probe.other_link", driver=driver.code, link=driver.link))
    return Device(asset or NAME, driver, options, spec, 1.0)


@contextmanager
def asking(listener: Listener, stop: threading.Event) -> Iterator[Listener]:
    """Ask as often as its device wants, in a thread of its own, until `stop` is set."""

    def ask() -> None:
        while not stop.wait(listener.device.interval):
            listener.ask()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield listener
    finally:
        stop.set()
        thread.join()
