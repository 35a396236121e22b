"""Numbers read one after the other, most significant byte first."""


class TooShort(ValueError):
    """There are fewer bytes than the protocol says."""


class Fields:
    """Takes numbers off the front of `data`."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        """Bytes not taken yet."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if self.left < count:
            raise TooShort
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, width: int, *, signed: bool = False) -> int:
        return int.from_bytes(self.take(width), "big", signed=signed)

    def u8(self) -> int:
        return self.number(1)

    def u16(self) -> int:
        return self.number(2)

    def s16(self) -> int:
        return self.number(2, signed=True)

    def counted(self, width: int = 1) -> list[int]:
        """A count, and so many numbers."""
        return [self.number(width) for _ in range(self.u8())]
