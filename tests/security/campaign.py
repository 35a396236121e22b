"""Every operation of the API attacked with what its document allows and with what it forbids.

The portal runs in a process of its own, on the house; each role has its turn. The suite runs a
few examples of each (`test_schemathesis.py`), `make campaign` many:

    python -m tests.security.campaign [examples]
"""

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from app.core import tokens
from app.core.access import TenantRef
from app.core.models import User
from app.database.engines import Engines
from app.settings import Settings
from tests.chain.programs import Portal
from tests.house import CLIENTS, PERSONAS, House
from tests.templates import SqliteTemplate

EXAMPLES = 200
ALL = "examples,coverage,fuzzing,stateful"
LIMITS = Path(__file__).with_name("schemathesis.toml")
UNABLE = "ignored_auth"
"""This check tries wrong cookies beside the right token, which alone is read: not a finding."""
FOUND = re.compile(r"^- (ST\d+ .+)$", re.MULTILINE)


@contextmanager
def portal_of(house: House, folder: Path) -> Iterator[Portal]:
    """The portal in a process of its own; nobody waits for the limits on how often one may ask."""
    portal, over = Portal(house.settings, folder / "portal.log"), threading.Event()
    sweeper = threading.Thread(target=_sweep, args=(house.settings, over))
    try:
        portal.start()
        portal.ready()
        sweeper.start()
        yield portal
    finally:
        over.set()
        sweeper.join()
        portal.end()


def token_of(house: House, portal: Portal, name: str) -> str:
    """An access token of somebody, good at this portal."""
    keys = tokens.token_keys(replace(house.settings, public_url=portal.url))
    with house.core() as core:
        return tokens.make_access(keys, core.get_one(User, PERSONAS[name].id))


def attack(
    portal: Portal, token: str, examples: int, folder: Path, phases: str = ALL
) -> tuple[list[str], str]:
    """What was found, one line each, and all that was said. `token` empty: nobody attacks."""
    words = [
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={LIMITS}", "run", f"{portal.url}/api/v1/openapi.json",
        "--checks=all", f"--exclude-checks={UNABLE}", f"--max-examples={examples}",
        f"--phases={phases}",
        "--workers=1", "--generation-deterministic", "--suppress-health-check=all", "--no-color",
        *(["-H", f"Authorization: Bearer {token}"] if token else []),
    ]  # fmt: skip
    environ = os.environ | {"NO_COLOR": "1", "COLUMNS": "200"}
    done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True)
    found = FOUND.findall(done.stdout)
    if done.returncode not in (0, 1) or (done.returncode == 1 and not found):
        raise RuntimeError(f"the attack did not run: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    return found, done.stdout


def _sweep(settings: Settings, over: threading.Event) -> None:
    """Forget what was counted, again and again."""
    path = settings.cache_dir / "limits.sqlite3"
    while not over.wait(0.25):
        if path.exists():
            try:
                with sqlite3.connect(path, timeout=1) as db:
                    db.execute("DELETE FROM counters")
                db.close()
            except sqlite3.OperationalError:
                continue  # the portal is making or holding it


def main(examples: int) -> int:
    """A long campaign of every role, each on a house of its own; the exit code."""
    failed = 0
    for name in (*PERSONAS, "nobody"):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            secret = "not a secret, thirty-two characters or more"  # noqa: S105
            settings = Settings(secret_key=secret, data_dir=folder / "data")
            with Engines(settings) as engines:
                refs = {
                    slug: TenantRef(number, slug, title, engines.tenant_url(number))
                    for number, (slug, title) in CLIENTS.items()
                }
                SqliteTemplate(folder / "template", secret).furnish(settings, refs.values())
                house = House(settings, engines, refs)
                with portal_of(house, folder) as portal:
                    token = token_of(house, portal, name) if name in PERSONAS else ""
                    found, text = attack(portal, token, examples, folder)
        ran = re.search(r"(\d+) generated", text)
        print(f"{name:8} {ran[1] if ran else '?':>6} cases, {len(found)} findings", flush=True)
        if found:
            failed = 1
            print(text[text.index("FAILURES") :])
    return failed


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES))
