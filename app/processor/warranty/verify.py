"""Check a warranty evidence file: `python verify.py FILE [--key HEX] [--head HASH]`.

This file stands alone: it needs Python 3.10 and the `cryptography` package, and none of the portal.
Each day record is bound to the one before it by SHA-256 and signed with Ed25519, so that a record
that was altered, moved, added or left out is named by its day. `--key` is the public key that the
portal's operator has published; `--head` the hash that was mailed at some time: the chain must
contain it, else its end has been rewritten since.
"""

import argparse
import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "trackingbms-warranty-1"
START = "0" * 64
"""What the first record follows."""


def canonical(value: Any) -> bytes:
    """One text for one value: sorted names, no spaces, UTF-8 (after RFC 8785)."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def link(previous: str, record: dict[str, Any]) -> str:
    """The hash of a record that follows the one with hash `previous`."""
    return sha256(bytes.fromhex(previous) + canonical(record)).hexdigest()


def head_text(battery: str, count: int, head: str) -> bytes:
    """What is signed of a whole file, so that its end cannot be cut off."""
    return canonical({"battery": battery, "count": count, "head": head})


def check(file: dict[str, Any], key: str = "", head: str = "") -> str:
    """What is wrong with a file, by day; empty when nothing is."""
    if file.get("format") != FORMAT:
        return "this is not a warranty evidence file"
    if key and file["key"] != key:
        return f"the file is signed with another key: {file['key']}"
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(file["key"]))
    previous, hashes = START, {START}
    for n, entry in enumerate(file["entries"], 1):
        if problem := _fault(public, file["battery"], n, previous, entry):
            return f"{entry.get('record', {}).get('day', f'record {n}')}: {problem}"
        previous = entry["hash"]
        hashes.add(previous)
    count = len(file["entries"])
    if (file["count"], file["head"]) != (count, previous):
        return f"records are missing after {_last_day(file)}"
    if not _signed(public, file["signature"], head_text(file["battery"], count, previous)):
        return "the signature of the whole is not right"
    if head and head not in hashes:
        return "the chain does not contain the hash that was mailed: its end was rewritten"
    return ""


def _fault(public: Ed25519PublicKey, battery: str, n: int, previous: str, entry: Any) -> str:
    record = entry["record"]
    if record.get("n") != n:
        return f"record {n} is missing or out of order"
    if record.get("battery") != battery:
        return "the record is of another battery"
    if entry["hash"] != link(previous, record):
        return "the record was altered"
    if not _signed(public, entry["signature"], bytes.fromhex(entry["hash"])):
        return "the record was not signed by the portal"
    return ""


def _signed(public: Ed25519PublicKey, signature: str, data: bytes) -> bool:
    try:
        public.verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _last_day(file: dict[str, Any]) -> str:
    return file["entries"][-1]["record"]["day"] if file["entries"] else "the beginning"


def main(arguments: list[str] | None = None) -> int:
    """Print what was found; 0 when the file is intact."""
    parser = argparse.ArgumentParser(description="Check a warranty evidence file.")
    parser.add_argument("file")
    parser.add_argument("--key", default="", help="the operator's public key, in hexadecimal")
    parser.add_argument("--head", default="", help="a hash that was mailed")
    asked = parser.parse_args(arguments)
    try:
        file = json.loads(Path(asked.file).read_text(encoding="utf-8"))
        problem = check(file, asked.key.lower(), asked.head.lower())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"NOT INTACT: the file cannot be read ({error})")
        return 2
    if problem:
        print(f"NOT INTACT: {problem}")
        return 1
    print(f"Intact: {len(file['entries'])} records of {file['battery']}, key {file['key']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
