"""A pseudo-terminal that stands for the serial port a device is plugged into."""

import os
import select
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Terminal:
    """The device's end of the line; `path` is the port a collector opens.

    The port stays open on this side too, so that a collector may come and go. What nobody reads
    is dropped when the line's buffer is full, as on a wire.
    """

    def __init__(self, device: int, path: str) -> None:
        self._device = device
        self.path = path

    def read(self, wait_s: float = 0.0) -> bytes:
        """What the collector has written; empty if nothing came within `wait_s`."""
        ready, _, _ = select.select([self._device], [], [], wait_s)
        return os.read(self._device, 4096) if ready else b""

    def write(self, data: bytes) -> bool:
        """Whether all of it found room."""
        try:
            return os.write(self._device, data) == len(data)
        except BlockingIOError:
            return False


@contextmanager
def terminal(link: str = "") -> Iterator[Terminal]:
    """A raw pseudo-terminal; `link`, if given, becomes a symbolic link to its port."""
    device, port = os.openpty()
    name = Path(link) if link else None
    path = os.ttyname(port)
    try:
        tty.setraw(device)
        tty.setraw(port)
        os.set_blocking(device, False)
        if name:
            if name.is_symlink():
                name.unlink()
            name.symlink_to(path)
        yield Terminal(device, str(name or path))
    finally:
        if name and name.is_symlink() and str(name.readlink()) == path:
            name.unlink()
        os.close(port)
        os.close(device)
