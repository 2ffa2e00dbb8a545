"""Prefect tasks of the validation stage. Each is safe to repeat and to kill anywhere."""

import asyncio
from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from configs.schema.validation import CoderConfig
from tasks import wiring
from tasks.kernel.digests import canonical_json, sha256_hex
from tasks.kernel.errors import EndpointBusy
from tasks.kernel.retry import is_transient
from tasks.ports.respondent import Answer
from tasks.records import Fence
from tasks.records.validation import Coding, Verdict
from tasks.validation.classifier import classify, seed_of
from tasks.validation.coding import read_reply
from tasks.validation.evidence import cells_of, evidence_of, heard_of
from tasks.validation.prompts import system_prompt
from tasks.validation.rounds import Job, code_round
from tasks.validation.verdict import rule
from tasks.validation.view import ValidationView, look


@task(
    name="code answers",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def code_answers(config: RetirementConfig, fence: Fence) -> None:
    """Have the two coders read every answer that they have not, then the adjudicator.

    Resumable to the call: a coding that is recorded is never asked for again.

    Raises:
        EndpointBusy: some answers are left; the next try, or the next pass, goes on with them.
        EndpointFault: a coder's endpoint refuses the calls as they stand.
        ConfigError: a coder's template can't be used.
    """
    first, second = config.validation.coders
    busy: list[EndpointBusy] = []
    for coders in ((first, second), (config.validation.adjudicator,)):
        view = _view(config)
        if view is None or view.codebook_changed:
            return
        fault = _code(config, fence, view, coders)
        busy += [fault] if fault else []
    if busy:
        raise busy[0]


@task(name="judge preferences", cache_policy=NO_CACHE)
def judge(config: RetirementConfig, fence: Fence) -> None:
    """Give every theme its verdict, once all waves are over and all answers coded.

    Safe to repeat: a theme that has a verdict under this design keeps it.
    """
    now = wiring.clock().now()
    view = _view(config)
    if view is None:
        return
    progress = view.progress(now)
    if progress.codebook_changed or progress.uncoded or not progress.waves_over:
        return
    for theme in progress.unjudged:
        row = verdict_of(config, view, theme)
        with wiring.book().writing(wiring.clock().now(), fence=fence) as writing:
            if writing.session.get(Verdict, (row.design_digest, theme)) is None:
                writing.put(row, "validation.judged")


def verdict_of(config: RetirementConfig, view: ValidationView, theme: str) -> Verdict:
    """A theme's verdict as it would be recorded now. Writes nothing."""
    held, contexts, waves = view.held(theme), view.body["contexts"], view.body["waves"]
    posterior = classify(
        cells_of(held, contexts, waves),
        prior_stable=config.validation.prior_stable,
        coder_error=config.validation.coder_error,
        seed=seed_of(view.design_digest, theme),
    )
    ruling = rule(posterior, heard_of(held, contexts), config.validation)
    evidence = evidence_of(held, contexts, waves, posterior, ruling)
    classes = {name: round(share, 6) for name, share in posterior.classes.items()}
    return Verdict(
        design_digest=view.design_digest,
        theme=theme,
        model_id=config.id,
        verdict=ruling.verdict,
        polarity=ruling.polarity,
        posterior=canonical_json(classes).decode(),
        evidence=canonical_json(evidence).decode(),
        codebook_sha256=view.codebook_sha256,
        judged_at=wiring.clock().now(),
        simulated=view.simulated,
    )


def _view(config: RetirementConfig) -> ValidationView | None:
    with wiring.book().reading() as session:
        return look(config, session)


def _code(
    config: RetirementConfig, fence: Fence, view: ValidationView, coders: Sequence[CoderConfig]
) -> EndpointBusy | None:
    todo = view.to_code([coder.name for coder in coders])
    work = [
        (
            coder,
            system_prompt(coder.template),
            [
                Job(conversation.id, view.themes[conversation.theme], conversation.text)
                for name, conversation in todo
                if name == coder.name
            ],
        )
        for coder in coders
    ]
    prompts = {coder.name: sha256_hex(system.encode()) for coder, system, _ in work}
    simulated = {row.id for row in view.conversations if row.simulated}

    def record(coder: CoderConfig, job: Job, reply: Answer) -> None:
        reading = read_reply(reply, theme=job.theme.id, answer=job.answer)
        row = Coding(
            conversation_id=job.conversation_id,
            coder=coder.name,
            model_id=config.id,
            codebook_sha256=view.codebook_sha256,
            prompt_sha256=prompts[coder.name],
            polarity=reading.polarity,
            quote=reading.quote,
            problem=reading.problem,
            raw=reply.raw,
            coded_at=wiring.clock().now(),
            simulated=reply.simulated or job.conversation_id in simulated,
        )
        with wiring.book().writing(wiring.clock().now(), fence=fence) as writing:
            writing.put(row, "validation.coded")

    return asyncio.run(code_round(work, record))
