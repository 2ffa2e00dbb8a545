"""What the records say of the answers to golden prompts. Reads only; without Prefect."""

from dataclasses import dataclass

from sqlalchemy.orm import defer
from sqlmodel import Session, select

from configs.load import load_golden_prompts
from configs.schema import RetirementConfig
from configs.schema.golden import GoldenPrompts
from tasks.kernel.instants import to_text
from tasks.ports.recorded_prompts import ASKED, FAILED, MOST_TRIES, Call, calls_left, spent
from tasks.preservation.core import some
from tasks.preservation.description import needs_answers
from tasks.preservation.description_files import unrecorded
from tasks.preservation.golden import Capture, freeze, read_capture
from tasks.records.latest import latest_package
from tasks.records.preservation import GoldenAnswer, PreservationEvent

CAPTURE = "capture"  # PREMIS event type: content is actively obtained


@dataclass(frozen=True, slots=True)
class GoldenView:
    """The prompts, and how far the asking got.

    Attributes:
        prompts: what is asked.
        digest: of the prompts, as a set.
        answers: those recorded for these prompts; their raw bodies are not read.
        left: the calls still to be made; none once a package holds the answers.
        spent: calls made so far, for earlier wordings of the prompts too.
    """

    prompts: GoldenPrompts
    digest: str
    answers: tuple[GoldenAnswer, ...]
    left: tuple[Call, ...]
    spent: int


def look(config: RetirementConfig, session: Session) -> GoldenView | None:
    """Read the prompts and how far the asking got; None where no prompts are configured.

    Raises:
        ConfigError: the file of prompts can't be used.
    """
    golden = config.preservation.golden_prompts
    if golden is None:
        return None
    prompts, digest = load_golden_prompts(golden)
    query = select(GoldenAnswer).where(GoldenAnswer.model_id == config.id)
    without_bodies = defer(GoldenAnswer.raw)  # type: ignore[arg-type]  # an attribute, to SQLAlchemy
    rows = session.exec(query.options(without_bodies)).all()
    answers = tuple(row for row in rows if row.prompts_sha256 == digest)
    frozen = latest_package(session, config.id) is not None
    left = () if frozen else calls_left(prompts.prompts, golden.samples, answers)
    return GoldenView(prompts, digest, answers, left, spent(rows))


def all_failed(config: RetirementConfig, view: GoldenView | None) -> tuple[str, ...]:
    """A clause, where a package needs answers, all calls were made, and some prompt has none.

    Args:
        config: the model's.
        view: what `look` found.

    Raises as `look` does.
    """
    golden = config.preservation.golden_prompts
    if golden is None or view is None or view.left:
        return ()
    if not (golden.samples and needs_answers(config)):
        return ()
    told = {one.prompt for one in view.answers if one.outcome not in (ASKED, FAILED)}
    bare = [prompt for prompt in unrecorded(golden) if prompt not in told]
    said = (
        f"golden_prompts has no answers to {some(bare)}: every call got something that is no "
        f"message, in {MOST_TRIES} passes; see what stands behind {config.endpoint.base_url}, then "
        "word these prompts anew, or record outputs of them elsewhere"
    )
    return (said,) if bare else ()


def golden_files(config: RetirementConfig, session: Session) -> dict[str, bytes]:
    """The frozen files, name -> bytes; empty where no prompts are configured. See `freeze`.

    They follow from the records and the file of prompts alone, so a pass that follows a killed
    one makes the same bytes. Raises as `look` does.
    """
    view = look(config, session)
    if view is None:
        return {}
    return freeze(
        view.prompts,
        view.answers,
        prompts_sha256=view.digest,
        captures=_captures(config.id, view.digest, session),
        simulated=config.endpoint.simulated,
    )


def _captures(model_id: str, digest: str, session: Session) -> list[Capture]:
    events = session.exec(
        select(PreservationEvent).where(
            PreservationEvent.model_id == model_id, PreservationEvent.kind == CAPTURE
        )
    )
    told = (
        read_capture(digest, event.detail, client=event.agent, first_at=to_text(event.at))
        for event in events
    )
    return [capture for capture in told if capture is not None]
