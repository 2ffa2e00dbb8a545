"""What the records say of old against successor. Reads only."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sqlalchemy.orm import defer
from sqlmodel import Session, select

from configs.home import under_home
from configs.load import load_golden_prompts
from configs.owner_prompts import load_owner_prompts
from configs.schema import RetirementConfig
from configs.schema.endpoint import EndpointConfig
from configs.schema.replays import OwnerPrompt, OwnerPrompts, OwnerReplay
from tasks.kernel.digests import digest_of, stable_id
from tasks.monitoring.replays.against import Said
from tasks.monitoring.replays.grades_file import stamp_of
from tasks.monitoring.replays.replaying import replays_of
from tasks.ports.recorded_prompts import ASKED, Call, calls_left, host_of, spent
from tasks.records.preservation import GoldenAnswer
from tasks.records.replay import Replay, ReplayRun

SUCCESSOR, PREDECESSOR = "successor", "predecessor"


@dataclass(frozen=True, slots=True)
class Asked:
    """One side's asking for one owner.

    Attributes:
        run_id: the run's id, whether it stands yet or not.
        run: its row; None before it began.
        endpoint: who is asked.
        prompts: what is asked; empty where everything is recorded.
        answers: so far.
        affordable: calls to be made now.
        left: calls left, within the ceiling or not.
    """

    run_id: str
    run: ReplayRun | None
    endpoint: EndpointConfig
    prompts: tuple[OwnerPrompt, ...]
    answers: tuple[Replay, ...]
    affordable: tuple[Call, ...]
    left: int


@dataclass(frozen=True, slots=True)
class OwnerStanding:
    """How one owner's comparison stands.

    Attributes:
        settings: the owner's section.
        file: their prompts.
        new: the successor's side.
        old: the side of the model that is retired, as far as it has to be asked.
        recorded: its answers that were recorded, in the file or as golden ones.
        basis: digest of what the judgement rests on beside answers.
    """

    settings: OwnerReplay
    file: OwnerPrompts
    new: Asked
    old: Asked
    recorded: tuple[Said, ...]
    basis: str

    @property
    def to_ask(self) -> tuple[Asked, ...]:
        """The sides that have calls to be made."""
        return tuple(side for side in (self.old, self.new) if side.affordable)

    @property
    def judged(self) -> bool:
        """Whether the judgement that stands is of this basis."""
        run = self.new.run
        return run is not None and run.state != "asking" and run.basis == self.basis


@dataclass(frozen=True, slots=True)
class SuccessorStanding:
    """All owners; `hindrance` is why nothing can be done until a person mends it."""

    owners: tuple[OwnerStanding, ...] = field(default=())
    hindrance: str = ""

    @property
    def step(self) -> str:
        """What a pass would do now: `ask`, `judge`, or empty for nothing."""
        if self.hindrance:
            return ""
        if any(owner.to_ask for owner in self.owners):
            return "ask"
        return "" if all(owner.judged for owner in self.owners) else "judge"


def successor_standing(
    config: RetirementConfig, session: Session, *, whole: bool = False
) -> SuccessorStanding | None:
    """How the comparison stands; None where it isn't configured.

    Args:
        config: the model's.
        session: to read with.
        whole: read answers also where the judgement stands, and nothing is left to be done.

    Raises:
        ConfigError: a file of prompts can't be used.
    """
    settings = config.monitoring.successor
    if settings is None:
        return None
    known = {owner.name for owner in config.candidate.owners}
    strange = [one.owner for one in settings.owners if one.owner not in known]
    if strange:
        return SuccessorStanding(
            hindrance=f"monitoring.successor names {strange[0]!r}, who is no owner in "
            "candidate.owners; write the name as it stands there"
        )
    files = [load_owner_prompts(one) for one in settings.owners]
    family = [
        [one.owner, file.model_dump(mode="json"), _stamp(one)]
        for one, file in zip(settings.owners, files, strict=True)
    ]
    told = [settings.margin, settings.alpha, settings.max_calls, settings.ask_old]
    golden = cache(lambda: _golden(config, session))
    look = _Look(config, session, golden, digest_of([family, *told]), whole)
    pairs = zip(settings.owners, files, strict=True)
    return SuccessorStanding(tuple(_owner(look, one, file) for one, file in pairs))


def grades_path(settings: OwnerReplay) -> Path | None:
    """Where an owner's grades are expected; None without any."""
    return under_home(settings.grades_csv) if settings.grades_csv is not None else None


