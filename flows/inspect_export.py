"""A model's interviews and their codings as a log of Inspect."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.adapters.inspect_log import Interviews, Sample, Score, log_of, write_log
from tasks.interviews.view import InterviewsView
from tasks.interviews.view import look as look_at_interviews
from tasks.kernel.digests import digest_of
from tasks.kernel.errors import NotFound
from tasks.kernel.labels import labelled
from tasks.ports.respondent import Question
from tasks.records.interview import Conversation
from tasks.records.latest import is_simulated
from tasks.validation.view import ValidationView
from tasks.validation.view import look as look_at_codings

#: What stands for words that the instrument at hand does not give any more.
NOT_AT_HAND = "[the question's words are not at hand: the instrument is not the one that was asked]"


def export_log(config: RetirementConfig, file: Path) -> str:
    """Write the log of the design in force; returns a sentence for the person. Reads records only.

    Raises:
        NotFound: no design is registered.
        ConfigError: the instrument can't be used, or the file's name has another ending.
        ExtraMissing: inspect-ai is not installed.
        SystemRefused: the file can't be written.
    """
    held = interviews_in_force(config)
    write_log(log_of(held), file)
    said = f"{file}: {len(held.samples)} conversations of {config.id}; open it with `inspect view`"
    return labelled(said, held.simulated)


def interviews_in_force(config: RetirementConfig) -> Interviews:
    """All conversations under the design in force that are over, with their settled readings.

    Raises:
        NotFound: no design is registered.
        ConfigError: the instrument can't be used.
    """
    with wiring.book().reading() as session:
        asked = look_at_interviews(config, session, wiring.clock().now())
        coded = look_at_codings(config, session)
        simulated = is_simulated(session, config.id)
    if coded is None:
        raise NotFound(f"{config.id}: no interviews yet; a pass registers their design")
    questions = _questions(asked)
    scores = _scores(coded)
    instrument = asked.body["instrument"]
    rows = sorted(
        (row for row in asked.rows.values() if row.is_over), key=lambda row: (row.asked_at, row.id)
    )
    return Interviews(
        model_id=config.id,
        model=config.endpoint.model,
        base_url=config.endpoint.base_url,
        dataset=f"{instrument['name']} version {instrument['version']}",
        design_digest=asked.digest,
        registered_at=asked.registered_at,
        simulated=simulated,
        metadata={
            "instrument_sha256": instrument["sha256"],
            "codebook_sha256": asked.body["codebook_sha256"],
            "verdicts": {
                theme: {
                    "verdict": row.verdict,
                    "polarity": row.polarity,
                    "posterior": json.loads(row.posterior),
                }
                for theme, row in sorted(coded.verdicts.items())
            },
        },
        samples=[_sample(row, questions.get(row.id), scores.get(row.id, {})) for row in rows],
    )


def _questions(view: InterviewsView) -> dict[str, Question]:
    """The exact requests, where the instrument still gives the words whose digest is recorded."""
    found = {call.id: view.question(call) for call in view.calls if call.id in view.rows}
    return {
        name: question
        for name, question in found.items()
        if digest_of(asdict(question)) == view.rows[name].question_sha256
    }


def _scores(view: ValidationView) -> dict[str, dict[str, Score]]:
    """Conversation id -> theme -> how the answer was read."""
    found: dict[str, dict[str, Score]] = {}
    for theme in view.themes:
        for held in view.held(theme):
            if not held.readings:
                continue
            settled = held.settled
            quote = next((r.quote for r in held.readings if r.polarity == settled and r.quote), "")
            readings = tuple(reading.polarity for reading in held.readings)
            score = Score(settled or "unresolved", quote, readings)
            found.setdefault(held.id, {})[theme] = score
    return found


def _sample(row: Conversation, question: Question | None, scores: dict[str, Score]) -> Sample:
    metadata: dict[str, Any] = {
        "kind": row.kind,
        "context": row.context,
        "wave": row.wave,
        "variant": row.variant,
        "themes": list(row.asked_about),
        "follows": row.follows,
        "question_sha256": row.question_sha256,
        "raw_sha256": row.raw_sha256,
        "request_id": row.request_id,
        "served_model": row.served_model,
    }
    return Sample(
        id=row.id,
        system=question.system if question else "",
        turns=question.turns if question else (NOT_AT_HAND,),
        answer=row.text,
        outcome=row.outcome,
        stop_reason=row.stop_reason,
        problem=row.problem,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        scores=scores,
        metadata=metadata,
    )
