"""`drivers`: which BMS families are known, and what can be set for one."""

import argparse
import textwrap

from ..drivers import base
from ..drivers.base import Driver, Option
from ..words import either, say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help=say("drivers.name"))


def run(args: argparse.Namespace) -> int:
    if args.name:
        print(described(base.load(args.name)))
    else:
        for code in base.codes():
            print(_line(base.load(code)))
    return 0


def described(driver: Driver) -> str:
    """A driver's line and its options, for a terminal."""
    if not driver.options:
        return f"{_line(driver)}\n\n{say('drivers.no_options', driver=driver.code)}"
    settings = "\n".join(_setting(option) for option in driver.options)
    return f"{_line(driver)}\n\n{say('drivers.options', driver=driver.code)}\n{settings}"


def _line(driver: Driver) -> str:
    return (
        f"{driver.code:<15} {either(*driver.title)}\n"
        f"{'':<15} {say('drivers.link')} {driver.link} · "
        f"{say('drivers.formats')} {', '.join(driver.formats)}{_restraint(driver)}"
    )


def _restraint(driver: Driver) -> str:
    """How little it does to the device, where that can be said."""
    if driver.link == "modbus":
        return f" · {say('drivers.reads')}"
    if driver.link == "http":
        return f" · {say('drivers.gets')}"
    return "" if driver.sends else f" · {say('drivers.silent')}"


def _setting(option: Option) -> str:
    facts = [say("drivers.choices", choices=", ".join(option.choices))] if option.choices else []
    if option.default is not None:
        facts.append(say("drivers.default", value=option.default))
    text = either(" ; ", "; ").join([either(*option.help), *facts])
    return f"  {option.name}\n" + textwrap.indent(textwrap.fill(text, 74), " " * 6)
