"""Document maps: a gateway's JSON described in a TOML file instead of code.

At the top:

    title, source    what it is and where the facts come from (both required)
    note             what a technician should know, shown once per device: a text, or
                     note.fr and note.en

    [time]           path and format (s, ms or iso): when the gateway says that it measured; a
                     document with the time of the one before is not taken for a new one
    [[metric]]       code, path, scale, offset, absent (numbers that mean "not known")
    [[array]]        the same, where path leads to a list (`strings[*].cells[*]`: one after the
                     other); of elements that are objects, keys: value, its number; valid, whether
                     it can be believed; number, the element's own number in its list, counted from
                     first (0 or 1), where order or completeness is not certain; length of each list
    [[state]]        code, path, and one of: is (value or values that mean true), values (what
                     stands there to text), or neither, for a state that is the value itself
    [[alarm]]        path, and one of: bits (names, bit 0 first); names (what stands there to name)
                     for one value or a list of them; of elements that are objects, keys: value,
                     the name; active, whether it is raised; level, how bad it is

value = number × scale + offset, positive while charging. Names of alarms are canonical codes or
`vendor:NAME`, `-` for what is none; `:warning`, `:critical` or `:info` may follow. What has no name
stays visible as a vendor alarm. Paths are described in `path`.
"""

from pathlib import Path

from ..registers import naming
from ..registers.table import ProfileError
from .parser import Profile, parse

SHIPPED = Path(__file__).parent / "profiles"

__all__ = ["Profile", "ProfileError", "load", "names"]


def names() -> tuple[str, ...]:
    """The profiles that come with the collector."""
    return naming.names(SHIPPED)


def load(name: str) -> Profile:
    """A shipped profile by its name, or any by the path of its file; raises ProfileError."""
    path, data = naming.document(name, SHIPPED)
    return parse(path.stem, data, str(path))
