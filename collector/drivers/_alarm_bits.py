"""Alarms out of the bits of a number, by a table.

A name in a table is a canonical code or `vendor:NAME`, and may end in `:info`, `:warning` or
`:critical`; `-` stands for a bit that is no alarm. A bit beyond the table stays visible as a vendor
alarm.
"""

from collections.abc import Iterator, Sequence

from ..wire.alarms import SEVERITIES, VENDOR, Alarm, alarm, vendor_alarm


def table(driver: str, names: str) -> tuple[Alarm | None, ...]:
    """The alarms with these names, separated by blanks, bit 0 first."""
    return tuple(None if name == "-" else named(driver, name) for name in names.split())


def named(driver: str, name: str, index: int | None = None) -> Alarm:
    code, _, severity = name.rpartition(":")
    if severity not in SEVERITIES:
        code, severity = name, None
    if code.startswith(VENDOR):
        return vendor_alarm(driver, code.removeprefix(VENDOR), index, severity or "warning")
    return alarm(code, index, severity)


def raised(driver: str, label: str, bits: int, alarms: Sequence[Alarm | None]) -> Iterator[Alarm]:
    """What the set bits complain about; `label` tells those beyond the table apart."""
    for bit in range(bits.bit_length()):
        if not bits >> bit & 1:
            continue
        if bit >= len(alarms):
            yield vendor_alarm(driver, f"{label}_bit{bit}")
        elif (found := alarms[bit]) is not None:
            yield found
