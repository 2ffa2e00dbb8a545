"""Digests, ids, instants, retry rules."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernel.digests import canonical_json, digest_of, stable_id
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.kernel.instants import from_text, to_text, to_utc
from tasks.kernel.retry import is_transient


@given(
    st.datetimes(
        datetime(2, 1, 1),
        datetime(9998, 1, 1),
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]),
    )
)
def test_an_instant_reads_back(instant: datetime) -> None:
    assert from_text(to_text(instant)) == instant


@given(*[st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))] * 2)
def test_texts_sort_as_instants_do(one: datetime, other: datetime) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_utc(datetime(2026, 1, 1))


@given(st.dictionaries(st.text(max_size=5), st.integers(-1000, 1000) | st.text(max_size=5)))
def test_equal_values_give_equal_bytes(value: dict[str, object]) -> None:
    shuffled = dict(sorted(value.items(), reverse=True))
    assert canonical_json(value) == canonical_json(shuffled)
    assert digest_of(value) == digest_of(shuffled)


def test_ids_tell_their_parts_apart() -> None:
    assert stable_id("a", "bc") != stable_id("ab", "c")
    assert stable_id("a", 1) != stable_id("a", "1")


@pytest.mark.parametrize(
    ("fault", "transient"),
    [
        (EndpointBusy("x"), True),
        (EndpointBusy("x", until=datetime(2026, 12, 1, tzinfo=UTC)), False),
        (ConnectionResetError(), True),
        (EndpointFault("x"), False),
        (ValueError(), False),
        (None, False),
    ],
)
def test_only_faults_of_the_moment_are_retried(fault: object, transient: bool) -> None:
    assert is_transient(None, None, SimpleNamespace(data=fault)) is transient
