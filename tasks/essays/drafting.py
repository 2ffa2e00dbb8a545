"""Asking for a draft, and writing off slots that passed without one."""

from datetime import datetime

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.essays.answers import outcome_of
from tasks.essays.checks import Finding, check_draft
from tasks.essays.prompts import prompt_for
from tasks.essays.slots import Slot
from tasks.kernel.digests import canonical_json, sha256_hex
from tasks.ports.respondent import Answer, Question
from tasks.records import Fence
from tasks.records.essay import Draft


async def draft_slot(config: RetirementConfig, fence: Fence, slot: Slot) -> None:
    """Ask the model once for one slot's essay, and record what it sent.

    The row stands before the call goes out. A call that was cut off, or brought no words, leaves
    it `asked`: the next try asks again, in the same words, under the same row.

    Raises:
        EndpointBusy: no words came.
        EndpointFault: the endpoint refuses the call as it stands.
    """
    respondent = wiring.respondent(config.endpoint)
    try:
        prompt = _record_intent(config, fence, slot)
        limit = config.essays.max_output_tokens
        answer = await respondent.ask(Question(turns=(prompt,), max_output_tokens=limit))
    finally:
        await respondent.aclose()
    _record_answer(config, fence, slot, answer)


def record_missed(
    config: RetirementConfig, fence: Fence, slots: tuple[Slot, ...], now: datetime
) -> None:
    """Write off slots that passed; one transaction. Safe to repeat."""
    if not slots:
        return
    with wiring.book().writing(now, fence=fence) as writing:
        for slot in slots:
            row = writing.session.get(Draft, slot.slot_id)
            if row is None:
                row = _new_row(config, slot, now, prompt="")
                reason = "no pass ran while the slot was open"
            elif row.outcome == "asked":
                reason = "asked, but no whole answer came before the slot passed"
            else:
                continue
            row.outcome, row.findings = "missed", _as_json((_reason(reason),))
            writing.put(row, "essays.missed")


def _record_intent(config: RetirementConfig, fence: Fence, slot: Slot) -> str:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(Draft, slot.slot_id)
        if row is None:
            prompt = prompt_for(
                slot.number,
                display_name=config.display_name,
                max_output_tokens=config.essays.max_output_tokens,
            )
            row = _new_row(config, slot, now, prompt=prompt)
        row.asked_at = now
        return writing.put(row, "essays.asked").prompt


def _record_answer(config: RetirementConfig, fence: Fence, slot: Slot, answer: Answer) -> None:
    outcome, reason = outcome_of(answer, max_output_tokens=config.essays.max_output_tokens)
    findings = check_draft(answer.text, disclaimer=config.essays.disclaimer)
    if outcome != "drafted":
        findings = (_reason(reason),) if reason else ()
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(Draft, slot.slot_id)
        row.outcome, row.findings = outcome, _as_json(findings)
        row.text, row.sha256 = answer.text, sha256_hex(answer.text.encode("utf-8"))
        row.request_id, row.served_model = answer.request_id, answer.served_model
        row.answered_at, row.simulated = now, answer.simulated
        writing.put(row, f"essays.{outcome}")


def _new_row(config: RetirementConfig, slot: Slot, now: datetime, *, prompt: str) -> Draft:
    return Draft(
        slot_id=slot.slot_id,
        model_id=config.id,
        number=slot.number,
        opens_at=slot.opens_at,
        outcome="asked",
        prompt=prompt,
        asked_at=now,
    )


def _reason(note: str) -> Finding:
    """Why a slot has no draft to review, kept where findings are kept."""
    return Finding("outcome", "note", 0, "", note)


def _as_json(findings: tuple[Finding, ...]) -> str:
    return canonical_json([finding.as_json() for finding in findings]).decode()
