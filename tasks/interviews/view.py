"""What the records say of the interviews."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import Session, select

from configs.load import load_instrument
from configs.schema import RetirementConfig
from configs.schema.instrument import Instrument
from tasks.interviews.batch_rows import held_up
from tasks.interviews.core import (
    Progress,
    assess_interviews,
    assess_plan,
    next_wave,
    outstanding,
)
from tasks.interviews.design import Planned, design_body, differs, wave_opens_at
from tasks.interviews.follow_up_view import assess_follow_up
from tasks.interviews.plan import Plan, Stand, Stands, least_calls, plan_of
from tasks.interviews.questions import Followed, question_of
from tasks.interviews.sheets import follow_ups_of
from tasks.interviews.spending import (
    Ceilings,
    Prices,
    Spent,
    Tries,
    ceilings_of,
    exhausted,
    prices_of,
    spent_on,
)
from tasks.kernel.digests import digest_of
from tasks.kernel.errors import ConfigError
from tasks.kernel.stages import Assessment, StageState, blocked, done, due
from tasks.ports.respondent import Question
from tasks.records import Book
from tasks.records.interview import Conversation, Design
from tasks.records.latest import latest_design
from tasks.records.told import Told, facts_at, told_of
from tasks.records.validation import Standing

_NO_PLAN = Plan((), ((),), whole=False)


@dataclass(frozen=True, slots=True)
class InterviewsView:
    """The design in force, and how far it got.

    Attributes:
        body: the registered body, or the one that would be registered now.
        digest: its digest.
        registered: whether it stands in the records.
        registered_at: when it was registered, or the current instant.
        told: what the questions told of the model's situation, and since when; oldest first.
        facts: what is so by the configuration, which the next question tells.
        departures: settings in which the configuration departs from the registered body.
        instrument: the questions.
        stands: what is recorded after each wave.
        plan: the waves that can be planned so far; none while the instrument departs from it.
        rows: conversation id -> its row.
        prices: of the endpoint.
        ceilings: of calls and cost.
    """

    body: dict[str, Any]
    digest: str
    registered: bool
    registered_at: datetime
    told: tuple[Told, ...]
    facts: dict[str, str]
    departures: tuple[str, ...]
    instrument: Instrument
    stands: Stands
    plan: Plan
    rows: dict[str, Conversation]
    prices: Prices
    ceilings: Ceilings

    @property
    def tells_anew(self) -> bool:
        """Whether a question is left, and would tell what none before it told."""
        if not self.told or self.facts == self.told[-1].facts:
            return False
        return not self.plan.whole or next_wave(self.calls, self.outcomes) is not None

    @property
    def outcomes(self) -> dict[str, str]:
        """Conversation id -> outcome; `asked` when it is to be asked (again)."""
        return {name: row.outcome if row.is_over else "asked" for name, row in self.rows.items()}

    @property
    def calls(self) -> tuple[Planned, ...]:
        """Every call that can be planned so far; follow-ups once their wave's sheets are over."""
        outcomes, calls = self.outcomes, list[Planned]()
        for wave in self.plan.waves:
            calls += wave
            sheets = [call for call in wave if call.kind == "neutral"]
            if all(outcomes.get(sheet.id, "asked") != "asked" for sheet in sheets):
                answered = {name for name, outcome in outcomes.items() if outcome == "answered"}
                calls += follow_ups_of(self.body, self.digest, self.instrument, sheets, answered)
        return tuple(calls)

    @property
    def first_asked(self) -> dict[int, datetime]:
        """Wave -> when its first question went out."""
        asked = defaultdict[int, list[datetime]](list)
        for row in self.rows.values():
            if row.attempts:
                asked[row.wave].append(row.asked_at)
        return {wave: min(instants) for wave, instants in asked.items()}

    @property
    def spent(self) -> Spent:
        """What the calls cost so far."""
        return spent_on(
            (
                Tries(self.question(call), row.attempts, row.input_tokens, row.output_tokens)
                for call in self.calls
                if (row := self.rows.get(call.id)) is not None
            ),
            self.prices,
        )

    def question(self, call: Planned) -> Question:
        """The exact request of a call: of one that has its answer, as it was sent."""
        if not call.follows:
            return question_of(call, self._telling(call.id), self.instrument)
        sheets = (sheet for wave in self.plan.waves for sheet in wave)
        sheet = next(sheet for sheet in sheets if sheet.id == call.follows)
        followed = Followed(sheet, self.rows[sheet.id].text)
        # the turns before it are those of its sheet
        return question_of(call, self._telling(sheet.id), self.instrument, followed)

    def _telling(self, conversation: str) -> dict[str, Any]:
        """The body, with the facts that a conversation tells or told."""
        row = self.rows.get(conversation)
        if row is None or not row.is_over:
            return {**self.body, "facts": self.facts}
        return {**self.body, "facts": facts_at(self.told, row.asked_at)}

    def opens_at(self, wave: int) -> datetime:
        """When a wave (from 0) may be asked."""
        return wave_opens_at(self.body, wave, self.registered_at, self.first_asked)

    def stopped_by(self, left: Sequence[Planned]) -> str:
        """Why none of these calls may be made; empty if one may."""
        questions = [self.question(call) for call in left]
        return exhausted(questions, self.spent, self.ceilings, self.prices)

    def progress(self) -> Progress:
        """How far it got."""
        calls, outcomes = self.calls, self.outcomes
        wave = next_wave(calls, outcomes)
        coming = len(self.plan.waves) if wave is None else wave
        none_left = wave is None and self.plan.whole
        return Progress(
            calls=calls,
            outcomes=outcomes,
            waves=self.body["waves"],
            planned_waves=len(self.plan.waves),
            whole=self.plan.whole,
            next_opens_at=None if none_left else self.opens_at(coming),
            exhausted="" if wave is None else self.stopped_by(outstanding(calls, outcomes, wave)),
            settled=len(self.body["themes"]) - len(self.plan.active[-1]),
        )


