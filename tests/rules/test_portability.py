"""The tree works wherever it is put: no path of one machine, no address of one registry."""

import re
from pathlib import Path

from tests.tree import ROOT, files

HOSTS = "|".join(
    re.escape(".".join(parts))
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("rubygems", "org"),
    )
)
FORBIDDEN = {
    "a package registry's address": re.compile(HOSTS),
    "a path of one machine": re.compile(r"""(?<![\w.])/(?:work|root|Users|home/(?!ACCOUNT\b))/"""),
    "a private key": re.compile("-----BEGIN [A-Z ]*PRIVATE" + " KEY-----"),
}


def test_nothing_ties_the_tree_to_one_place():
    found = []
    for path in files():
        if path.name == Path(__file__).name:
            continue
        text = (ROOT / path).read_bytes().decode("utf-8", "ignore")
        for what, pattern in FORBIDDEN.items():
            found += [f"{path}: {what}: {match[0]}" for match in pattern.finditer(text)]
    assert found == []
