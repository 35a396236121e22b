"""Chunks give back exactly what was written, with and without NumPy, or say that they cannot."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.processor import columns, hot
from app.processor.chunks import Chunk, ChunkError, encode, from_block
from app.processor.chunks import Column as KeptColumn
from collector.wire.alarms import Alarm
from collector.wire.block import Block, Change, Column

GOLDEN = Path(__file__).parents[1] / "data" / "chunks"
NEVER = 1 << 60

integers = st.one_of(
    st.integers(-(1 << 52), 1 << 52), st.integers(-300, 300), st.sampled_from([0, 3300, 3301])
)


@st.composite
def blocks(draw, most=40):
    count = draw(st.integers(1, most))
    steps = draw(st.lists(st.integers(1, 1 << 33), min_size=count, max_size=count))
    times = [draw(st.integers(0, 1 << 45))]
    for step in steps[1:]:
        times.append(times[-1] + step)
    column = st.lists(st.one_of(st.none(), integers), min_size=count, max_size=count)
    values = draw(st.dictionaries(st.sampled_from(["soc", "current", "x_own"]), column))
    cells = draw(st.lists(column, max_size=4))
    at = draw(st.lists(st.integers(0, count - 1), unique=True, max_size=3))
    return Block(
        asset="EDS-1",
        seq=0,
        times=tuple(times),
        values={code: Column(2, tuple(items)) for code, items in values.items()},
        arrays={"cell_voltage": tuple(Column(3, tuple(items)) for items in cells)} if cells else {},
        changes=tuple(
            Change(
                i, {"mode": f"m{i}", "charging": i % 2 == 0}, (Alarm("soc_low", "warning", None),)
            )
            for i in sorted(at)
        ),
    )


@pytest.fixture(params=[0, NEVER], ids=["numpy", "plain"])
def path(request, monkeypatch):
    reading_with(monkeypatch, request.param)


def reading_with(patch, threshold):
    """Use NumPy from so many numbers on."""
    patch.setattr(columns, "NUMPY_FROM", threshold)
    if threshold == NEVER:
        patch.setattr(hot, "numpy", lambda: None)


def same(block, chunk):
    back = chunk.to_block("EDS-1")
    assert list(back.readings()) == list(trimmed(block).readings())


def encoded(block):
    """The block in the form in which many are kept together."""
    series = {(code, None): column for code, column in block.values.items()}
    for code, each in block.arrays.items():
        series |= {(code, i): column for i, column in enumerate(each)}
    kept = {}
    for key, column in series.items():
        present = [i is not None for i in column.integers]
        known = [i for i in column.integers if i is not None]
        kept[key] = KeptColumn(column.digits, known, None if all(present) else present)
    return encode(block.times, kept, block.changes)


def trimmed(block):
    """Without the last array elements that are unknown throughout: absence and unknown agree."""
    arrays = {}
    for code, series in block.arrays.items():
        known = [
            i for i, column in enumerate(series) if any(v is not None for v in column.integers)
        ]
        if known:
            arrays[code] = series[: known[-1] + 1]
    return Block(block.asset, 0, block.times, block.values, arrays, block.changes)


@given(block=blocks())
@settings(max_examples=60, deadline=None)
def test_a_block_comes_back_exactly(block):
    written = from_block(block), encoded(block)
    for threshold in (0, NEVER):
        with pytest.MonkeyPatch.context() as patch:
            reading_with(patch, threshold)
            for data in written:
                same(block, Chunk(data))


@given(block=blocks())
@settings(max_examples=60, deadline=None)
def test_long_chunks_are_written_alike_with_and_without_numpy(block):
    written = []
    for threshold in (0, NEVER):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(columns, "NUMPY_FROM", threshold)
            written.append(encoded(block))
    assert written[0] == written[1]


def long_block(count=3000):
    noise = random.Random(7)
    times = [1_767_225_600_000 + 1000 * i for i in range(count)]
    volts = tuple(3300 + noise.randrange(-4, 5) for _ in times)
    holes = tuple(None if noise.random() < 0.1 else noise.randrange(9000) for _ in times)
    return Block(
        "EDS-1", 0, tuple(times),
        {"soc": Column(2, holes), "soh": Column(0, (97,) * count)},
        {"cell_voltage": (Column(3, volts), Column(3, (None,) * count), Column(3, volts))},
        (Change(5, {"mode": "idle"}, ()),),
    )  # fmt: skip


def test_long_chunks_come_back_either_way(path):
    block = long_block()
    same(block, Chunk(from_block(block)))
    same(block, Chunk(encoded(block)))


def test_one_column_is_read_without_inflating_the_others():
    chunk = Chunk(encoded(long_block()))
    assert chunk.values(("soh", None))[:2] == [97.0, 97.0]
    assert len(chunk._inflated) == 1


def test_unknown_is_absent_and_never_zero():
    chunk = Chunk(from_block(long_block()))
    values, array = chunk.values(("soc", None)), chunk.array(("soc", None))
    assert [v is None for v in values] == [x != x for x in array.tolist()]
    assert values.count(None) > 100
    assert chunk.values(("pack_voltage", None)) == [None] * 3000


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_damage_is_noticed(data):
    block = data.draw(blocks(most=12))
    good = data.draw(st.sampled_from([from_block, encoded]))(block)
    at = data.draw(st.integers(0, len(good) - 1))
    bit = data.draw(st.integers(0, 7))
    damaged = bytearray(good)
    damaged[at] ^= 1 << bit
    with pytest.raises(ChunkError):
        Chunk(bytes(damaged)).check()


@pytest.mark.parametrize("cut", [0, 3, 31, -1, -20])
def test_a_chunk_cut_short_is_noticed(cut):
    with pytest.raises(ChunkError):
        Chunk(from_block(long_block(20))[:cut])


def test_an_unknown_version_says_so():
    data = bytearray(from_block(long_block(20)))
    data[4] = 9
    with pytest.raises(ChunkError, match="version 9"):
        Chunk(bytes(data))


def golden_files():
    return sorted(GOLDEN.glob("*.chunk"))


def test_there_are_recorded_chunks():
    assert {path.name.split("-")[0] for path in golden_files()} == {"v1", "v2", "v3"}


@pytest.mark.parametrize("file", golden_files(), ids=lambda file: file.stem)
def test_recorded_chunks_decode_for_ever(file, path):
    chunk = Chunk(file.read_bytes())
    expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert [reading.to_json() for reading in chunk.to_block("EDS-1").readings()] == expected


@pytest.mark.parametrize("write", [from_block, lambda block: encoded(block)], ids=["hot", "kept"])
def test_the_standard_library_is_enough(tmp_path, write):
    """Read in a process where NumPy cannot be imported."""
    script = (
        "import sys; sys.modules['numpy'] = None\n"
        "from app.processor.chunks import Chunk\n"
        "chunk = Chunk(open(sys.argv[1], 'rb').read())\n"
        "print(sum(v for v in chunk.values(('soc', None)) if v is not None))\n"
    )
    file = tmp_path / "long.chunk"
    block = long_block()
    file.write_bytes(write(block))
    answer = subprocess.run(
        [sys.executable, "-c", script, str(file)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    expected = sum(v for v in block.values["soc"].values() if v is not None)
    assert float(answer.stdout) == pytest.approx(expected)
