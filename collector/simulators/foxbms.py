"""A foxBMS on a CAN bus, or behind an SLCAN adapter on a pseudo-terminal.

Options: `generation` as for the driver, `speed`.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..drivers.base import CanFrame
from ..drivers.foxbms import LAYOUTS
from ._can_serving import TRANSPORTS
from ._can_serving import serve as serve_can
from ._foxbms_frames import frames
from .base import Simulator, choice, speed
from .pack import Pack

BIT_RATE = 500_000


@dataclass(frozen=True, slots=True)
class _Talker:
    pack: Pack
    generation: str
    pace: float

    def beat(self, number: int, passed_s: float) -> Iterable[CanFrame]:
        self.pack.step(passed_s * self.pace)
        return frames(self.pack, self.generation, number)

    def answer(self, frame: CanFrame) -> Iterable[CanFrame]:
        return ()


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`. A CAN bus is announced as `INTERFACE:CHANNEL`."""
    generation = choice(options, "generation", LAYOUTS, "1.11")
    serve_can(_Talker(pack, generation, speed(options)), where, BIT_RATE, stop, ready)


SIMULATOR = Simulator(
    "foxbms",
    (
        "foxBMS sur CAN ou derrière un adaptateur SLCAN",
        "foxBMS on CAN or behind an SLCAN adapter",
    ),
    TRANSPORTS,
    serve,
)
