"""Who may take which step, and what each needs."""

import unicodedata

import pytest

from tasks.access.applications.act import take_step
from tasks.access.applications.states import STEPS, Act, beside
from tasks.kernel.errors import DecisionRefused, NotFound, SignatureRefused
from tests.tasks.access.applications.scene import REQUIRED, Scene


def test_an_accepted_application_is_granted_by_the_next_pass(scene: Scene) -> None:
    packet = scene.open_programme(days=180)
    row = scene.submit()
    event = scene.decide(row.id, "accept", words="")
    assert (event.kind, event.person, event.packet_digest) == ("accepted", "alice", packet)
    assert scene.grants() == []
    assert scene.due().startswith("1 accepted application to be granted")
    scene.clock.advance(hours=5)
    scene.run_pass()
    (grant,) = scene.grants()
    assert (grant.holder, grant.application_id) == ("Rosa Lind", row.id)
    assert grant.packet_digest == packet
    assert grant.starts_at == scene.clock.now()
    assert (grant.ends_at - grant.starts_at).days == 60
    assert scene.due() == ""
    entries = scene.book.verify_audit()
    scene.run_pass()
    assert scene.book.verify_audit() == entries
    assert entries.problems == ()


def test_a_grant_never_outlasts_research_access_itself(scene: Scene) -> None:
    scene.open_programme(days=20)
    row = scene.submit(study_days=60)
    scene.decide(row.id, "accept")
    scene.clock.advance(days=5)
    scene.run_pass()
    assert (scene.grants()[0].ends_at - scene.clock.now()).days == 15


@pytest.mark.parametrize("left_out", REQUIRED)
def test_accepting_affirms_every_required_criterion(scene: Scene, left_out: str) -> None:
    scene.open_programme()
    row = scene.submit()
    some = tuple(one for one in REQUIRED if one != left_out)
    with pytest.raises(DecisionRefused, match=f"missing: {left_out}"):
        scene.decide(row.id, "accept", reasons=some)


@pytest.mark.parametrize(
    ("reasons", "words", "problem"),
    [
        ((), "No.", "name the criteria that are not met"),
        (("C-NICE",), "No.", "'C-NICE' is no published criterion"),
        (("C-DATA",), "  ", "the words: is empty"),
        (("C-DATA",), "x" * 4001, "has 4001 characters"),
        (("C-DATA",), "no \u202e thanks", "invisible character"),
        (("NO-PROGRAMME",), "No.", "an access decision grants research now"),
    ],
)
def test_declining_needs_published_reasons_and_words(
    scene: Scene, reasons: tuple[str, ...], words: str, problem: str
) -> None:
    scene.open_programme()
    row = scene.submit()
    act = Act("declined", words, reasons)
    with pytest.raises(DecisionRefused, match=problem):
        scene.statement(row.id, act)


