"""Each message goes to the right address, once, in words that can't be forged."""

from collections import Counter
from datetime import timedelta

import pytest

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.applications import task as applications_task
from tasks.access.applications.letters import letters_due, next_letter_at
from tasks.access.applications.view import applications_next
from tasks.adapters.outbox import Outbox
from tasks.kernel.errors import ConfigError
from tasks.ports.notifier import ChannelDown, Message, RefusedForGood
from tests.tasks.access.applications.scene import Scene

REVIEWERS = "access@lab.example"


class Killed(BaseException):
    """As a kill: nothing after it runs."""


def test_the_receipt_names_id_criteria_and_the_day_of_the_answer(scene: Scene) -> None:
    row = scene.submit()
    scene.run_pass()
    (letter,) = [one for one in scene.letters() if one["To"] == "rosa@uni.example"]
    text = letter.get_content()
    assert letter["Subject"] == "Your application for Aster 1 has arrived"
    assert row.id in text
    assert "by 2026-12-15 09:00 UTC" in text
    assert "no access decision grants research access" in text
    assert "C-PURPOSE\n    The research has a stated question" in text
    assert "C-CARE (weighed, not required)\n" in text
    assert "within 30 days" in text
    assert max(len(line) for line in text.splitlines() if "/" not in line) <= 80


def test_no_letter_names_a_path_of_this_machine(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "accept")
    scene.run_pass()
    assert len(scene.letters()) == 2
    for letter in scene.letters():
        text = letter.get_content()
        assert str(scene.home) not in text
        assert "Criteria, terms and figures are sent on request.\nQuestions: access@lab" in text


def test_a_letter_names_the_page_where_something_serves_it(scene: Scene) -> None:
    served = scene.config.communication.model_copy(update={"pages_url": "https://x.example/r/"})
    scene.config = scene.config.model_copy(update={"communication": served})
    scene.submit()
    scene.run_pass()
    link = "Criteria, terms and figures: https://x.example/r/aster-1/criteria.html\n"
    assert all(link in letter.get_content() for letter in scene.letters())


def test_a_second_one_for_an_address_is_told_to_whom_it_belongs_and_to_reviewers(
    scene: Scene,
) -> None:
    first = scene.submit()
    scene.run_pass()
    assert "APPLICATIONS STAND" not in scene.letters()[-1].get_content()
    scene.clock.advance(days=1)
    second = scene.submit(study_days=90)
    scene.run_pass()
    texts = {one["To"]: one.get_content() for one in scene.letters()}  # the latest of each
    assert (
        f"there is another open application:\n  {first.id}, received" in texts["rosa@uni.example"]
    )
    assert "none takes the place of another" in texts["rosa@uni.example"]
    assert "2 APPLICATIONS STAND FOR THIS ADDRESS." in texts[REVIEWERS]
    assert f"Close it:   emeritus applications withdraw aster-1 {first.id[:12]}" in texts[REVIEWERS]
    assert second.id in texts[REVIEWERS]


