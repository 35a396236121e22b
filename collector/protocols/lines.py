"""Lines out of bytes cut anywhere; no I/O."""

from collections.abc import Iterator


class Lines:
    """Gathers bytes until a newline. What outgrows `longest` is thrown away up to the next one.

    The memory it takes is bounded, whatever the line carries.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._rest = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """Each line completed by `data`, without its newline; None for one that was too long."""
        *ended, rest = data.split(b"\n")
        for piece in ended:
            overgrown = self._add(piece)
            line, was_skipping = bytes(self._rest), self._skipping
            self._rest.clear()
            self._skipping = False
            if overgrown:
                yield None
            elif not was_skipping:
                yield line
        if self._add(rest):
            yield None

    def rest(self) -> bytes:
        """Take what has come since the last newline: the end of a recording."""
        rest = bytes(self._rest)
        self._rest.clear()
        self._skipping = False
        return rest

    def _add(self, piece: bytes) -> bool:
        """Append; whether the line has just outgrown the bound."""
        if self._skipping:
            return False
        self._rest += piece
        if len(self._rest) <= self._longest:
            return False
        self._rest.clear()
        self._skipping = True
        return True