def test_the_criteria_are_those_that_stood_when_it_came(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    first = scene.config.access.applications.criteria[0]
    other = first.model_copy(update={"id": "C-OTHER"})
    scene.set(criteria=(other,))
    assert "C-OTHER" not in scene.case(row.id).terms.ids
    scene.decide(row.id, "decline", reasons=("C-PURPOSE",))
    later = scene.submit(study_days=61)
    assert scene.case(later.id).terms.ids == ("C-OTHER",)


def test_without_a_programme_it_can_be_declined_and_not_accepted(scene: Scene) -> None:
    row = scene.submit()
    with pytest.raises(DecisionRefused, match="no access decision grants research now"):
        scene.decide(row.id, "accept")
    event = scene.decide(row.id, "decline", reasons=("NO-PROGRAMME",), words="None is planned.")
    assert event.reasons == "NO-PROGRAMME"


def test_under_a_legal_hold_nothing_is_decided_or_granted(scene: Scene) -> None:
    scene.open_programme()
    first, second = scene.submit(), scene.submit(applicant="Tom Ash", contact="tom@uni.example")
    scene.decide(first.id, "accept")
    scene.hold()
    for decision in ("accept", "decline"):
        with pytest.raises(DecisionRefused, match="KO-HOLD"):
            scene.decide(second.id, decision)
    scene.decide(second.id, "ask")
    scene.run_pass()
    assert scene.grants() == []
    assert "Your application for Aster 1 is accepted" in scene.subjects()
    scene.hold(False)
    scene.run_pass()
    assert [g.application_id for g in scene.grants()] == [first.id]
    assert "Research access to Aster 1 is granted" in scene.subjects()


@pytest.mark.parametrize("name", ["alice", "Alice", "  ALICE ", "\uff41lice"])
def test_nobody_decides_their_own_application(scene: Scene, name: str) -> None:
    scene.open_programme()
    row = scene.submit(applicant=name)
    for decision in ("accept", "decline", "ask"):
        with pytest.raises(DecisionRefused, match="another person must decide"):
            scene.decide(row.id, decision)
    assert scene.decide(row.id, "accept", "bob").person == "bob"


def test_nor_under_their_address(scene: Scene) -> None:
    scene.people.add("rosa@uni.example", key="rosa")
    row = scene.submit()
    with pytest.raises(DecisionRefused, match="another person must decide"):
        scene.decide(row.id, "ask", "rosa@uni.example", key="rosa")


def test_an_appeal_is_decided_by_another_person_with_another_key(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "decline")
    scene.step(row.id, "appealed")
    for decision in ("uphold", "overturn"):
        with pytest.raises(DecisionRefused, match="'alice' declined"):
            scene.decide(row.id, decision)
    listing = scene.people.allowed.read_text().replace("alice ", "alina ")
    scene.people.allowed.write_text(listing)  # the same key, under a later name of hers
    with pytest.raises(DecisionRefused, match="two people need two keys"):
        scene.decide(row.id, "overturn", "alina", key="alice")
    assert scene.decide(row.id, "uphold", "bob", reasons=("C-DATA",)).kind == "upheld"
    with pytest.raises(DecisionRefused, match="nothing more can happen"):
        scene.step(row.id, "appealed", "Once more.")


def test_an_overturned_decline_is_granted(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "decline")
    scene.step(row.id, "appealed")
    scene.decide(row.id, "overturn", "bob")
    scene.run_pass()
    assert [grant.application_id for grant in scene.grants()] == [row.id]


@pytest.mark.parametrize(
    ("key", "namespace", "reason"),
    [
        ("bob", "emeritus-application@v1", "that of 'bob', not 'alice'"),
        ("alice", "emeritus-access@v1", "another purpose"),
        ("alice", "file", "another purpose"),
    ],
)
def test_a_signature_that_does_not_count_is_refused(
    scene: Scene, key: str, namespace: str, reason: str
) -> None:
    scene.open_programme()
    row = scene.submit()
    with pytest.raises(SignatureRefused, match=reason):
        scene.decide(row.id, "accept", key=key, namespace=namespace)
    assert scene.case(row.id).history == ()


def test_a_signature_moves_neither_to_another_application_nor_to_other_words(scene: Scene) -> None:
    scene.open_programme()
    first, second = scene.submit(), scene.submit(applicant="Tom Ash", contact="tom@uni.example")
    old = scene.statement(first.id, scene.act("accept"))
    with pytest.raises(SignatureRefused):
        scene.decide(second.id, "accept", statement=old)
    with pytest.raises(SignatureRefused):
        scene.decide(first.id, "accept", statement=old, words="For a year.")
    scene.decide(first.id, "ask")
    scene.step(first.id, "answered")
    with pytest.raises(SignatureRefused):  # nor to a later moment of the same application
        scene.decide(first.id, "accept", statement=old)


def test_an_act_again_is_recorded_once(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    assert scene.submit().id == row.id
    first = scene.decide(row.id, "decline", words="No plan.\n", reasons=("C-DATA", "C-HARM"))
    again = scene.decide(row.id, "decline", words="No plan.", reasons=("C-HARM", "C-DATA"))
    assert again.id == first.id
    with pytest.raises(DecisionRefused, match="by 'alice' already"):
        scene.decide(row.id, "decline", "bob", words="No plan.", reasons=("C-HARM", "C-DATA"))
    appeal = scene.step(row.id, "appealed", "It is there.")
    assert scene.step(row.id, "appealed", "It is there. ").id == appeal.id
    assert [event.kind for event in scene.case(row.id).history] == ["declined", "appealed"]


@pytest.mark.parametrize("state", ["received", "asked", "declined", "accepted"])
def test_a_step_out_of_turn_is_refused_and_says_what_can_be_done(scene: Scene, state: str) -> None:
    scene.open_programme()
    row = scene.submit()
    if state != "received":
        decision = {"asked": "ask", "declined": "decline", "accepted": "accept"}[state]
        scene.decide(row.id, decision)
    for kind in ("answered", "appealed", "withdrawn"):
        if kind not in STEPS[state]:
            with pytest.raises(DecisionRefused, match=f"so it can't be {kind} now"):
                scene.step(row.id, kind)


def test_an_applicant_can_take_no_decision(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    for kind in ("accepted", "overturned", "asked", "expired", "superseded"):
        with pytest.raises(DecisionRefused, match="only a signer"):
            take_step(
                scene.config,
                scene.book,
                named=row.id,
                act=Act(kind, "x", REQUIRED),
                person="Rosa Lind",
                now=scene.clock.now(),
            )


def test_an_appeal_comes_in_time(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "decline")
    scene.clock.advance(days=100)  # not told yet: the days to appeal have not begun
    scene.run_pass()
    assert scene.case(row.id).appeal_until is not None
    scene.clock.advance(days=30)
    with pytest.raises(DecisionRefused, match="could be appealed until 2027-04-10"):
        scene.step(row.id, "appealed")
    scene.clock.advance(days=-1)
    assert scene.step(row.id, "appealed").kind == "appealed"


def test_whoever_writes_another_person_s_name_and_address_replaces_nothing(scene: Scene) -> None:
    scene.open_programme()
    first = scene.submit()
    other = scene.submit(contact="another.rosa@uni.example")
    second = scene.submit(study_days=90, applicant="ROSA  lind", contact="Rosa@uni.example")
    assert [case.state for case in scene.cases()] == ["received"] * 3
    cases = scene.cases()
    found = {
        case.application.id: {one.application.id for one in beside(case, cases)} for case in cases
    }
    assert found == {first.id: {second.id}, second.id: {first.id}, other.id: set()}
    pair = ", ".join(sorted((first.id[:12], second.id[:12])))
    assert f"2 applications stand for one address ({pair})" in scene.open()
    assert "rosa" not in scene.open()
    scene.decide(second.id, "decline")
    assert "for one address" not in scene.open()
    assert scene.decide(first.id, "accept").kind == "accepted"


def test_a_reviewer_who_asked_closes_the_one_that_was_not_meant(scene: Scene) -> None:
    first, second = scene.submit(), scene.submit(study_days=90)
    scene.step(second.id, "withdrawn", "Rosa says that she never sent it.")
    assert [scene.case(one.id).state for one in (first, second)] == ["received", "withdrawn"]
    assert "for one address" not in scene.open()


def test_an_application_is_named_by_its_first_digits(scene: Scene) -> None:
    row = scene.submit()
    assert scene.case(row.id[:6]).application.id == row.id
    for wrong in (row.id[:5], "", "%%%%%%", "______", "0" * 24):
        with pytest.raises(NotFound):
            scene.case(wrong)


def test_a_name_in_another_form_of_unicode_makes_no_other_application(scene: Scene) -> None:
    row = scene.submit(applicant="René Lind")
    assert scene.submit(applicant=unicodedata.normalize("NFD", "René Lind")).id == row.id


@pytest.mark.parametrize("typed_by", ["", "  ", "a\nb", "a\u202eb"])
def test_who_typed_it_in_is_said(scene: Scene, typed_by: str) -> None:
    row = scene.submit()
    with pytest.raises(DecisionRefused, match="who typed it in"):
        take_step(
            scene.config,
            scene.book,
            named=row.id,
            act=Act("withdrawn"),
            person=typed_by,
            now=scene.clock.now(),
        )


# renewals


def _granted(scene: Scene, **said: object) -> str:
    row = scene.submit(**said)
    scene.decide(row.id, "accept")
    scene.run_pass()
    return row.id


def test_a_renewal_begins_when_the_old_grant_ends(scene: Scene) -> None:
    scene.open_programme(days=100)
    first = _granted(scene, study_days=60)
    scene.clock.advance(days=40)
    second = _granted(scene, study_days=60, renews=first)
    old, new = scene.case(first).grant, scene.case(second).grant
    assert old is not None
    assert new is not None
    assert new.starts_at == old.ends_at
    assert (new.ends_at - new.starts_at).days == 40  # research access ends then


def test_a_renewal_of_what_ended_begins_now(scene: Scene) -> None:
    scene.open_programme()
    first = _granted(scene, study_days=10)
    scene.clock.advance(days=20)
    new = scene.case(_granted(scene, renews=first)).grant
    assert new is not None
    assert new.starts_at == scene.clock.now()


def test_a_renewal_with_nothing_left_to_grant_is_not_accepted(scene: Scene) -> None:
    scene.open_programme(days=60)
    first = _granted(scene, study_days=60)
    row = scene.submit(renews=first)
    with pytest.raises(DecisionRefused, match="accept it under the next access decision"):
        scene.decide(row.id, "accept")


def test_under_a_later_decision_a_renewal_begins_now(scene: Scene) -> None:
    """The first decision was revoked, and with it the grant that would have run on."""
    first_packet = scene.open_programme()
    first = _granted(scene)
    scene.clock.advance(days=3)
    scene.end_programme(first_packet)
    assert scene.case(first).ends_at == scene.clock.now()
    scene.clock.advance(days=3)
    scene.open_programme()
    new = scene.case(_granted(scene, renews=first)).grant
    assert new is not None
    assert new.starts_at == scene.clock.now()


def test_what_was_accepted_under_an_ended_decision_is_not_granted(scene: Scene) -> None:
    packet = scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "accept")
    scene.end_programme(packet)
    scene.run_pass()
    assert scene.grants() == []
    assert "accepted, but not granted: research access is not in force" in scene.open()
    scene.clock.advance(days=1)
    scene.open_programme()  # another decision: it was not accepted under this one
    scene.run_pass()
    assert scene.grants() == []


def test_a_revoked_grant_is_not_renewed(scene: Scene) -> None:
    scene.open_programme()
    first = _granted(scene)
    pending = scene.submit(renews=first)
    scene.revoke(first)
    with pytest.raises(DecisionRefused, match="was revoked"):
        scene.decide(pending.id, "accept")
    with pytest.raises(DecisionRefused, match="renews: names a grant that was revoked"):
        scene.submit(renews=first, study_days=20)


@pytest.mark.parametrize("case", ["unknown", "another's", "not granted"])
def test_only_an_own_grant_is_renewed(scene: Scene, case: str) -> None:
    scene.open_programme()
    renews = {
        "unknown": lambda: "0" * 24,
        "another's": lambda: _granted(scene, applicant="Tom Ash", contact="tom@uni.example"),
        "not granted": lambda: scene.submit().id,
    }[case]()
    with pytest.raises(DecisionRefused, match=r"^renews: "):
        scene.submit(renews=renews, study_days=30)
