"""`enrol`: make this computer a collector of one client, with a code from the portal."""

import argparse
import sys
from pathlib import Path

import requests

from .. import config as configuration
from ..portal.enrolment import enrol
from ..portal.identity import IdentityError
from ..portal.reach import PortalError
from ..words import say
from .base import UsageError, fail

EXAMPLE = Path(__file__).parents[1] / "collector.example.toml"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help=say("enrol.code"))
    parser.add_argument("--portal", metavar="URL", help=say("enrol.portal"))
    parser.add_argument(
        "--config",
        type=Path,
        default=configuration.DEFAULT_PATH,
        metavar="FILE",
        help=say("config.file"),
    )
    parser.add_argument("--state", type=Path, metavar="DIR", help=say("enrol.state"))
    parser.add_argument("--ca-file", metavar="FILE", help=say("enrol.ca_file"))


def run(args: argparse.Namespace) -> int:
    portal, code = _told(args.code, args.portal)
    session = requests.Session()
    if args.ca_file:
        session.verify = args.ca_file
    try:
        state = args.state or _state(args.config)
        identity = enrol(portal, code, state, session)
    except (PortalError, IdentityError, configuration.ConfigError, OSError) as error:
        return fail(error)
    print(say("enrol.done", collector=identity.collector, client=identity.client, state=state))
    if not args.config.exists():
        args.config.write_text(starter(identity.portal, state, args.ca_file), "utf-8")
        print(say("enrol.starter", path=args.config))
    print(say("enrol.next"), file=sys.stderr)
    return 0


def _told(text: str, portal: str | None) -> tuple[str, str]:
    """Portal and code, given apart or, as the portal's square has them, in one: `URL#CODE`."""
    given, square, code = text.rpartition("#")
    if not square:
        if not portal:
            raise UsageError(say("enrol.no_portal"))
        return portal, text
    if portal and portal.rstrip("/") != given.rstrip("/"):
        raise UsageError(say("enrol.two_portals", one=portal, other=given))
    return given, code


def starter(portal: str, state: Path, ca_file: str | None) -> str:
    """A configuration to complete: the example, with what enrolment knows filled in."""
    known = {"portal": portal, "state": str(state.absolute()), "ca_file": ca_file}
    lines = []
    for line in EXAMPLE.read_text("utf-8").splitlines():
        name = line.lstrip("# ").partition(" =")[0]
        if value := known.pop(name, None):
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            line = f'{name} = "{quoted}"'
        lines.append(line)
    return "\n".join(lines) + "\n"


def _state(path: Path) -> Path:
    return configuration.load(path).state if path.exists() else configuration.DEFAULT_STATE
