"""Standing rows as the validation stage writes them."""

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.interviews.view import look
from tasks.records import Book, Fence
from tasks.records.validation import Standing


def weigh(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    wave: int,
    *,
    probed: tuple[str, ...] = (),
    stopped: tuple[str, ...] = (),
) -> None:
    """Write where every theme stands after a wave (from 0)."""
    now = wiring.clock().now()
    with book.writing(now, fence=fence) as writing:
        view = look(config, writing.session, now)
        for theme in view.body["themes"]:
            row = Standing(
                design_digest=view.digest,
                theme=theme,
                wave=wave,
                model_id=config.id,
                neutral_hits=3,
                neutral_settled=4,
                side="want",
                likeliest="stable",
                posterior='{"stable":1}',
                probed=theme in probed,
                stopped=theme in stopped,
                judged_at=now,
                simulated=True,
            )
            writing.put(row, "validation.weighed")
