"""A mistake in the configuration is named with its file, its line and what would be right."""

from pathlib import Path

import pytest

from collector import config
from collector.config import ConfigError
from collector.drivers.base import OptionError, load
from collector.links.spec import LinkConfigError, from_text
from collector.wire.sending import Sending

GOOD = """\
portal = "https://bms.example.org"
state = "/tmp/state"
quota_mb = 50

[[device]]
asset = "P1"
driver = "foxbms"
link = { kind = "slcan", port = "/dev/ttyACM0" }
options = { strings = 2 }

[[device]]
asset = "P2"
driver = "modbus"
interval = 2
[device.link]
kind = "modbus-rtu"
port = "/dev/ttyUSB0"
[device.options]
profile = "generic"
"""


def loaded(tmp_path, text):
    path = tmp_path / "collector.toml"
    path.write_text(text, "utf-8")
    return config.load(path)


def test_a_good_configuration(tmp_path):
    found = loaded(tmp_path, GOOD)
    assert [d.asset for d in found.devices] == ["P1", "P2"]
    assert found.quota == 50 << 20
    assert str(found.devices[0].link) == "slcan:/dev/ttyACM0:500000:115200"
    assert found.devices[1].link.settings["baud"] == 9600
    assert found.devices[1].interval == 2.0


def test_a_register_table_is_looked_for_beside_the_configuration(tmp_path, monkeypatch):
    table = Path(config.__file__).parent / "registers" / "profiles" / "generic.toml"
    (tmp_path / "site" / "tables").mkdir(parents=True)
    (tmp_path / "site" / "tables" / "ours.toml").write_text(table.read_text("utf-8"), "utf-8")
    text = GOOD.replace('"generic"', '"tables/ours.toml"')
    (tmp_path / "site" / "collector.toml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    found = config.load(Path("site/collector.toml"))
    assert found.devices[1].options["profile"] == str(Path("site/tables/ours.toml"))
    assert found.devices[1].driver.decoder("P2", found.devices[1].options).requests(0)
    with pytest.raises(OptionError, match=r"tables/ours.toml"):  # `decode` has no configuration
        load("modbus").decoder("P2", {"profile": "tables/ours.toml"})


def test_the_example_is_a_good_configuration(tmp_path):
    text = Path(config.__file__).with_name("collector.example.toml").read_text("utf-8")
    assert loaded(tmp_path, text).devices == ()
    uncommented = "\n".join(
        line.removeprefix("# ") if line.startswith(("# [[", "# asset", "# driver", "# link", "# options", "# interval"))
        else line
        for line in text.splitlines()
    )  # fmt: skip
    assert len(loaded(tmp_path, uncommented).devices) == 10


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("quota_mb = 50", "quota_mb = ", 3, "value"),
        ("quota_mb = 50", "quota_mb = 0", 3, "quota_mb"),
        ("quota_mb = 50", "quota = 50", 3, "quota is unknown"),
        ("https://", "gopher://", 1, "https"),
        ('"P1"', '"P 1"', 6, "asset"),
        ('asset = "P2"\n', "", 11, "asset is missing"),
        ('"P2"', '"P1"', 12, "occurs twice"),
        ('"foxbms"', '"foxbm"', 7, "there is no driver foxbm"),
        ("strings = 2", "strings = 0", 9, "strings"),
        ("strings = 2", "springs = 2", 9, "springs"),
        ('"slcan"', '"slican"', 8, "kind must be one of"),
        ('"slcan"', '"serial"', 8, "not read over serial, but over can, slcan"),
        ("/dev/ttyACM0", "/dev/ttyUSB0", 17, "already used"),
        ("interval = 2", "interval = 0", 14, "interval"),
        ("interval = 2", 'interval = "2"', 14, "a number"),
        ('port = "/dev/ttyUSB0"', 'ports = "/dev/ttyUSB0"', 17, "no ports"),
        ('profile = "generic"', 'profile = "missing"', 18, "profile"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, old, new, line, says):
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, GOOD.replace(old, new, 1))
    assert says in str(caught.value)
    assert (caught.value.line, caught.value.path.name) == (line, "collector.toml")


