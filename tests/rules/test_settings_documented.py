"""docs/settings.md and .env.example say exactly what the settings are."""

from dataclasses import MISSING, fields

from app.settings import ROOT, Settings

HINT = "docs/settings.md should hold:\n\n"


def _default(entry) -> str:
    if entry.default is MISSING:
        return "required"
    if entry.name == "data_dir":
        return "`var`"
    return f"`{entry.default}`" if entry.default != "" else "empty"


def _table() -> str:
    rows = [
        f"| `{entry.name.upper()}` | {_default(entry)} | {entry.metadata['help']} |"
        for entry in fields(Settings)
    ]
    return "\n".join(["| Variable | Default | What it decides |", "| --- | --- | --- |", *rows])


def test_every_setting_is_in_the_table():
    table = _table()
    assert table in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8"), HINT + table


def test_every_setting_is_in_the_example():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = [line.lstrip("# ").partition("=")[0] for line in example.splitlines() if "=" in line]
    assert named == [entry.name.upper() for entry in fields(Settings)]


def test_the_example_is_refused_as_it_is():
    """Whoever copies it must choose a secret."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert "\nSECRET_KEY=\n" in f"\n{example}"
