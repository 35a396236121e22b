"""Register tables: a Modbus BMS described in a TOML file instead of code.

A profile is written from the manufacturer's table, in its own addresses. At the top:

    title, source    what it is and where the facts come from (both required)
    note             what a technician should know, shown once per device: a text, or
                     note.fr and note.en
    unit             usual unit number (1)
    function         3 for holding, 4 for input registers, 1 for coils, 2 for discrete inputs (3);
                     any table may say otherwise
    address_base     address of the first register in the manufacturer's counting: 0 (the default),
                     1, or 40001 for the notation with a leading digit
    address_step     distance between neighbouring registers: 2 where the map counts bytes (1)
    word_order       of 32-bit numbers: "high" word first (the default) or "low"
    max_registers    the device answers in one request (125)

    [[block]]        address, count: registers or bits to ask for; every: seconds, for what need not
                     be asked each cycle (its values then hold for twice as long); optional = true:
                     given up, with one warning, when the device says that it has no such registers
    [[metric]]       code, address, type, byte, scale, offset, absent, and needs: the address of a
                     register that is 0 where the device does not know this value
    [[array]]        the same, and length, stride (in registers), and count or count_bits: the
                     address that says how many elements are real, as a number or as a bit for each;
                     addresses, a list, replaces address, length and stride where there is no order
    [[state]]        code, address, needs, and one of: bit; is (number or numbers that mean true);
                     values (number to text); type "string" with length in registers; or none of
                     them, for a state that is the number itself
    [[alarm]]        address, and one of: bits (names, bit 0 first, "-" for a bit that is no
                     alarm); each (one name, a bit per cell or sensor); levels (names, a register
                     each: 1 warning, 2 alarm); values (number to name); nonzero (one name). With
                     function 1 or 2, bits and each (with length) run over addresses

Value = number × scale + offset. Types are u16 (the default), s16, u32, s32, f32, u8 and s8 (with
byte = "high" or "low", or as an array two per register) and, for arrays, bit. Names of alarms are
canonical codes or `vendor:NAME`; `:warning`, `:critical` or `:info` may follow. A bit or a number
that has no name stays visible as a vendor alarm.
"""

from pathlib import Path

from .naming import document
from .naming import names as _names
from .parser import Profile, parse
from .table import ProfileError

SHIPPED = Path(__file__).parent / "profiles"

__all__ = ["Profile", "ProfileError", "load", "names"]


def names() -> tuple[str, ...]:
    """The profiles that come with the collector."""
    return _names(SHIPPED)


def load(name: str) -> Profile:
    """A shipped profile by its name, or any by the path of its file; raises ProfileError."""
    path, data = document(name, SHIPPED)
    return parse(path.stem, data, str(path))
