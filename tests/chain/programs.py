"""The product's programs as they run in earnest: each in a process of its own, its log on disk."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import requests

from app.settings import Settings
from tests.tree import ROOT

START_S = 60
END_S = 20


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(module: str, *arguments: object) -> str:
    """Run one of our modules to its end and return what it printed; fails if it failed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, timeout=START_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


class Program:
    """A module of ours that runs until it is ended. May be started again; the log goes on."""

    def __init__(self, log: Path, environ: dict[str, str], module: str, *arguments: object) -> None:
        self.log, self._environ = log, environ
        self._words = [sys.executable, "-m", module, *map(str, arguments)]
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*dies_with_us(), *self._words],
                cwd=ROOT, env=self._environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        """End it without warning, as a power cut would."""
        self._process.kill()
        self._process.wait(END_S)

    def end(self) -> int:
        """Ask it to end; its exit code. Nothing to do if it has ended."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(END_S)

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def check(self) -> None:
        """Fail with its last words if it has ended by itself."""
        assert self._process.poll() is None, self.said()[-2000:]


class Portal(Program):
    """The web application behind a real server, on the databases of `settings`."""

    def __init__(self, settings: Settings, log: Path, **more: object) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environ = {
            **os.environ,
            **{
                entry.name.upper(): str(getattr(settings, entry.name)) for entry in fields(settings)
            },
            "PUBLIC_URL": self.url,
            "REQUIRE_SECOND_FACTOR": "off",
            **{name: str(value) for name, value in more.items()},
        }
        super().__init__(
            log, environ, "waitress", f"--listen=127.0.0.1:{self.port}", "--threads=4",
            "passenger_wsgi:application",
        )  # fmt: skip

    def ready(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self.check()
            try:
                if requests.get(f"{self.url}/api/v1/health", timeout=5).ok:
                    return
            except requests.RequestException:
                time.sleep(0.05)
        raise AssertionError(f"the portal does not answer: {self.said()[-2000:]}")


def collector(folder: Path) -> Program:
    """The collector whose `collector.toml` is in this folder."""
    return Program(
        folder / "collector.log", dict(os.environ),
        "collector", "run", "--config", folder / "collector.toml",
    )  # fmt: skip


def dies_with_us(of: str = "KILL") -> list[str]:
    """Words before a command: a test session that is killed must leave nothing behind."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", of] if setpriv else []
