"""Sealed fields open where they were sealed and nowhere else, whatever is done to their bytes."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.crypto import (
    DERIVED,
    OVERHEAD,
    Place,
    Tampered,
    blind_index,
    master_keys,
    new_key,
    seal,
    unseal,
    version_of,
)
from app.errors import Misconfigured

SECRET = "thirty-two characters or more of it"
KEY = bytes(range(32))
HERE = Place(scope=1, table="users", column="email", row=7)

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)
numbers = st.integers(0, 2**40)
places = st.builds(
    Place,
    numbers,
    st.sampled_from(("users", "assets")),
    st.sampled_from(("email", "name")),
    numbers,
)


@given(texts, places, st.integers(1, 65_535))
def test_what_is_sealed_opens_in_its_place(text, place, version):
    sealed = seal(KEY, version, place, text)
    assert unseal(KEY, place, sealed) == text
    assert version_of(sealed) == version
    assert len(sealed) == OVERHEAD + len(text.encode())


@given(texts, places, places)
def test_a_field_opens_in_no_other_place(text, one, other):
    sealed = seal(KEY, 1, one, text)
    if one != other:
        with pytest.raises(Tampered):
            unseal(KEY, other, sealed)


@pytest.mark.parametrize(
    "moved", [{"scope": 2}, {"table": "assets"}, {"column": "name"}, {"row": 8}]
)
def test_each_part_of_the_place_counts(moved):
    with pytest.raises(Tampered):
        unseal(KEY, replace(HERE, **moved), seal(KEY, 1, HERE, "alice@laurentia.example"))


@given(texts, st.data())
def test_no_bit_can_be_flipped(text, data):
    sealed = bytearray(seal(KEY, 3, HERE, text))
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Tampered):
        unseal(KEY, HERE, bytes(sealed))


@given(st.binary(max_size=80))
def test_bytes_that_were_never_sealed_do_not_open(junk):
    with pytest.raises(Tampered):
        unseal(KEY, HERE, junk)


@given(texts)
def test_equal_texts_are_sealed_differently(text):
    assert seal(KEY, 1, HERE, text) != seal(KEY, 1, HERE, text)


def test_the_index_is_equal_for_equal_texts_alone():
    index = blind_index(KEY, 1, "users", "email", "Élise@Laurentia.example")
    assert len(index) == 16
    # Composed or not, whatever the case: one address.
    assert blind_index(KEY, 1, "users", "email", "E\u0301LISE@laurentia.EXAMPLE") == index
    others = {
        blind_index(KEY, 1, "users", "email", "elise@laurentia.example"),
        blind_index(KEY, 2, "users", "email", "Élise@Laurentia.example"),
        blind_index(KEY, 1, "users", "name", "Élise@Laurentia.example"),
        blind_index(KEY, 1, "assets", "email", "Élise@Laurentia.example"),
        blind_index(new_key(), 1, "users", "email", "Élise@Laurentia.example"),
        index,
    }
    assert len(others) == 6


def named(*numbers):
    return ",".join(f"{n}:{base64.b64encode(bytes([n]) * 32).decode()}" for n in numbers)


def test_a_data_key_opens_only_for_whom_it_was_wrapped():
    masters = master_keys(named(1, 2), SECRET)
    number, wrapped = masters.wrap(KEY, "1|field|1")
    assert number == 2
    assert masters.unwrap(number, wrapped, "1|field|1") == KEY
    for bound in ("2|field|1", "1|index|1", "1|field|2"):
        with pytest.raises(Misconfigured, match="Key 2"):
            masters.unwrap(number, wrapped, bound)


def test_the_master_key_of_the_secret_stays_when_others_come():
    number, wrapped = master_keys("", SECRET).wrap(KEY, "0|field|1")
    assert number == DERIVED
    assert master_keys(named(1), SECRET).unwrap(number, wrapped, "0|field|1") == KEY


def test_a_missing_or_wrong_master_key_is_named():
    number, wrapped = master_keys(named(1), SECRET).wrap(KEY, "0|field|1")
    with pytest.raises(Misconfigured, match="lacks key 1"):
        master_keys("", SECRET).unwrap(number, wrapped, "0|field|1")
    with pytest.raises(Misconfigured, match="SECRET_KEY"):
        master_keys("", SECRET).unwrap(DERIVED, wrapped, "0|field|1")


@pytest.mark.parametrize(
    "text",
    ["x", "0:" + "A" * 43 + "=", "1:AAAA", "²:" + "A" * 43 + "=", "1:é", f"{named(1)},{named(1)}"],
)
def test_field_keys_that_are_none_are_refused(text):
    with pytest.raises(Misconfigured, match="FIELD_KEYS"):
        master_keys(text, SECRET)
