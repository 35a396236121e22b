"""Running the pages' JavaScript modules in Node, to compare them with their Python twins."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.requirement import program

SCRIPTS = Path(__file__).parents[2] / "static" / "js"

RUNNER = """
import { readFileSync } from "node:fs";
const [module, name] = process.argv.slice(1);
const called = (await import(module))[name];
const calls = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(calls.map((args) => called(...args) ?? null)));
"""


def call(module: str, name: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
    """What the function `name` of `static/js/<module>.js` returns for each list of arguments."""
    source = f"data:text/javascript,{_quoted((SCRIPTS / f'{module}.js').read_text('utf-8'))}"
    done = subprocess.run(
        [program("node"), "--input-type=module", "-e", RUNNER, "--", source, name],
        input=json.dumps([list(args) for args in calls]),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text)
