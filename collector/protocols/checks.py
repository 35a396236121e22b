"""Checks that end the frames of serial protocols."""


def _shifted(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


_CRC16 = tuple(map(_shifted, range(256)))


def sum8(data: bytes) -> int:
    """The sum of the bytes, modulo 256."""
    return sum(data) & 0xFF


def minus_sum16(data: bytes) -> int:
    """What makes the sum of the bytes a multiple of 65536."""
    return -sum(data) & 0xFFFF


def crc16(data: bytes) -> int:
    """CRC-16 of Modbus RTU (polynomial 0xA001 reflected, start 0xFFFF); its low byte goes first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC16[(crc ^ byte) & 0xFF]
    return crc


def with_crc16(data: bytes) -> bytes:
    """The frame with its check at the end."""
    return data + crc16(data).to_bytes(2, "little")
