"""Parcels: a stream compressed, encrypted to public keys and checksummed as it is written.

The encryption is age (X25519), so that a parcel opens with the `age` program as well. A host that
makes parcels holds public keys only and cannot read what it has written.
"""

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyrage

from app.errors import Misconfigured

LEVEL = 6
INFLATE_GZIP = 31


class Sealed(Exception):
    """A parcel does not open: another key, altered bytes, or an end that is missing."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What was written: bytes of the file, and their SHA-256."""

    bytes: int
    sha256: str


def recipients(text: str) -> list[pyrage.x25519.Recipient]:
    """The public keys of a setting, separated by commas; raises Misconfigured."""
    try:
        return [pyrage.x25519.Recipient.from_str(key.strip()) for key in text.split(",") if key]
    except pyrage.RecipientError:
        raise Misconfigured("BACKUP_KEY must be public keys that begin with age1.") from None


def identity(text: str) -> pyrage.x25519.Identity:
    """The private key in the text of a file that `flask backup key` or `age-keygen` wrote."""
    lines = [line for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-")]
    try:
        return pyrage.x25519.Identity.from_str(lines[0].strip())
    except (IndexError, pyrage.IdentityError):
        raise Misconfigured("This file holds no key that begins with AGE-SECRET-KEY-.") from None


def pack(pieces: Iterable[bytes], path: Path, keys: Sequence[pyrage.x25519.Recipient]) -> Parcel:
    """Write a parcel; the file is there whole, or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        counted = _Counting(file)
        source = _Pull(_compressed(pieces))
        try:
            pyrage.encrypt_io(io.BufferedReader(source), counted, list(keys))
        except pyrage.EncryptError:
            partial.unlink()
            raise source.failure or OSError(f"{path.name} cannot be written") from None
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return Parcel(counted.size, counted.digest.hexdigest())


def unpack(path: Path, key: pyrage.x25519.Identity, folder: Path) -> Iterator[bytes]:
    """The lines that were packed. `folder`: where the decrypted, still compressed, file may lie."""
    opened = folder / f"{path.name}.open"
    try:
        try:
            with path.open("rb") as sealed, opened.open("wb") as plain:
                pyrage.decrypt_io(sealed, plain, [key])
        except (pyrage.DecryptError, OSError) as error:
            if getattr(error, "errno", None):
                raise  # the disk's doing, not the parcel's
            raise Sealed(f"{path.name} does not open: {error}") from None
        with gzip.open(opened, "rb") as lines:
            try:
                yield from lines
            except (EOFError, OSError, zlib.error) as error:
                raise Sealed(f"{path.name} is damaged: {error}") from None
    finally:
        opened.unlink(missing_ok=True)


def checksum(path: Path) -> Parcel:
    """What a file on disk is now."""
    with path.open("rb") as file:
        return Parcel(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, INFLATE_GZIP)
    for piece in pieces:
        if out := deflate.compress(piece):
            yield out
    yield deflate.flush()


class _Pull(io.RawIOBase):
    """A stream that is read, made of pieces that come one by one."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")
        self.failure: Exception | None = None
        """What went wrong where the pieces come from; the encryption only says that it did."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        while not self._left:
            try:
                piece = next(self._pieces, None)
            except Exception as error:
                self.failure = error
                raise
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


class _Counting(io.RawIOBase):
    """A file that is written, and what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes) -> int:
        self.digest.update(piece)
        self.size += len(piece)
        return self._file.write(piece)
