"""The command line: one module of `commands` per command.

A command module has `arguments(parser)`, which declares them, and `run(args)`, which returns the
exit code. A `UsageError` or an `OptionError` is the caller's to mend: one line and exit code 2.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from . import __version__
from .commands.base import Parser, UsageError
from .drivers.base import OptionError
from .words import say

COMMANDS = (
    "enrol",
    "rotate",
    "dead",
    "check",
    "run",
    "probe",
    "capture",
    "decode",
    "drivers",
    "simulate",
    "site",
    "schema",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 for a failure, 2 for a wrong command line."""
    argv = sys.argv[1:] if argv is None else argv
    chosen = next((word for word in argv if word in COMMANDS), None)
    args = _parser(chosen).parse_args(argv)
    try:
        code = args.run(args)
        sys.stdout.flush()
    except (UsageError, OptionError) as error:
        print(say("cli.error", text=error), file=sys.stderr)
        return 2
    except BrokenPipeError:
        # whoever read our output has seen enough; the interpreter must not flush into the void
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    """The parser; of the commands only the chosen one is loaded, so that each starts fast."""
    parser = Parser(prog="python -m collector", description=say("cli.about"))
    parser.add_argument("--version", action="version", version=__version__, help=say("cli.version"))
    commands = parser.add_subparsers(
        title=say("cli.commands"), metavar="", required=True, dest="command"
    )
    for name in COMMANDS:
        about = say(f"{name}.about")
        command = commands.add_parser(name, help=about, description=about)
        if name == chosen:
            module = importlib.import_module(f"{__package__}.commands.{name}")
            command.set_defaults(run=module.run)
            module.arguments(command)
    return parser