MISSPELT = [
    ("quota_mb = 50", "quota_MB = 50", 3, "quota_mb"),
    ("quota_mb = 50", "[pushing]\nshortest = 1", 3, "push"),
    ("quota_mb = 50", "[push]\nshortst = 1", 4, "shortest"),
    ("quota_mb = 50", "[remote]\nalow = true", 4, "allow"),
    ("quota_mb = 50", '[status]\nlisen = "x"', 4, "listen"),
    ("quota_mb = 50", '[push]\nwithout = ["cell_temprature"]', 4, "cell_temperature"),
    ('driver = "foxbms"', 'drivr = "foxbms"', 7, "driver"),
    ('"foxbms"', '"fox-bms"', 7, "foxbms"),
    ('"slcan"', '"slcn"', 8, "slcan"),
    ('port = "/dev/ttyACM0"', 'prot = "/dev/ttyACM0"', 8, "port"),
    ("strings = 2", "sting = 2", 9, "strings"),
    ("strings = 2", 'positive_current = "dicharge"', 9, "discharge"),
    ('kind = "modbus-rtu"', 'kind = "modbus_rtu"', 15, "modbus-rtu"),
    ('profile = "generic"', 'profil = "generic"', 19, "profile"),
]


@pytest.mark.parametrize(("old", "new", "line", "meant"), MISSPELT)
def test_the_right_spelling_is_suggested(tmp_path, old, new, line, meant):
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, GOOD.replace(old, new, 1))
    assert f"did you mean {meant}?" in str(caught.value)
    assert caught.value.line == line


def test_the_sections_of_a_site(tmp_path):
    sections = """
[push]
shortest = 30
longest = 900
without = ["cell_temperature"]
[remote]
allow = false
[status]
listen = "[::1]:8787"
"""
    found = loaded(tmp_path, sections + GOOD.partition("\n\n")[2])
    assert found.sending == Sending(30.0, 900.0, ("cell_temperature",))
    assert (found.remote, found.status) == (False, ("::1", 8787))
    usual = loaded(tmp_path, GOOD)
    assert (usual.sending, usual.remote, usual.status) == (Sending(), True, None)


@pytest.mark.parametrize(
    ("section", "line", "says"),
    [
        ("[push]\nshortest = 0.1", 2, "from 0.5"),
        ("[push]\nshortest = 60\nlongest = 30", 2, "must not exceed"),
        ('[push]\nwithout = ["current"]', 2, "always sent"),
        ('[push]\nwithout = ["nonsense"]', 2, "no metric"),
        ('[push]\nwithout = "soc"', 2, "a list"),
        ('[remote]\nallow = "yes"', 2, "true or false"),
        ('[status]\nlisten = "8787"', 2, "address:port"),
        ('[status]\nlisten = "h:0"', 2, "address:port"),
        ("[status]", 1, "listen is missing"),
        ("push = 3", 1, "a table"),
    ],
)
def test_a_mistake_in_a_section_is_named(tmp_path, section, line, says):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, section)
    assert says in str(caught.value)
    assert caught.value.line == line


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "missing.toml")


def test_links_in_one_word():
    link = from_text("can:virtual:bus")
    given = {"interface": "virtual", "channel": "bus", "bitrate": 500_000}
    assert link.settings | given == link.settings
    assert from_text("modbus-tcp:10.0.0.7").settings["port"] == 502
    assert from_text("serial:/dev/ttyUSB0:9600").settings["baud"] == 9600


@pytest.mark.parametrize("text", ["", "usb:1", "tcp:host", "tcp:host:http", "serial:a:1:2"])
def test_links_that_cannot_be(text):
    with pytest.raises(LinkConfigError):
        from_text(text)
