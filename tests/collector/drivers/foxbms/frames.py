"""Frames for tests: recordings, single frames, and the traffic of a simulated pack."""

from collector.decoding import decode, tidied
from collector.drivers.base import CanFrame
from collector.drivers.foxbms import DRIVER
from collector.formats.base import load
from collector.simulators._foxbms_frames import frames
from collector.simulators.pack import Pack, PackSpec
from collector.wire.reading import Reading
from tests.requirement import shared


def frame(number: int, data: str, ts: int = 0, **kind: bool) -> CanFrame:
    return CanFrame(number, bytes.fromhex(data), ts, **kind)


def run(items, **options):
    """The decoder's tally and all readings, the last ones included."""
    decoder = DRIVER.decoder("F-1", options)
    found = list(decode(decoder, items))
    found += tidied(decoder.finish())
    return decoder.tally, found


def live(items, **options) -> list[Reading]:
    """The readings while the bus goes on."""
    return list(decode(DRIVER.decoder("F-1", options), items))


def recording(name: str, **options):
    code = {"log": "candump", "trc": "trc"}[name.rsplit(".", 1)[1]]
    with shared("reference/data/foxbms", name).open("rb") as stream:
        return run(load(code).read(stream), **options)


def last(items, **options) -> Reading:
    return run(items, **options)[1][-1]


def traffic(
    beats: int, generation: str = "1.11", cells: int = 18, sensors: int = 8, start: int = 0
):
    """So many tenths of a second of a pack at work."""
    pack = Pack(PackSpec(cells=cells, temperatures=sensors))
    for beat in range(beats):
        pack.step(0.1)
        yield from frames(pack, generation, beat, start + 100 * beat)
