"""A pack that speaks any CAN profile: the profile read backwards."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..drivers.base import CanFrame
from ..signals.profile import Profile
from .modbus import reading_of
from .pack import Pack

BEATS_PER_ROUND = 10


@dataclass(frozen=True, slots=True)
class Talker:
    """Says everything once a second; with a profile that must be asked, only the answer.

    address  of the pack, as for the driver
    """

    pack: Pack
    profile: Profile
    address: int
    pace: float

    def beat(self, number: int, passed_s: float) -> Iterable[CanFrame]:
        self.pack.step(passed_s * self.pace)
        if self.profile.questions or number % BEATS_PER_ROUND:
            return ()
        return self.frames()

    def answer(self, frame: CanFrame) -> Iterable[CanFrame]:
        """Daly's way: the answer to 18 CMD BMS 40 comes from 18 CMD 40 BMS."""
        asked = {question.frame(self.address).id for question in self.profile.questions}
        if frame.id not in asked or not frame.extended:
            return ()
        command = frame.id >> 16
        return [answer for answer in self.frames() if answer.id >> 16 == command]

    def frames(self, ts: int = 0) -> Iterator[CanFrame]:
        """Everything there is to say of the pack as it is."""
        shift = self.address * self.profile.step
        for identifier, extended, data in self.profile.map.encode(reading_of(self.pack), shift):
            yield CanFrame(identifier, data, ts, extended)
