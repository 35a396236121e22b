"""What commands share: usage errors, `KEY=VALUE` options, and a parser in the reader's language."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ..config import DEFAULT_PATH
from ..words import say


class UsageError(ValueError):
    """The command line asks for something impossible; the text says what to do instead."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose headings and errors are in the terminal's language.

    Without an `epilogue` it answers `--help` as any parser does.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**{**kwargs, "add_help": False, "allow_abbrev": False})
        self._positionals.title = say("cli.arguments")
        self._optionals.title = say("cli.options")
        self.add_argument("-h", "--help", action=Help, nargs=0, help=say("cli.help"))
        self.epilogue = None
        """(arguments as parsed so far) to a text that `--help` adds."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, say("cli.error", text=message) + "\n")


class Help(argparse.Action):
    """`--help`, with what the arguments before it make worth telling."""

    def __call__(self, parser, namespace, values, option_string=None) -> NoReturn:
        if parser.epilogue is not None:
            parser.epilog = parser.epilogue(namespace)
        parser.print_help()
        parser.exit()


def key_values(given: Sequence[str]) -> dict[str, str]:
    """`KEY=VALUE` arguments as a mapping; raises UsageError for another shape."""
    pairs = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(say("option.shape", text=text))
        pairs[key] = value
    return pairs


def config_argument(
    parser: argparse.ArgumentParser, *, default: Path | None = DEFAULT_PATH
) -> None:
    parser.add_argument(
        "--config", type=Path, default=default, metavar="FILE", help=say("config.file")
    )


def fail(error: Exception) -> int:
    """Say what went wrong on stderr; the exit code of a failure."""
    print(say("cli.error", text=error), file=sys.stderr)
    return 1
