"""Numbers in the bytes of a frame, most significant byte first."""


def u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def s16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big", signed=True)


def u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def words(data: bytes) -> tuple[int, ...]:
    """Unsigned 16-bit numbers; half of one at the end does not count."""
    return tuple(u16(data, at) for at in range(0, len(data) - 1, 2))


def bits(number: int, count: int) -> tuple[int, ...]:
    """The lowest bits, bit 0 first."""
    return tuple(number >> bit & 1 for bit in range(count))
