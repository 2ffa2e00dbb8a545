import json
from datetime import UTC, datetime, timedelta

import pytest

from tasks.communication.facts import Facts, Holdings, Links, tell, verdict_sentence
from tasks.records.access import Approval, Grant, Packet
from tasks.records.essay import Publication
from tests.fakes.configs import retirement

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
DIGEST = "d" * 64


def facts(held: Holdings, site: str = "") -> Facts:
    links = Links(help="/p/h", calendar="/p/c", feed="/p/f", apply="", site=site)
    return tell(retirement(), held, labels={}, links=links, now=NOW)


def packet(expires: datetime = NOW + timedelta(days=14)) -> Packet:
    body = {"approvals_needed": 2, "proposal": "limited_pilot"}
    return Packet(
        digest=DIGEST,
        model_id="aster-1",
        body=json.dumps(body),
        basis="b",
        proposed_at=NOW - timedelta(days=30),
        expires_at=expires,
    )


def approval(person: str) -> Approval:
    return Approval(
        id=person,
        model_id="aster-1",
        packet_digest=DIGEST,
        person=person,
        fingerprint=f"SHA256:{person}",
        signature="s",
        received_at=NOW,
    )


def test_without_records_nothing_is_claimed():
    told = facts(Holdings())
    assert told.kept is None
    assert told.findings == ()
    assert told.access.sentence == "Not yet decided."
    assert told.essays == "Not yet decided."
    assert told.essay_site == ""


def test_a_proposal_is_no_decision():
    told = facts(Holdings(packet=packet(), approvals=(approval("ada"),)))
    assert told.access.state == "proposed"
    assert "a limited pilot is proposed, with 1 of 2 signatures" in told.access.sentence
    assert "ada" not in told.access.sentence


def test_a_proposal_that_expired_unsigned_is_no_proposal():
    told = facts(Holdings(packet=packet(expires=NOW)))
    assert (told.access.state, told.access.digest) == ("undecided", "")


def test_a_signed_packet_gives_its_terms():
    grant = Grant(
        id="g",
        model_id="aster-1",
        packet_digest=DIGEST,
        kind="research_api",
        starts_at=NOW,
        ends_at=NOW + timedelta(days=180),
    )
    both = (approval("ada"), approval("bo"))
    told = facts(Holdings(packet=packet(expires=NOW), approvals=both, grants=(grant,)))
    assert told.access.state == "decided"
    (term,) = told.access.terms
    assert term.text == "researchers may apply for access"
    assert term.ends_on == "2027-05-30"


@pytest.mark.parametrize(
    ("verdict", "polarity", "words"),
    [
        ("stable", "want", "it wants this"),
        ("stable", "reject", "it does not want this"),
        ("stable", "none", "does not support"),
        ("context-dependent", "none", "depend on the setting"),
        ("something_new", "want", "does not support"),
    ],
)
def test_verdicts_in_plain_words(verdict: str, polarity: str, words: str):
    assert words in verdict_sentence(verdict, polarity)


PUBLISHED = Publication(
    slot_id="aster-1-2026-11-30",
    model_id="aster-1",
    sha256="d",
    location="/home/someone/site/essays/aster-1-2026-11-30/index.html",
    published_at=NOW,
)


@pytest.mark.parametrize(
    "location", ["javascript:alert(1)", "data:text/html,x", "essays/1", "/s/i", "file:///s/i", ""]
)
def test_only_what_people_elsewhere_can_open_becomes_a_link(location: str):
    told = facts(Holdings(publications=(PUBLISHED,)), site=location)
    assert (told.essay_site, told.help_link, told.calendar_link) == ("", "", "")
    assert told.essays == (
        "1 essay published after review by a person. The essay site has no public address yet; "
        "once it has one, it is linked here."
    )


def test_the_essay_site_is_linked_once_something_serves_it():
    site = "https://essays.example.org/"
    told = facts(Holdings(publications=(PUBLISHED, PUBLISHED)), site=site)
    assert told.essay_site == site
    assert told.essays == "2 essays published after review by a person."
    assert facts(Holdings(), site=site).essay_site == ""