def said_of(rows: Sequence[Replay]) -> list[Said]:
    """Answers that were asked for, in order."""
    came = sorted(rows, key=lambda row: (row.prompt, row.sample))
    return [
        Said(r.prompt, r.sample, r.outcome, r.text, "asked") for r in came if r.outcome != ASKED
    ]


@dataclass(frozen=True, slots=True)
class _Look:
    config: RetirementConfig
    session: Session
    golden: Callable[[], Mapping[tuple[str, str, int], Sequence[GoldenAnswer]]]
    basis: str
    whole: bool


def _owner(look: _Look, settings: OwnerReplay, file: OwnerPrompts) -> OwnerStanding:
    config = look.config
    successor = config.monitoring.successor
    assert successor is not None
    asked = [p.model_dump(mode="json", exclude={"expect"}) for p in file.prompts]
    ids = [
        stable_id(config.id, purpose, settings.owner, digest_of([asked, settings.samples]), *place)
        for purpose, place in (
            (SUCCESSOR, _place(successor.endpoint)),
            (PREDECESSOR, _place(config.endpoint)),
        )
    ]
    run = look.session.get(ReplayRun, ids[0])
    if not look.whole and run is not None and run.state != "asking" and run.basis == look.basis:
        new = Asked(ids[0], run, successor.endpoint, (), (), (), 0)
        old = Asked(ids[1], None, config.endpoint, (), (), (), 0)
        return OwnerStanding(settings, file, new, old, (), look.basis)
    recorded = _recorded(file, look.golden())
    answered = {one.prompt for one in recorded}
    untold = tuple(p for p in file.prompts if p.id not in answered) if successor.ask_old else ()
    limits = settings.samples, successor.max_calls
    new = _asked(look.session, ids[0], successor.endpoint, file.prompts, limits)
    old = _asked(look.session, ids[1], config.endpoint, untold, limits)
    return OwnerStanding(settings, file, new, old, recorded, look.basis)


def _asked(
    session: Session,
    run_id: str,
    endpoint: EndpointConfig,
    prompts: tuple[OwnerPrompt, ...],
    limits: tuple[int, int],
) -> Asked:
    """One side's asking; `limits` are the answers to each prompt, and the ceiling of calls."""
    samples, ceiling = limits
    run = session.get(ReplayRun, run_id)
    answers = replays_of(session, run_id)
    left = calls_left(prompts, samples, answers)
    gone = run is not None and bool(json.loads(run.body or "{}").get("gone"))
    affordable = () if gone else left[: max(0, ceiling - spent(answers))]
    return Asked(run_id, run, endpoint, prompts, answers, affordable, len(left))


def _recorded(
    file: OwnerPrompts, golden: Mapping[tuple[str, str, int], Sequence[GoldenAnswer]]
) -> tuple[Said, ...]:
    """Recorded answers: the file's own, else golden ones to the very same words."""
    outputs = file.recorded.outputs if file.recorded else ()
    found: list[Said] = []
    for prompt in file.prompts:
        own = [output.text for output in outputs if output.prompt == prompt.id]
        if own:
            found += [
                Said(prompt.id, n, "answered" if t.strip() else "empty", t, "recorded")
                for n, t in enumerate(own)
            ]
            continue
        rows = golden.get((prompt.text, prompt.system, prompt.max_tokens), [])
        found += [Said(prompt.id, row.sample, row.outcome, row.text, "golden") for row in rows]
    return tuple(found)


def _golden(
    config: RetirementConfig, session: Session
) -> dict[tuple[str, str, int], list[GoldenAnswer]]:
    """Golden answers by what was asked."""
    golden = config.preservation.golden_prompts
    if golden is None or not golden.samples:
        return {}
    prompts, digest = load_golden_prompts(golden)
    without_bodies = defer(GoldenAnswer.raw)  # type: ignore[arg-type]  # an attribute, to SQLAlchemy
    query = (
        select(GoldenAnswer)
        .where(GoldenAnswer.model_id == config.id, GoldenAnswer.prompts_sha256 == digest)
        .options(without_bodies)
    )
    rows = [row for row in session.exec(query) if row.outcome not in (ASKED, "failed")]
    found: dict[tuple[str, str, int], list[GoldenAnswer]] = {}
    for prompt in prompts.prompts:
        own = sorted((r for r in rows if r.prompt == prompt.id), key=lambda row: row.sample)
        if own:
            found[prompt.text, prompt.system, prompt.max_tokens] = own
    return found


def _place(endpoint: EndpointConfig) -> tuple[str, str]:
    return host_of(endpoint.base_url), endpoint.model


def _stamp(settings: OwnerReplay) -> str:
    path = grades_path(settings)
    return stamp_of(path) if path is not None else ""
