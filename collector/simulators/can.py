"""A battery that speaks any CAN profile, so that one can be tried before the battery is at hand.

Options: `profile` and `address` as for the driver, `speed`.
"""

import threading
from collections.abc import Callable, Mapping

from ..drivers.base import OptionError
from ..signals.profile import ProfileError, load
from ..words import either
from ._can_serving import TRANSPORTS
from ._can_serving import serve as serve_can
from ._can_talker import Talker
from .base import Simulator, number, speed
from .pack import Pack

BIT_RATE = 250_000


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`."""
    try:
        profile = load(options.get("profile", "generic"))
    except ProfileError as error:
        raise OptionError(either(f"profile : {error}", f"profile: {error}")) from None
    known = profile.addresses
    address = round(number(options, "address", known[0], known[0], known[-1]))
    talker = Talker(pack, profile, address, speed(options))
    serve_can(talker, where, BIT_RATE, stop, ready)


SIMULATOR = Simulator(
    "can",
    (
        "Batterie de n'importe quel profil CAN, à 250 kbit/s",
        "Battery of any CAN profile, at 250 kbit/s",
    ),
    TRANSPORTS,
    serve,
)