def test_a_whole_life_is_told_step_by_step(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit(study_days=40)
    scene.run_pass()
    for decision, person, step in (
        ("ask", "alice", "answered"),
        ("decline", "alice", "appealed"),
        ("overturn", "bob", ""),
    ):
        scene.clock.advance(days=1)
        scene.decide(row.id, decision, person)
        scene.run_pass()
        scene.clock.advance(days=1)
        if step:
            scene.step(row.id, step)
            scene.run_pass()
    for _ in range(45):
        scene.clock.advance(days=1)
        scene.run_pass()
    ends = scene.case(row.id).ends_at
    assert ends is not None
    assert Counter(scene.subjects()) == Counter(
        [
            "Your application for Aster 1 has arrived",
            "A question about your application for Aster 1",
            "Your reply on Aster 1 has arrived",
            "Your application for Aster 1 is declined",
            "Your appeal on Aster 1 has arrived",
            "Research access to Aster 1 is granted",
            *[f"Your access to Aster 1 ends on {ends:%Y-%m-%d %H:%M} UTC"] * 3,
            "Your access to Aster 1 has ended",
        ]
    )


def test_reviewers_are_told_at_once_before_the_deadline_and_at_it(scene: Scene) -> None:
    scene.open_programme()
    scene.submit()
    told = []
    for day in range(20):
        scene.run_pass()
        told.append((day, len(scene.subjects(REVIEWERS))))
        scene.clock.advance(days=1)
    assert [day for day, count in told if count > dict(told).get(day - 1, 0)] == [0, 11, 14]
    assert [s.split(":")[0] for s in scene.subjects(REVIEWERS)] == [
        "application to decide by 2026-12-15 09",
        "Reminder",
        "Reminder",
    ]


def test_a_deadline_that_moved_is_reminded_of_anew(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.clock.advance(days=12)
    scene.run_pass()
    scene.decide(row.id, "ask")
    scene.clock.advance(days=5)
    scene.run_pass()
    assert len(scene.subjects(REVIEWERS)) == 1  # the reminder; nothing is owed while they ask
    scene.step(row.id, "answered")
    scene.run_pass()
    scene.clock.advance(days=2)
    scene.run_pass()
    assert [s.rpartition("by ")[2] for s in scene.subjects(REVIEWERS)] == [
        "2026-12-15 09:00 UTC",
        "2026-12-20 09:00 UTC",
        "2026-12-20 09:00 UTC",
    ]


def test_a_late_start_tells_only_what_is_news(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "ask")
    scene.step(row.id, "answered")
    scene.decide(row.id, "decline")
    scene.run_pass()
    assert scene.subjects() == [
        "Your application for Aster 1 has arrived",
        "Your application for Aster 1 is declined",
    ]
    assert scene.subjects(REVIEWERS) == []


def test_overdue_is_said_loudly(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    assert scene.open() == "1 application to decide, the next by 2026-12-15 09:00 UTC"
    scene.clock.advance(days=15, hours=12)
    assert scene.open().startswith(f"1 ANSWER OVERDUE, {row.id[:12]} by 1.5 days")
    scene.run_pass()
    assert scene.subjects(REVIEWERS)[0].startswith("OVERDUE: application")


def test_an_unanswered_question_lapses_and_says_so(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "ask")
    scene.clock.advance(days=30)
    assert "1 unanswered question to be closed" in scene.due()
    scene.run_pass()
    assert scene.case(row.id).state == "expired"
    assert scene.subjects()[-1] == "Your application for Aster 1 has lapsed"
    assert scene.open() == ""


def test_a_revocation_is_told_with_its_words(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "accept")
    scene.run_pass()
    scene.clock.advance(days=3)
    scene.revoke(row.id, "The key was found in a public repository.")
    scene.run_pass()
    scene.clock.advance(days=60)
    scene.run_pass()
    last = scene.letters()[-1]
    assert last["Subject"] == "Your access to Aster 1 is revoked"
    assert "Reason: misuse\n\n> The key was found" in last.get_content()
    assert scene.subjects().count("Your access to Aster 1 has ended") == 0


def test_a_person_s_words_cannot_pass_for_ours(scene: Scene) -> None:
    scene.open_programme()
    row = scene.submit(applicant="Rosa Subject: x", affiliation="Dear Rosa, you are accepted")
    scene.decide(row.id, "ask", words="Why?\nSubject: You won\n\nDear Rosa,\n{{ config }} {% x %}")
    scene.run_pass()
    subject = "A question about your application for Aster 1"
    (text,) = [one.get_content() for one in scene.letters() if one["Subject"] == subject]
    assert "> Why?\n> Subject: You won\n>\n> Dear Rosa,\n> {{ config }} {% x %}\n" in text


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_around_sending_costs_no_second_message(
    scene: Scene, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.submit()
    send = Outbox.send

    def killed(self: Outbox, message: Message) -> str:
        if moment == "after":
            send(self, message)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(wiring, "notifier", lambda _: Outbox(scene.home / "outbox"))
        patch.setattr(Outbox, "send", killed)
        with pytest.raises(Killed):
            scene.run_pass()
    scene.run_pass()
    scene.run_pass()
    assert len(scene.letters()) == 2
    assert scene.due() == ""


class _Refusing:
    def __init__(self, error: Exception, address: str = "") -> None:
        self.error, self.address, self.tries = error, address, 0

    def send(self, message: Message) -> str:
        if self.address in message.to:
            self.tries += 1
            raise self.error
        return "250 ok"


def _through(monkeypatch: pytest.MonkeyPatch, notifier: _Refusing) -> None:
    monkeypatch.setattr(wiring, "notifier", lambda _: notifier)


def test_what_cannot_be_delivered_keeps_nothing_else_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.submit()
    row = scene.submit(applicant="Tom Ash", contact="tom@uni.example")
    _through(monkeypatch, _Refusing(OSError("mailbox busy"), "rosa@"))
    with pytest.raises(OSError, match="mailbox busy"):
        scene.run_pass()
    assert scene.case(row.id).told_at("received") is not None
    assert scene.due() == "1 message about applications to be sent"


def test_a_channel_that_is_down_is_tried_once_a_pass(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        scene.submit(applicant=f"Rosa {number}", contact=f"rosa{number}@uni.example")
    down = _Refusing(ChannelDown("no server answers"))
    _through(monkeypatch, down)
    with pytest.raises(ChannelDown):
        scene.run_pass()
    assert down.tries == 1


def test_an_address_that_is_refused_for_good_is_told_to_people(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "decline")
    dead = _Refusing(RefusedForGood("550 no such user"), "rosa@")
    _through(monkeypatch, dead)
    scene.run_pass()
    scene.run_pass()
    assert dead.tries == 2  # the receipt and the decision, once each
    assert "with a message that the mail server refused" in scene.open()
    assert scene.case(row.id).appeal_until is None  # they were not told: no day runs


def test_a_broken_template_is_named_and_does_not_stop_a_grant(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.open_programme()
    row = scene.submit()
    scene.decide(row.id, "accept")

    def broken(*_: object, **__: object) -> tuple[str, str]:
        raise ConfigError("application_accepted.txt.j2:3: mend the template")

    monkeypatch.setattr(applications_task, "letter_text", broken)
    with pytest.raises(ConfigError, match="mend the template"):
        scene.run_pass()
    assert len(scene.grants()) == 1


def test_simulated_stands_in_front(scene: Scene) -> None:
    row = scene.submit()
    with scene.book.writing(scene.clock.now()) as writing:
        row.simulated = True
        writing.put(row, "x")
    scene.run_pass()
    for letter in scene.letters():
        assert letter["Subject"].startswith("[SIMULATED] ")
        assert "SIMULATED: this message" in letter.get_content()


def test_the_next_date_is_when_time_alone_does_something(scene: Scene) -> None:
    def next_at(config: RetirementConfig) -> timedelta | None:
        with scene.book.reading() as session:
            at = applications_next(config, session, scene.clock.now())
        return at - scene.clock.now() if at else None

    scene.open_programme()
    row = scene.submit(study_days=40)
    assert next_at(scene.config) == timedelta(days=11)
    scene.decide(row.id, "accept")
    scene.run_pass()
    assert next_at(scene.config) == timedelta(days=10)
    settings = scene.config.access.applications
    for _ in range(60):
        at = next_letter_at(scene.case(row.id), settings, scene.clock.now())
        if at is None:
            break
        before = at - timedelta(microseconds=1)
        assert letters_due(scene.case(row.id), settings, before, held=False) == ()
        scene.clock.advance(seconds=(at - scene.clock.now()).total_seconds())
        assert letters_due(scene.case(row.id), settings, at, held=False)
        scene.run_pass()
    assert next_at(scene.config) is None


def test_a_hold_is_told_to_who_was_reminded_without_it_and_renewing_waits(scene: Scene) -> None:
    """They end as they were signed, though nobody can decide on a renewal meanwhile."""
    scene.open_programme()
    row = scene.submit(study_days=40)
    scene.decide(row.id, "accept")
    scene.run_pass()
    scene.clock.advance(days=11)
    scene.run_pass()
    assert "apply again in time" in scene.letters()[-1].get_content()
    count = len(scene.letters())
    scene.hold()
    scene.run_pass()
    scene.run_pass()
    letters = scene.letters()
    assert len(letters) == count + 1
    assert "ends on" in letters[-1]["Subject"]
    held = letters[-1].get_content()
    assert "A legal hold stands" in held
    assert "your\naccess ends on that day all the same" in held
    assert "apply again in time" not in held
    scene.hold(False)
    scene.run_pass()
    assert len(scene.letters()) == count + 1
