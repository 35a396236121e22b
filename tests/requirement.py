"""What a test needs of the machine: absent means a skip with one line, or a failure on request."""

import os
import shutil
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
"""Captures and tools beside the checkout, used by tests only."""


def need(present: object, what: str) -> None:
    """Skip unless `present`; with REQUIRE=all in the environment, fail instead."""
    if present:
        return
    if os.environ.get("REQUIRE") == "all":
        pytest.fail(f"{what} is required and missing", pytrace=False)
    pytest.skip(f"{what} is missing")


def shared(*parts: str) -> Path:
    """A file of the shared reference data."""
    path = SHARED.joinpath(*parts)
    need(path.exists(), f"shared data {'/'.join(parts)}")
    return path


def program(*names: str) -> str:
    """The path of the first of these programs that is installed."""
    places = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    found = next((path for name in names if (path := shutil.which(name, path=places))), None)
    need(found, " or ".join(names))
    return found
