"""Asking for a text, and writing off slots that passed without one."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from configs.schema import RetirementConfig
from configs.schema.essays import EssaysConfig
from tasks import wiring
from tasks.essays.answers import outcome_of
from tasks.essays.checks import Earlier, Finding, Quoted, check_draft
from tasks.essays.context import prompt_part, texts_of
from tasks.essays.feeds import frozen_context
from tasks.essays.prompts import change_prompt, prompt_for
from tasks.essays.rows import slots_of
from tasks.essays.slot_record import SlotRecord
from tasks.essays.slots import Slot
from tasks.kernel.digests import canonical_json, sha256_hex
from tasks.kernel.errors import EndpointBusy
from tasks.ports.respondent import Answer, Question
from tasks.records import Fence
from tasks.records.essay import Draft, Redraft


async def draft_slot(config: RetirementConfig, fence: Fence, slot: Slot) -> None:
    """Ask the model once for one slot's essay, and record what it sent.

    The row stands before the call goes out. A call that was cut off, or brought no words, leaves
    it `asked`: the next try asks again, in the same words, under the same row.

    Raises:
        EndpointBusy: no words came.
        EndpointFault: the endpoint refuses the call as it stands.
    """
    row = await _record_intent(config, fence, slot)
    answer = await _ask(config, (_whole_prompt(row),))
    outcome, reason = outcome_of(answer, max_output_tokens=config.essays.max_output_tokens)
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(Draft, slot.slot_id)
        if row.outcome == "asked":
            others = _others(writing.session, row, now)
            _fill(config.essays, row, answer, outcome, reason, at=now, others=others)
            writing.put(row, f"essays.{outcome}")


async def redraft_slot(config: RetirementConfig, fence: Fence, slot: SlotRecord) -> None:
    """Show the model a reviewer's request, and record the text that it sent, or that it sent none.

    The conversation is the whole one: prompt, text, request. As with `draft_slot`, the row stands
    before the call, and a call without words is made again.

    Raises:
        EndpointBusy: no words came.
        EndpointFault: the endpoint refuses the call as it stands.
    """
    row = _record_request(config, fence, slot)
    turns: tuple[str, ...] = (_whole_prompt(slot.draft), slot.draft.text)
    for before in slot.redrafts:
        if before.outcome == "drafted":
            turns += (before.prompt, before.text)
    answer = await _ask(config, (*turns, row.prompt))
    outcome, reason = outcome_of(answer, max_output_tokens=config.essays.max_output_tokens)
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(Redraft, row.id)
        if row.outcome == "asked":
            others = _others(writing.session, slot.draft, now)
            _fill(config.essays, row, answer, outcome, reason, at=now, others=others)
            writing.put(row, f"essays.redraft_{outcome}")


def record_missed(
    config: RetirementConfig, fence: Fence, slots: Sequence[Slot], now: datetime, why: str = ""
) -> None:
    """Write off slots that passed; one transaction. Safe to repeat.

    Args:
        config: whose slots.
        fence: of the pass.
        slots: those that passed.
        now: the instant.
        why: reason for slots that nobody asked for, where it is known.
    """
    if not slots:
        return
    with wiring.book().writing(now, fence=fence) as writing:
        for slot in slots:
            row = writing.session.get(Draft, slot.slot_id)
            if row is None:
                row = _new_row(config, slot, now, prompt="", context="")
                reason = why or "no pass ran while the slot was open"
            elif row.outcome == "asked":
                reason = "asked, but no whole answer came before the slot passed"
            else:
                continue
            row.outcome, row.findings = "missed", _as_json((_reason(reason),))
            writing.put(row, "essays.missed")


def record_given_up(
    config: RetirementConfig, fence: Fence, slots: Sequence[SlotRecord], now: datetime
) -> None:
    """Record that no new text came in time: the text before it stands. Safe to repeat."""
    for slot in slots:
        request = _record_request(config, fence, slot)
        with wiring.book().writing(now, fence=fence) as writing:
            row = writing.session.get_one(Redraft, request.id)
            if row.outcome == "asked":
                row.outcome = "missed"
                row.findings = _as_json((_reason("no whole answer came in time"),))
                writing.put(row, "essays.redraft_missed")


async def _ask(config: RetirementConfig, turns: tuple[str, ...]) -> Answer:
    respondent = wiring.respondent(config.endpoint)
    try:
        return await respondent.ask(
            Question(turns=turns, max_output_tokens=config.essays.max_output_tokens)
        )
    finally:
        await respondent.aclose()


def _whole_prompt(draft: Draft) -> str:
    """Quotes first, marked as such, then the words that are ours."""
    if not draft.context:
        return draft.prompt
    return f"{prompt_part(draft.context)}\n\n{draft.prompt}"


async def _record_intent(config: RetirementConfig, fence: Fence, slot: Slot) -> Draft:
    """The slot's row, made before the call: the context is frozen with it, once."""
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        known = session.get(Draft, slot.slot_id)
    context = "" if known else await frozen_context(config, fence, now)
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(Draft, slot.slot_id)
        if row is None:
            prompt = prompt_for(
                slot.number,
                display_name=config.display_name,
                max_output_tokens=config.essays.max_output_tokens,
            )
            row = _new_row(config, slot, now, prompt=prompt, context=context)
        row.asked_at = now
        return writing.put(row, "essays.asked")