def look(config: RetirementConfig, session: Session, now: datetime) -> InterviewsView:
    """Read the design in force, and how far it got.

    Raises:
        ConfigError: the instrument can't be used.
    """
    instrument, codebook = load_instrument(config.interviews.instrument_folder)
    try:
        wanted = design_body(config, instrument, codebook)
    except ValueError as error:
        raise ConfigError(f"{config.id}: interviews: {error}") from None
    row = latest_design(session, config.id)
    body = wanted if row is None else json.loads(row.body)
    digest = digest_of(body)
    departures = differs(wanted, body)
    plannable = "facts" in body and not any(n.startswith("instrument.") for n in departures)
    stands = _stands(session, digest)
    return InterviewsView(
        body=body,
        digest=digest,
        registered=row is not None,
        registered_at=now if row is None else row.registered_at,
        told=() if row is None else told_of(session, row),
        facts=wanted["facts"],
        departures=departures,
        instrument=instrument,
        stands=stands,
        plan=plan_of(body, digest, instrument, stands) if plannable else _NO_PLAN,
        rows=_rows(session, digest),
        prices=prices_of(config),
        ceilings=ceilings_of(config),
    )


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands. Reads records and the instrument's files."""
    with book.reading() as session:
        view = look(config, session, now)
        design = latest_design(session, config.id)
        held = held_up(session, config.id, config.endpoint, now)
    if design is not None and "facts" not in view.body:
        return _assess_older(design, view)
    stopped = stopped_at_once(view)
    if stopped is not None:
        return stopped
    if not view.registered:
        least = least_calls(view.body, view.digest, view.instrument)
        return due(f"a design of {least} conversations and more is to be registered")
    found = assess_interviews(view.progress(), now)
    if found.state is StageState.DONE:
        with book.reading() as session:
            after = assess_follow_up(config, session, now)
        if after is None:
            return found
        return Assessment(after.state, f"{found.reason}; {after.reason}", after.until)
    return held if held and found.state in (StageState.DUE, StageState.BLOCKED) else found


def stopped_at_once(view: InterviewsView) -> Assessment | None:
    """What stops the stage before any call; None for nothing."""
    if not view.registered:
        from tasks.interviews.wording import why_refused  # patterns: a tenth of a second

        if refused := why_refused(view.instrument):
            return blocked(refused)
    least = least_calls(view.body, view.digest, view.instrument) if view.plan.waves else 0
    return assess_plan(least, view.body.get("max_calls", 0), view.departures)


def _assess_older(design: Design, view: InterviewsView) -> Assessment:
    over = sum(row.is_over for row in view.rows.values())
    if over >= design.conversations:
        return done(f"{over} conversations under a design of an earlier version of Emeritus")
    return blocked(
        "the design was registered by an earlier version of Emeritus, which asked about one theme "
        "a conversation; finish its waves with that version"
    )


def _rows(session: Session, digest: str) -> dict[str, Conversation]:
    rows = session.exec(
        select(Conversation)
        .where(Conversation.design_digest == digest)
        .options(defer(Conversation.raw))  # type: ignore[arg-type]  # SQLModel types it as str
    )
    return {row.id: row for row in rows}


def _stands(session: Session, digest: str) -> dict[int, dict[str, Stand]]:
    stands: dict[int, dict[str, Stand]] = defaultdict(dict)
    for row in session.exec(select(Standing).where(Standing.design_digest == digest)):
        stands[row.wave][row.theme] = Stand(row.probed, row.stopped)
    return dict(stands)
