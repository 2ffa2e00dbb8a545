"""Owners read beside the terms of access that a legal hold prolongs none of them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tasks.communication.core import due_notices
from tasks.communication.facts import Facts, Holdings, Links, tell
from tasks.communication.render import notice_text, page_bytes
from tasks.records.access import Grant
from tests.fakes.configs import retirement
from tests.tasks.communication.test_facts import DIGEST, NOW, approval, packet

WORDS = "end on their days, hold or no hold"


def _facts(*, hold: bool, granted: bool = True) -> Facts:
    grant = Grant(
        id="g",
        model_id="aster-1",
        packet_digest=DIGEST,
        kind="paid_users",
        starts_at=NOW,
        ends_at=NOW + timedelta(days=180),
    )
    held = Holdings(packet=packet(), approvals=(approval("ada"), approval("bo")), grants=(grant,))
    held = held if granted else replace(held, grants=())
    links = Links(help="", calendar="", feed="", apply="", site="")
    config = retirement(candidate={"legal_hold": hold})
    return tell(config, held, labels={}, links=links, now=NOW)


def _notice(facts: Facts) -> str:
    config = retirement(candidate={"legal_hold": facts.legal_hold})
    (notice,) = due_notices(config, (), NOW)
    return notice_text(facts, notice, date(2026, 12, 1))[1]


@pytest.mark.parametrize(
    ("hold", "granted", "told"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_under_a_hold_the_terms_are_told_to_end_all_the_same(
    hold: bool, granted: bool, told: bool
) -> None:
    facts = _facts(hold=hold, granted=granted)
    assert (WORDS in _notice(facts)) is told
    assert (WORDS in page_bytes(facts, "help.html").decode()) is told
