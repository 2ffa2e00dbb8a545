import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.monitoring.dossier.tables import Cell, figures, number, table


def test_no_row_is_no_table():
    assert table("x", ("A",), []) is None


def test_a_row_of_another_width_is_refused():
    with pytest.raises(ValueError, match="another number of cells"):
        table("x", ("A", "B"), [("one",)])


def test_texts_become_cells():
    found = table("x", ("A", "B"), [("one", Cell("two", "code"))])
    assert found is not None
    assert found.rows[0] == (Cell("one"), Cell("two", "code"))


def test_what_is_not_known_is_said_to_be_so():
    assert number(None).text == "not known"
    assert number(1234.5, 2).text == "1,234.50"
    assert number(0).text == "0"


def test_nested_values_and_broken_bodies_are_left_to_the_record():
    assert figures('{"a": 1, "b": {"c": 2}, "d": [3], "e": "x", "f": ""}') == "a 1; e x"
    assert figures("not json") == ""
    assert figures("[1]") == ""
    assert figures('{"yes": true, "p_value": 0.00012345}') == "yes yes; p value 0.0001234"


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(), max_size=20))
def test_more_figures_than_fit_are_counted(body: dict[str, int]):
    said = figures(body)
    shown = said.split("; and ")[0]
    assert len(shown.split("; ")) <= 8 or not body
    assert ("more in the record" in said) == (len(body) > 8)
