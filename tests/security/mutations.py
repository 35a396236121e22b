"""Each guard removed once, in a copy of the tree, to see that a test notices.

python -m tests.security.mutations [words of the names of guards]
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.security.guards import GUARDS, Guard
from tests.tree import ROOT

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "var", "tmp*", "node_modules", "shared")
FAILED = 1
"""What pytest says when tests ran and some failed; anything else proves nothing."""


@contextmanager
def scratch() -> Iterator[Path]:
    """A copy of the tree that may be broken."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "main"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        yield copy


def noticed(copy: Path, guard: Guard) -> tuple[bool, str]:
    """Whether the tests named fail without the guard, and what they said; the copy is mended."""
    path = copy / guard.file
    text = path.read_text("utf-8")
    if text.count(guard.was) != 1:
        return False, f"{guard.file} holds the guard {text.count(guard.was)} times"
    path.write_text(text.replace(guard.was, guard.removed), "utf-8")
    try:
        code, said = _run(copy, guard)
    finally:
        path.write_text(text, "utf-8")
    return code == FAILED, said


def _run(copy: Path, guard: Guard) -> tuple[int, str]:
    files, _, chosen = guard.tests.partition(" -k ")
    chosen = f"({chosen}) and not mariadb" if chosen else "not mariadb"
    command = [
        sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p",
        "no:xdist", *files.split(), "-k", chosen,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    return done.returncode, done.stdout[-1500:] + done.stderr[-500:]


def main(words: list[str]) -> int:
    """Remove every guard whose name holds one of the words, or all; the exit code."""
    chosen = [g for g in GUARDS if not words or any(word in g.name for word in words)]
    unnoticed = 0
    with scratch() as copy:
        for guard in chosen:
            red, said = noticed(copy, guard)
            print(f"{'red   ' if red else 'GREEN '} {guard.name}", flush=True)
            if not red:
                unnoticed += 1
                print(said)
    print(f"{len(chosen) - unnoticed} of {len(chosen)} guards are missed when they are gone")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
