"""Binary frames out of bytes cut anywhere; no I/O.

A frame is found by how it begins and its own length, and believed when its check agrees. What is no
frame is passed over byte by byte: noise, echoes and answers run together cost only themselves.
"""

from collections.abc import Callable, Iterator

Size = Callable[[bytearray], int | None]
"""Length of the frame that these bytes begin with; 0: not known yet; None: no frame begins so."""
Sound = Callable[[bytes], bool]
"""Whether the check of a whole frame agrees."""


class Frames:
    """Holds at most one unfinished frame: `size` bounds the memory it takes.

    start  what every frame has, behind `lead` bytes that differ
    """

    def __init__(self, start: bytes, size: Size, sound: Sound, lead: int = 0) -> None:
        self._start, self._lead = start, lead
        self._size, self._sound = size, sound
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """Each frame completed by `data`; None for one whose check does not agree."""
        self._rest += data
        while self._seek():
            size = self._size(self._rest)
            if size is None:
                del self._rest[0]
            elif not size or len(self._rest) < size:
                return
            elif self._sound(frame := bytes(self._rest[:size])):
                del self._rest[:size]
                yield frame
            else:
                del self._rest[0]
                yield None

    def end(self) -> Iterator[bytes | None]:
        """Nothing more comes: frames behind what only looked like the beginning of one."""
        while self._rest:
            del self._rest[0]
            yield from self.feed(b"")

    def clear(self) -> None:
        """Forget what came so far: it belongs to nothing that is still wanted."""
        self._rest.clear()

    def _seek(self) -> bool:
        """Drop what comes before a beginning; False if there is none."""
        at = self._rest.find(self._start, self._lead)
        if at < 0:
            kept = self._lead + len(self._start) - 1
            del self._rest[: max(0, len(self._rest) - kept)]
            return False
        del self._rest[: at - self._lead]
        return True
