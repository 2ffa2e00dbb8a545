"""One byte form of a JSON value, whichever way it is made."""

from collections import OrderedDict
from enum import IntEnum, StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernel.digests import canonical_json, digest_of, sha256_hex


class Word(StrEnum):
    """Text that is an enum too."""

    A = "a"


class Number(IntEnum):
    """A number that is an enum too."""

    ONE = 1


_TEXT = st.text(st.characters())  # surrogates included
_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**53 - 3, 2**53 + 3)
    | st.floats()
    | _TEXT
    | st.sampled_from([Word.A, Number.ONE, b"bytes", OrderedDict(b=1, a=2)]),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(_TEXT | st.integers(), inner)
    ),
    max_leaves=12,
)


@given(_ANY)
def test_the_bytes_are_those_of_rfc_8785_or_its_refusal(value: Any) -> None:
    try:
        wanted = rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as refused:
        with pytest.raises(type(refused)):
            canonical_json(value)
    except UnicodeEncodeError:  # its own, of half a pair in a key
        with pytest.raises(UnicodeEncodeError):
            canonical_json(value)
    else:
        assert canonical_json(value) == wanted


@given(st.dictionaries(_TEXT, _ANY) | _ANY)
def test_a_digest_is_that_of_the_bytes(value: Any) -> None:
    try:
        wanted = sha256_hex(canonical_json(value))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as refused:
        with pytest.raises(type(refused)):
            digest_of(value)
    else:
        assert digest_of(value) == wanted


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 3))
def test_a_long_text_is_digested_in_parts(text: str, repeats: int) -> None:
    long = (text + '"\\\n\U0001f600') * (40_000 * repeats)
    value = {"b": long, "a": text, "c": [long[:10]], "": 1}
    assert digest_of(value) == sha256_hex(canonical_json(value))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        ('\u2028\x7f\x1f\n"\\/', '"\u2028\x7f\\u001f\\n\\"\\\\/"'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'),
        ({"x": 1.0, "y": 1e21}, '{"x":1,"y":1e+21}'),
    ],
)
def test_what_the_rfc_says(value: Any, wanted: str) -> None:
    assert canonical_json(value).decode() == wanted
