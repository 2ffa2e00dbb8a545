"""Ledger and gateway compared, without either."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.access.gateway.reconcile import Finding, Rules, compare, outcomes
from tasks.ports.gateway import GrantedAccess, KeyAtGateway
from tests.fakes.clock import FakeClock
from tests.fakes.grants import NAMES, granted

NOW = FakeClock().now()
RULES = Rules(NAMES, closed=True, block_foreign=False, tells_term=True)
ENDS = NOW + timedelta(days=30)


def there(token: str = "t", **fields: object) -> KeyAtGateway:
    key = KeyAtGateway(token, "g1", "acme", names=NAMES, ends_at=ENDS)
    return replace(key, **fields)  # type: ignore[arg-type]


def found(
    *keys: KeyAtGateway, grant: GrantedAccess | None = None, rules: Rules = RULES
) -> list[tuple[str, str, str]]:
    grants = [grant if grant is not None else granted(NOW, "t")]
    ledger = {"t": "g1", "closed": "g1"}
    return [(one.what, one.token_id, one.do) for one in compare(grants, ledger, keys, rules, NOW)]


def test_what_agrees_is_no_finding() -> None:
    assert found(there()) == []
    assert found(there(ends_at=ENDS - timedelta(seconds=3), names=tuple(reversed(NAMES)))) == []


@pytest.mark.parametrize(
    "grant",
    [
        granted(NOW, "t", revoked_at=NOW),
        granted(NOW - timedelta(days=31), "t"),
        granted(NOW + timedelta(seconds=1), "t"),
    ],
    ids=["revoked", "ended", "not begun"],
)
def test_a_key_that_lives_beside_its_grants_term_is_revoked(grant: GrantedAccess) -> None:
    assert found(there(), grant=grant) == [("lives_on", "t", "revoke")]
    assert found(there(live=False), grant=grant) == []


def test_a_key_that_was_closed_here_is_closed_there() -> None:
    assert found(there(), there("closed")) == [("lives_on", "closed", "revoke")]


def test_a_key_of_ours_that_no_record_knows_is_revoked_once_it_is_old() -> None:
    old = there("x", made_at=NOW - timedelta(minutes=10))
    assert found(there(), old) == [("nobodys", "x", "revoke")]
    assert found(there(), replace(old, made_at=None)) == [("nobodys", "x", "revoke")]
    assert found(there(), replace(old, made_at=NOW)) == [("nobodys", "x", "wait")]


def test_a_foreign_key_is_closed_only_if_told_so_and_only_if_it_opens_nothing_else() -> None:
    alone = there("x", grant_id="", names=("aster-1",))
    wide = replace(alone, names=("aster-1", "aster-2"))
    every = replace(alone, names=None)
    block = replace(RULES, block_foreign=True)
    assert found(there(), alone) == [("foreign", "x", "report")]
    assert found(there(), alone, rules=block) == [("foreign", "x", "revoke")]
    for key in (wide, every):
        assert found(there(), key, rules=block) == [("foreign", "x", "report")]
    assert found(there(), alone, rules=replace(block, closed=False)) == []


def test_what_a_person_closed_at_the_gateway_stays_closed() -> None:
    assert found(there(live=False)) == [("closed_there", "t", "report")]


def test_models_and_end_are_brought_back() -> None:
    assert found(there(names=None)) == [("wrong_models", "t", "amend")]
    assert found(there(names=("aster-1",))) == [("wrong_models", "t", "amend")]
    assert found(there(ends_at=None)) == [("wrong_end", "t", "amend")]
    assert found(there(ends_at=ENDS + timedelta(days=1))) == [("wrong_end", "t", "amend")]
    over = there(live=False, ends_at=NOW - timedelta(days=1))
    assert found(over) == [("wrong_end", "t", "amend")]


def test_a_missing_key_is_told_where_only_a_new_one_helps() -> None:
    assert found() == [("missing", "t", "report")]
    assert found(rules=replace(RULES, tells_term=False)) == [("missing", "t", "apply")]


def test_outcomes_tell_what_is_left() -> None:
    one = Finding("lives_on", "a", "g", "", "revoke")
    two = Finding("foreign", "b", "", "", "report")
    three = Finding("nobodys", "c", "g", "", "wait")
    assert [done for _, done in outcomes([one, two, three], [two, three])] == [
        "mended",
        "reported",
        "waits",
    ]
    assert outcomes([one], [one]) == [(one, "not mended")]


_tokens = st.sampled_from(["t", "u", "closed", "x", "y"])
_ends = st.sampled_from([None, ENDS, ENDS + timedelta(days=9), NOW - timedelta(days=1)])
_keys = st.builds(
    KeyAtGateway,
    token_id=_tokens,
    grant_id=st.sampled_from(["", "g1"]),
    live=st.booleans(),
    names=st.sampled_from([None, NAMES, ("aster-1",), ("aster-1", "aster-2")]),
    ends_at=_ends,
    made_at=st.sampled_from([None, NOW - timedelta(days=1)]),
)


@given(
    st.lists(_keys, unique_by=lambda one: one.token_id),
    st.sets(st.sampled_from(["t", "u"])),
    st.sampled_from([None, NOW]),
    st.booleans(),
    st.booleans(),
)
def test_one_pass_is_enough_and_nobody_is_let_in_by_it(
    keys: list[KeyAtGateway], live: set[str], revoked: object, closed: bool, block: bool
) -> None:
    grant = granted(NOW, *sorted(live), revoked_at=revoked)
    ledger = {"t": "g1", "u": "g1", "closed": "g1"}
    rules = Rules(NAMES, closed=closed, block_foreign=block, tells_term=True)
    first = compare([grant], ledger, keys, rules, NOW)
    revoke = {one.token_id for one in first if one.do == "revoke"}
    amend = {one.token_id for one in first if one.do == "amend"}
    assert not revoke & amend
    mended = [
        replace(key, live=False)
        if key.token_id in revoke
        else replace(key, names=NAMES, ends_at=ENDS, live=True)
        if key.token_id in amend
        else key
        for key in keys
    ]
    left = compare([grant], ledger, mended, rules, NOW)
    assert {one.do for one in left} <= {"report"}
    may_open = live if revoked is None else set()
    was_open = {key.token_id for key in keys if key.live}
    now_open = {key.token_id for key in mended if key.live}
    assert now_open - was_open <= may_open
    ours = {key.token_id for key in keys if key.grant_id or key.token_id in ledger}
    assert now_open & ours <= may_open
