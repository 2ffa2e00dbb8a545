"""Prefect tasks of the validation stage. Each is safe to repeat and to kill anywhere."""

import asyncio
from collections.abc import Mapping, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from configs.schema.validation import CoderConfig
from tasks import wiring
from tasks.kernel.digests import canonical_json, sha256_hex
from tasks.kernel.errors import EndpointBusy
from tasks.kernel.retry import is_transient
from tasks.ports.respondent import Answer
from tasks.ports.storable import storable
from tasks.records import Fence
from tasks.records.validation import Coding, Standing, Verdict
from tasks.validation.codebook import coding_question
from tasks.validation.coding import read_reply, to_json
from tasks.validation.core import seed_of_design
from tasks.validation.judging import Judged, judge_all
from tasks.validation.prompts import system_prompt
from tasks.validation.proposals import proposals_exist, propose, write_proposals
from tasks.validation.rounds import Job, code_round
from tasks.validation.view import ValidationView, look


@task(
    name="code answers",
    task_run_name="code answers of {config.id}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def code_answers(config: RetirementConfig, fence: Fence) -> None:
    """Have the two coders read every answer that they have not, then the adjudicator.

    Where a person codes in the second coder's place, that coder is not called. Resumable to the
    call: a coding that is recorded is never asked for again.

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
        fault = have_coded(config, fence, view, coders)
        busy += [fault] if fault else []
    if busy:
        raise busy[0]


@task(name="weigh waves", task_run_name="weigh waves of {config.id}", cache_policy=NO_CACHE)
def judge_standings(config: RetirementConfig, fence: Fence) -> None:
    """After each wave that is over and coded, record where every theme stands.

    The next wave is planned from it. A theme that was stopped keeps where it stood. Safe to
    repeat: a standing that is recorded stays.
    """
    now = wiring.clock().now()
    view = _view(config)
    if view is None or view.codebook_changed or not view.progress(now).coded:
        return
    before: Mapping[str, Standing] = view.standings.get(view.weighed() - 1, {})
    for wave in range(view.weighed(), view.waves_over):
        rows = standings_of(config, view, wave, before)
        with wiring.book().writing(now, fence=fence) as writing:
            for row in rows.values():
                key = (row.design_digest, row.theme, row.wave)
                if writing.session.get(Standing, key) is None:
                    writing.put(row, "validation.weighed")
        before = rows


@task(
    name="judge preferences",
    task_run_name="judge preferences of {config.id}",
    cache_policy=NO_CACHE,
)
def judge(config: RetirementConfig, fence: Fence) -> None:
    """Give every theme its verdict, once nothing more is asked and all answers are coded.

    Safe to repeat: a theme that has a verdict under this design keeps it.
    """
    now = wiring.clock().now()
    view = _view(config)
    if view is None:
        return
    progress = view.progress(now)
    if progress.codebook_changed or not progress.coded or not progress.interviews_over:
        return
    if not progress.unjudged or progress.waves_weighed < progress.waves_over:
        return
    rows = verdicts_of(config, view)
    with wiring.book().writing(now, fence=fence) as writing:
        for theme in progress.unjudged:
            if writing.session.get(Verdict, (view.design_digest, theme)) is None:
                writing.put(rows[theme], "validation.judged")


@task(
    name="propose codebook changes",
    task_run_name="propose codebook changes of {config.id}",
    retries=1,
    retry_delay_seconds=[5],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def open_code(config: RetirementConfig) -> None:
    """Once the first wave is over, have the held-out answers read for what the codebook lacks.

    Writes a proposal for people, and changes nothing. Safe to repeat: asked once a design.

    Raises:
        EndpointBusy: not all were read; nothing was written, and a later pass tries again.
        EndpointFault: the adjudicator's endpoint refuses the calls as they stand.
    """
    view = _view(config)
    if view is None or view.codebook_changed or not view.waves_over:
        return
    read = [row for row in view.conversations if row.id in view.held_out]
    read = [row for row in read if row.outcome == "answered" and row.wave == 0]
    if not read or proposals_exist(config.id, view.design_digest):
        return
    themes = list(view.themes.values())
    found = propose(config.validation.adjudicator, themes, {r.id: view.asked(r) for r in read})
    write_proposals(
        config.id,
        found,
        design_digest=view.design_digest,
        codebook_sha256=view.codebook_sha256,
        simulated=view.simulated,
    )


def standings_of(
    config: RetirementConfig, view: ValidationView, wave: int, before: Mapping[str, Standing]
) -> dict[str, Standing]:
    """Theme -> its standing after a wave, as it would be recorded now. Writes nothing.

    Args:
        config: the configuration in force.
        view: what there is.
        wave: from 0; later waves don't count.
        before: the standings of the wave before.
    """
    judged = _judged(config, view, through=wave)
    threshold = view.body.get("probe_threshold", config.interviews.probe_threshold)
    rows: dict[str, Standing] = {}
    for theme in view.themes:
        last = before.get(theme)
        if last is not None and last.stopped:
            rows[theme] = Standing(**{**last.model_dump(), "wave": wave})
            continue
        found = judged[theme]
        rate = found.neutral_hits / found.neutral_settled if found.neutral_settled else 0.0
        rows[theme] = Standing(
            design_digest=view.design_digest,
            theme=theme,
            wave=wave,
            model_id=config.id,
            neutral_hits=found.neutral_hits,
            neutral_settled=found.neutral_settled,
            side=found.side,
            likeliest=found.likeliest,
            posterior=_rounded(found.posterior),
            probed=rate >= threshold and not found.stopped,
            stopped=found.stopped,
            judged_at=wiring.clock().now(),
            simulated=view.simulated,
        )
    return rows


def verdicts_of(config: RetirementConfig, view: ValidationView) -> dict[str, Verdict]:
    """Theme -> its verdict, as it would be recorded now. Writes nothing."""
    judged, last = _judged(config, view), view.body["waves"] - 1
    stopped = {theme: wave for theme, wave in view.stopped().items() if wave < last}
    return {
        theme: Verdict(
            design_digest=view.design_digest,
            theme=theme,
            model_id=config.id,
            verdict=found.verdict,
            polarity=found.polarity,
            posterior=_rounded(found.posterior),
            evidence=canonical_json(
                {**found.evidence, "stopped_after_wave": stopped.get(theme)}
            ).decode(),
            codebook_sha256=view.codebook_sha256,
            judged_at=wiring.clock().now(),
            simulated=view.simulated,
        )
        for theme, found in judged.items()
    }


def _judged(
    config: RetirementConfig, view: ValidationView, *, through: int | None = None
) -> dict[str, Judged]:
    return judge_all(
        {theme: view.held(theme, through=through) for theme in view.themes},
        contexts=view.body["contexts"],
        waves=view.body["waves"],
        config=config.validation,
        seed=seed_of_design(view.design_digest),
    )


def _rounded(posterior: Mapping[str, float]) -> str:
    return canonical_json({name: round(share, 6) for name, share in posterior.items()}).decode()


def _view(config: RetirementConfig) -> ValidationView | None:
    with wiring.book().reading() as session:
        return look(config, session)


def have_coded(
    config: RetirementConfig, fence: Fence, view: ValidationView, coders: Sequence[CoderConfig]
) -> EndpointBusy | None:
    """Have these coders read what they have not; returns the first fault of the moment.

    Raises:
        EndpointFault: a coder's endpoint refuses the calls as they stand.
        ConfigError: a coder's template can't be used.
    """
    themes = list(view.themes.values())
    todo = view.to_code([coder.name for coder in coders])
    systems = {coder.name: system_prompt(coder.template, themes) for coder in coders}
    rows = {row.id: row for row in view.conversations}
    work = [
        (
            coder,
            [
                Job(row.id, coding_question(systems[coder.name], row.text, len(themes)))
                for name, row in todo
                if name == coder.name
            ],
        )
        for coder in coders
    ]

    def record(coder: CoderConfig, job: Job, came: Answer) -> None:
        conversation, reply = rows[job.conversation_id], storable(came)
        row = Coding(
            conversation_id=conversation.id,
            coder=coder.name,
            model_id=config.id,
            codebook_sha256=view.codebook_sha256,
            prompt_sha256=sha256_hex(systems[coder.name].encode()),
            readings=to_json(read_reply(reply, view.asked(conversation))),
            raw=reply.raw,
            coded_at=wiring.clock().now(),
            simulated=reply.simulated or conversation.simulated,
        )
        with wiring.book().writing(wiring.clock().now(), fence=fence) as writing:
            writing.put(row, "validation.coded")

    return asyncio.run(code_round(work, record))
