"""The asked contract: a connection that is put one question at a time, and which kind opens which.

It connects when it is first needed and again after it broke; several devices may share one.
"""

from typing import Protocol

from ..clock import Now
from ..drivers.base import Fetch, Input, RegisterRead
from .spec import LinkSpec


class Asked(Protocol):
    """A connection that answers."""

    def read(self, question: RegisterRead | Fetch) -> Input:
        """Ask and wait for the answer; raises LinkDown, LinkTimeout or BadAnswer."""

    def close(self) -> None: ...


def open_asked(link: LinkSpec, now: Now) -> Asked:
    """The connection of a link whose kind is `asked`; it says only when used what is wrong."""
    # not at the top: each loads a library that only its own devices need
    if link.kind == "http":
        from .http import HttpLink

        return HttpLink(link, now)
    from .modbus import ModbusLink

    return ModbusLink(link, now)
