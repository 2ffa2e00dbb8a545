"""The strict reader: what it refuses, and on which line."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.strict_yaml import StrictYamlError, read_document


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "stands twice, first on line 1"),
        ("a: &x 1\nb: 2\n", 1, "anchor &x"),
        ("a:\n  - 1\n  - *x\n", 3, "alias *x"),
        ("a: !!python/object:os.system x\n", 1, "tag"),
        ("base: 1\nb:\n  <<: {c: 1}\n", 3, "merge key"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: [1, 2\nb: 3\n", 2, "not YAML"),
        ("a:\n\t- 1\n", 2, "not YAML"),
        ("? [x]\n: 1\n", 1, "a key must be plain text"),
        ("", 1, "is empty"),
        ("a: 1\nb: 1e400\n", 2, "too large"),
        ("a: [1, -99999999999999999999]\n", 1, "too large"),
        ('a: "\\ud800"', 1, "not YAML"),
        ("a: " + "[" * 60 + "]" * 60, 1, "nested deeper"),
    ],
)
def test_refuses_with_the_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(StrictYamlError) as refused:
        read_document(text)
    assert refused.value.line == line
    assert problem in refused.value.problem


def test_a_billion_laughs_are_refused_before_they_are_built() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(40))
    with pytest.raises(StrictYamlError, match="anchor"):
        read_document(bomb)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("12:30", "12:30"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("2026-12-31", "2026-12-31"),
        ("-3", -3),
        ("1.5e3", 1500.0),
        (".inf", ".inf"),
        ("'3'", "3"),
        ("null", None),
        ("", None),
    ],
)
def test_types_are_not_guessed(text: str, value: object) -> None:
    assert read_document(f"a: {text}\n").value == {"a": value}


_TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8)
_KEY = _TEXT.filter(lambda key: key != "<<")  # is refused, quoted or not
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEY, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_KEY.filter(bool), _JSON, min_size=1))
def test_reads_back_what_json_wrote(value: dict[str, object]) -> None:
    """JSON with quoted strings is YAML; every value has a line."""
    text = json.dumps(value, ensure_ascii=True)
    assert read_document(text).value == value


@given(st.text(max_size=200))
def test_any_text_reads_or_is_refused(text: str) -> None:
    with contextlib.suppress(StrictYamlError):
        read_document(text)