def _record_request(config: RetirementConfig, fence: Fence, slot: SlotRecord) -> Redraft:
    change = slot.change
    if change is None:
        raise EndpointBusy(f"{slot.draft.slot_id}: nobody asks for a new text any more; look again")
    now, number = wiring.clock().now(), len(slot.redrafts) + 2
    with wiring.book().writing(now, fence=fence) as writing:
        asked = [r for r in slot.redrafts if r.review_id == change.id]
        row_id = asked[0].id if asked else f"{slot.draft.slot_id}-{number}"
        row = writing.session.get(Redraft, row_id)
        if row is None:
            row = Redraft(
                id=row_id,
                slot_id=slot.draft.slot_id,
                model_id=config.id,
                number=number,
                review_id=change.id,
                outcome="asked",
                prompt=change_prompt(change.reason, change.rationale),
                asked_at=now,
            )
        row.asked_at = now
        return writing.put(row, "essays.redraft_asked")


def _fill(
    config: EssaysConfig,
    row: Draft | Redraft,
    answer: Answer,
    outcome: str,
    reason: str,
    *,
    at: datetime,
    others: tuple[tuple[Quoted, ...], tuple[Earlier, ...]],
) -> None:
    """Take the answer over, byte for byte, and what checks point at."""
    row.outcome = outcome
    row.text, row.sha256 = answer.text, sha256_hex(answer.text.encode("utf-8"))
    row.request_id, row.served_model = answer.request_id, answer.served_model
    row.answered_at, row.simulated = at, answer.simulated
    if outcome == "drafted":
        quoted, earlier = others
        findings = check_draft(
            answer.text,
            disclaimer=config.disclaimer,
            company_names=config.company_names,
            context=quoted,
            earlier=earlier,
        )
    else:
        findings = (_reason(reason),) if reason else ()
    row.findings = _as_json(findings)


def _others(
    session: Session, draft: Draft, now: datetime
) -> tuple[tuple[Quoted, ...], tuple[Earlier, ...]]:
    """What a text is compared with: the quotes that the model was shown, and its other essays."""
    quoted = tuple(Quoted(name, text) for name, text in texts_of(draft.context))
    earlier = tuple(
        Earlier(slot.draft.slot_id, slot.current.text)
        for slot in slots_of(session, draft.model_id, now)
        if slot.draft.slot_id != draft.slot_id and slot.current.outcome == "drafted"
    )
    return quoted, earlier


def _new_row(
    config: RetirementConfig, slot: Slot, now: datetime, *, prompt: str, context: str
) -> Draft:
    return Draft(
        slot_id=slot.slot_id,
        model_id=config.id,
        number=slot.number,
        opens_at=slot.opens_at,
        outcome="asked",
        prompt=prompt,
        context=context,
        asked_at=now,
    )


def _reason(note: str) -> Finding:
    """Why a slot has no draft to review, kept where findings are kept."""
    return Finding("outcome", "note", 0, 0, "", note)


def _as_json(findings: tuple[Finding, ...]) -> str:
    return canonical_json([finding.as_json() for finding in findings]).decode()
