"""Sealing what is personal or secret before it is stored: AES-256-GCM in two layers.

Master keys come from the settings and never touch a database. Each wraps data keys, one set for
core and one for each client, and the data keys seal fields. A sealed field is bound to where it
stands: moved to another client, table, column or row it no longer opens. Nothing here knows a
database; `app.database.vault` keeps the data keys.
"""

import base64
import binascii
import os
import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import Misconfigured

KEY_BYTES = 32
NONCE_BYTES = 12
INDEX_BYTES = 16
DERIVED = 0
"""Number of the master key that comes from SECRET_KEY; always there, so that one can move on."""
FORMAT = 1
HEADER = struct.Struct(">BH")
"""Format and version of the data key, in front of the nonce."""
OVERHEAD = HEADER.size + NONCE_BYTES + 16


class Tampered(Exception):
    """A sealed value does not open here: altered, moved, or sealed with a key that is lost."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed field stands. `scope`: the client's id, 0 for core."""

    scope: int
    table: str
    column: str
    row: int

    def bound(self, version: int) -> bytes:
        """What a field sealed here with this version of the key is bound to."""
        return f"f1|{version}|{self.scope}|{self.table}|{self.column}|{self.row}".encode()


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The keys that wrap data keys, by number; the highest wraps new ones."""

    keys: Mapping[int, bytes]

    @property
    def newest(self) -> int:
        return max(self.keys)

    def wrap(self, key: bytes, bound: str) -> tuple[int, bytes]:
        """A data key closed with the newest master key: its number, and nonce and ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        cipher = AESGCM(self.keys[self.newest])
        return self.newest, nonce + cipher.encrypt(nonce, key, f"tbms-dek|{bound}".encode())

    def unwrap(self, number: int, wrapped: bytes, bound: str) -> bytes:
        """The data key. Misconfigured when the master key is missing or another one."""
        if number not in self.keys:
            raise Misconfigured(f"FIELD_KEYS lacks key {number}, which protects stored data.")
        nonce, rest = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return AESGCM(self.keys[number]).decrypt(nonce, rest, f"tbms-dek|{bound}".encode())
        except InvalidTag:
            name = "SECRET_KEY" if number == DERIVED else f"Key {number} of FIELD_KEYS"
            raise Misconfigured(f"{name} is not the one that protects stored data.") from None


def master_keys(field_keys: str, secret_key: str) -> MasterKeys:
    """Read FIELD_KEYS (`1:base64,2:base64…`, 32 bytes each); key 0 is derived from SECRET_KEY."""
    keys = {DERIVED: derive(secret_key.encode(), "tbms|master|0")}
    for entry in filter(None, map(str.strip, field_keys.split(","))):
        number, _, text = entry.partition(":")
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not (number.isascii() and number.isdigit() and int(number) > 0):
            raise Misconfigured("FIELD_KEYS must be number:base64, separated by commas.")
        if len(key) != KEY_BYTES:
            raise Misconfigured(f"Key {number} of FIELD_KEYS must be 32 bytes in base64.")
        if int(number) in keys:
            raise Misconfigured(f"FIELD_KEYS names key {number} twice.")
        keys[int(number)] = key
    return MasterKeys(keys)


def new_key() -> bytes:
    """A fresh data key."""
    return os.urandom(KEY_BYTES)


def derive(key: bytes, info: str) -> bytes:
    """A key for one purpose from another (HKDF-SHA256)."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info.encode()).derive(key)


def seal(key: bytes, version: int, place: Place, text: str) -> bytes:
    """`0x01 | version of the key | nonce | ciphertext and tag`, bound to `place`."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = _cipher(key).encrypt(nonce, text.encode(), place.bound(version))
    return HEADER.pack(FORMAT, version) + nonce + sealed


def version_of(sealed: bytes) -> int:
    """Which version of the data key a field was sealed with. Tampered when it is no field."""
    if len(sealed) < OVERHEAD or sealed[0] != FORMAT:
        raise Tampered("this is not a sealed field")
    return HEADER.unpack_from(sealed)[1]


def unseal(key: bytes, place: Place, sealed: bytes) -> str:
    """The text of a sealed field. Tampered unless every bit of it belongs here."""
    version = version_of(sealed)
    nonce, rest = sealed[HEADER.size : HEADER.size + NONCE_BYTES], sealed[OVERHEAD - 16 :]
    try:
        return _cipher(key).decrypt(nonce, rest, place.bound(version)).decode()
    except InvalidTag:
        raise Tampered(f"{place.table}.{place.column} of row {place.row} does not open") from None


def blind_index(key: bytes, scope: int, table: str, column: str, text: str) -> bytes:
    """128 bits that are equal for equal texts, whatever their case, and say nothing else.

    Finds a row by a sealed value. Whoever reads the table learns which rows are equal; other
    clients and columns get other values for the same text.
    """
    mac = HMAC(_index_key(key, f"tbms|index|{scope}|{table}|{column}"), SHA256())
    mac.update(unicodedata.normalize("NFKC", text).casefold().encode())
    return mac.finalize()[:INDEX_BYTES]


@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


@lru_cache(maxsize=64)
def _index_key(key: bytes, info: str) -> bytes:
    return derive(key, info)
