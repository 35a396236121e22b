"""The demonstration as somebody starts it: one command, everything it changes in one folder."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.chain.programs import dies_with_us, free_port
from tests.tree import ROOT

READY_S = 300
END_S = 40


class Demo:
    """`with Demo(...)`: started; `ready()` waits until it says so and returns what it printed."""

    def __init__(self, folder: Path, secret: str, days: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder, self._log = folder, folder / "demo.log"
        environ = {"SECRET_KEY": secret, "DATA_DIR": str(folder), "PORT": str(self.port),
                   "DEMO_DAYS": days}  # fmt: skip
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*dies_with_us("INT"), sys.executable, "-m", "app.demo"],
                cwd=ROOT, env={**os.environ, **environ}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def __enter__(self) -> "Demo":
        return self

    def __exit__(self, *_: object) -> None:
        self.interrupt()

    def ready(self) -> str:
        deadline = time.monotonic() + READY_S
        while "Ctrl-C" not in self.said():
            assert self._process.poll() is None, self.said()[-3000:]
            assert time.monotonic() < deadline, self.said()[-3000:]
            time.sleep(0.1)
        return self.said()

    def said(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def interrupt(self) -> int:
        """Ctrl-C; its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self._process.wait(END_S)


def accounts(folder: Path) -> list[dict[str, str]]:
    """Who can sign in: `role`, `email`, `password`."""
    return json.loads((folder / "demo" / "accounts.json").read_text("utf-8"))
