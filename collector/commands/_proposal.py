"""What `probe` proposes for an unknown BMS: driver, options, values, sign of the current."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Event
from typing import Any

from ..identify import LISTEN, Candidate, Match, identify, speeds
from ..links.errors import LinkError
from ..links.spec import KINDS, LinkSpec
from ..wire.metrics import METRICS
from ..wire.reading import Reading, derive
from ..words import either, say
from ._device import given_link
from .base import fail

FLOWS = 0.5
"""Amperes from which the direction of the current can be told from noise."""


def propose(text: str, *, quiet: bool) -> int:
    """Find out what is on a link and print what to put into the configuration; the exit code."""
    link = given_link(text)
    named = dict(zip(KINDS[link.kind].short, text.split(":")[1:], strict=False))
    matches: list[Match] = []
    try:
        for each in speeds(link, named):
            matches = identify(each, Event(), _teller(each), quiet=quiet)
            if matches:
                break
    except LinkError as error:
        return fail(ValueError(error.told))
    if not matches:
        print(say("probe.nobody"), file=sys.stderr)
        return 1
    _show(matches)
    best = _with_sign(matches[0].candidate, matches[0].fullest)
    print(say("probe.add"), file=sys.stderr)
    print(table(best))
    return 0


def table(candidate: Candidate) -> str:
    """The [[device]] table of a candidate, its serial number left to fill in."""
    settings = {"kind": candidate.link.kind, **candidate.link.settings}
    lines = ["[[device]]", 'asset = ""', f'driver = "{candidate.driver.code}"']
    lines.append(f"link = {_inline(settings)}")
    if candidate.options:
        lines.append(f"options = {_inline(candidate.options)}")
    return "\n".join(lines)


def _teller(link: LinkSpec) -> Callable[[str, Candidate | None], None]:
    def tell(step: str, candidate: Candidate | None) -> None:
        if candidate is None:
            print(say("probe.listening", link=link, seconds=LISTEN), file=sys.stderr)
        else:
            print(say("probe.asking", link=link, driver=_named(candidate)), file=sys.stderr)

    return tell


def _show(matches: Sequence[Match]) -> None:
    best, others = matches[0], [_named(match.candidate) for match in matches[1:]]
    title = either(*best.candidate.driver.title)
    print(say("probe.found", driver=_named(best.candidate), title=title))
    for line in values(best.fullest):
        print(f"  {line}")
    for text in best.warnings:
        print(say("probe.warning", text=text))
    if others:
        print(say("probe.others", others=", ".join(others)))


def values(reading: Reading) -> list[str]:
    """A reading for the eyes of a person: one quantity a line, with its unit."""
    reading = derive(reading)
    lines = []
    for code, value in reading.values.items():
        lines.append(f"{code:<24} {value:g} {_unit(code)}".rstrip())
    for code, array in reading.arrays.items():
        shown = " ".join("–" if value is None else f"{value:g}" for value in array)
        lines.append(f"{code:<24} {shown} {_unit(code)}".rstrip())
    lines += [f"{code:<24} {state}" for code, state in reading.states.items()]
    return lines + [f"{'alarm':<24} {alarm.code} ({alarm.severity})" for alarm in reading.alarms]


def _with_sign(candidate: Candidate, reading: Reading) -> Candidate:
    """The candidate, its current turned if somebody at the site says that it flows otherwise."""
    current = reading.values.get("current")
    if current is None or abs(current) < FLOWS:
        print(say("probe.no_current"), file=sys.stderr)
        return candidate
    way = say("probe.charging") if current > 0 else say("probe.discharging")
    print(say("probe.sign", current=current, way=way), file=sys.stderr, flush=True)
    if not sys.stdin.isatty():
        return candidate
    print(say("probe.answers"), end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("n", "no", "non"):
        return candidate
    if candidate.driver.turned is None:
        print(say("probe.cannot_turn"), file=sys.stderr)
        return candidate
    option, value = candidate.driver.turned
    print(say("probe.turned", option=option, value=value), file=sys.stderr)
    return replace(candidate, options={**candidate.options, option: value})


def _named(candidate: Candidate) -> str:
    return " ".join((candidate.driver.code, *(f"{k}={v}" for k, v in candidate.options.items())))


def _unit(code: str) -> str:
    return METRICS[code].unit if code in METRICS else ""


def _inline(settings: Mapping[str, Any]) -> str:
    pairs = (f"{name} = {_toml(value)}" for name, value in settings.items())
    return f"{{ {', '.join(pairs)} }}"


def _toml(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value).lower() if isinstance(value, bool) else str(value)
