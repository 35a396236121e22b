"""The build: fingerprinted, compressed, and still the same style sheets and modules."""

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from app.web.assets import Assets, build

STATIC = Path(__file__).parents[2] / "static"


@pytest.fixture
def folder(tmp_path):
    """A copy of the sources."""
    copy = tmp_path / "static"
    shutil.copytree(STATIC, copy, ignore=shutil.ignore_patterns("dist"))
    return copy


def test_without_a_build_the_sources_are_served(folder):
    assets = Assets(folder)
    assert assets.url("js/main.js") == "/static/js/main.js"
    assert json.loads(assets.import_map())["imports"]["tb/format"] == "/static/js/format.js"


def test_a_build_names_every_file_by_its_content(folder):
    manifest = build(folder)
    sources = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "dist" not in path.parts
    }
    assert set(manifest) == sources
    for name, built in manifest.items():
        assert re.fullmatch(r"dist/.+\.[0-9a-f]{12}\.\w+", built), name
        assert (folder / built).is_file()
    assert Assets(folder).url("js/main.js") == f"/static/{manifest['js/main.js']}"


def test_compressed_copies_hold_the_same(folder):
    manifest = build(folder)
    for name in ("js/live.js", "css/base.css"):
        plain = (folder / manifest[name]).read_bytes()
        assert gzip.decompress((folder / (manifest[name] + ".gz")).read_bytes()) == plain
        assert len(plain) < (folder / name).stat().st_size


def test_style_sheets_find_their_font(folder):
    manifest = build(folder)
    sheet = folder / manifest["css/tokens.css"]
    [font] = re.findall(r'url\("([^"]+)"\)', sheet.read_text("utf-8"))
    assert (sheet.parent / font).resolve().is_file()


def test_only_what_changed_changes_its_address(folder):
    before = build(folder)
    with (folder / "js" / "cells.js").open("a", encoding="utf-8") as file:
        file.write("export const more = 1;\n")
    after = build(folder)
    assert {name for name in before if before[name] != after[name]} == {"js/cells.js"}
    assert not (folder / before["js/cells.js"]).exists()


def test_what_minification_would_break_stops_the_build(folder):
    (folder / "js" / "bad.js").write_text("const a = `${`//`}`;", "utf-8")
    with pytest.raises(ValueError, match="nested template"):
        build(folder)


def test_every_module_that_is_imported_exists():
    known = {path.stem for path in (STATIC / "js").glob("*.js")}
    for path in (STATIC / "js").glob("*.js"):
        for name in re.findall(r'"tb/(\w+)"', path.read_text("utf-8")):
            assert name in known, f"{path.name} imports {name}"
