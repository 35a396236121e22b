"""The demonstration's processes: started together, watched, ended together."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from app.settings import ROOT

END_S = 15
SHOWN = 1500
PR_SET_PDEATHSIG = 1


class Ended(OSError):
    """A process ended that should not have; the text holds its last words."""


class Process:
    """One started module and the file it writes to."""

    def __init__(self, name: str, log: Path, words: list[str]) -> None:
        self.name, self.log = name, log
        with log.open("wb") as output:
            self.popen = subprocess.Popen(
                words,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us alone; we end the others in order
                preexec_fn=_end_with_parent,
            )

    def ended(self) -> bool:
        """Whether it ended well; raises Ended if it failed."""
        code = self.popen.poll()
        if code:
            raise Ended(f"{self.name} ended with {code}:\n{self.last_words()}")
        return code is not None

    def last_words(self) -> str:
        return self.log.read_text("utf-8", "replace")[-SHOWN:]

    def progress(self) -> float:
        """The last number it printed."""
        lines = self.log.read_text("utf-8", "replace").split()
        return float(lines[-1]) if lines else 0.0


class Processes:
    """Python modules at work, each with a log of its own; leaving the context ends them."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._processes: list[Process] = []
        for asked in (signal.SIGINT, signal.SIGTERM):  # a shell may have us ignore the first
            signal.signal(asked, _interrupt)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.popen.terminate()
        deadline = time.monotonic() + END_S
        for process in self._processes:
            try:
                process.popen.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.popen.kill()
                process.popen.wait()

    @staticmethod
    def run(module: str, *arguments: object) -> None:
        """Run one module to its end; raises Ended if it fails."""
        done = subprocess.run(
            _words(module, arguments), cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Ended(f"{module} {arguments[0]}: {done.stderr[-SHOWN:]}")

    def start(self, name: str, module: str, *arguments: object) -> Process:
        process = Process(name, self.logs / f"{name}.log", _words(module, arguments))
        self._processes.append(process)
        return process

    def forget(self, process: Process) -> None:
        """It ended, as it should."""
        self._processes.remove(process)

    def end(self, process: Process) -> None:
        """It has done its part."""
        self.forget(process)
        process.popen.terminate()
        process.popen.wait(END_S)

    def check(self) -> None:
        """Raise Ended if any process is gone."""
        for process in self._processes:
            if process.ended():
                raise Ended(f"{process.name} ended:\n{process.last_words()}")

    def wait(self) -> None:
        """Watch them until Ctrl-C."""
        while True:
            self.check()
            time.sleep(1)


def _words(module: str, arguments: tuple[object, ...]) -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    """On Linux a child hears of its parent's end, even of a `kill -9`."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:
            os.kill(os.getpid(), signal.SIGTERM)
