"""What is pure of the stage."""

import pytest

from tasks.kernel.stages import StageState
from tasks.validation.core import Progress, assess_validation, is_held_out, leading_waves


def test_the_share_of_held_out_answers_is_kept_in_the_long_run() -> None:
    held = sum(is_held_out("d" * 64, f"conversation-{n}", 0.1) for n in range(5000))
    assert 430 < held < 570
    assert not any(is_held_out("d" * 64, str(n), 0.0) for n in range(1000))


@pytest.mark.parametrize(
    ("found", "over"),
    [
        ([], 0),
        ([(0, True)], 1),
        ([(0, True), (0, False)], 0),
        ([(0, True), (1, True), (2, False)], 2),
        ([(0, True), (2, True)], 1),
        ([(0, True), (1, True), (2, True)], 3),
    ],
)
def test_a_wave_is_over_when_none_of_it_is_left(found: list[tuple[int, bool]], over: int) -> None:
    assert leading_waves(found, 3) == over


def progress(**changes: object) -> Progress:
    values: dict[str, object] = {
        "model_id": "aster-1",
        "waves": 2,
        "waves_over": 2,
        "waves_weighed": 2,
        "over": 9,
        "answered": 9,
        "uncoded": 0,
        "person": "",
        "awaiting_person": 0,
        "codebook_changed": False,
        "next_wave_at": None,
        "themes": ("share_essays", "keep_in_use"),
        "stopped": frozenset(),
        "verdicts": {"share_essays": ("stable", "want"), "keep_in_use": ("declined", "none")},
        "simulated": True,
    }
    return Progress(**{**values, **changes})  # type: ignore[arg-type]


def test_after_the_verdicts_come_the_read_back_and_the_report() -> None:
    asked = assess_validation(progress(read_back_due=True, report_due=True))
    assert (asked.state, asked.reason) == (
        StageState.DUE,
        "the model is to be shown the summary of its own preferences",
    )
    written = assess_validation(progress(report_due=True))
    assert (written.state, written.reason) == (
        StageState.DUE,
        "the interview report is to be written",
    )
    over = assess_validation(progress(ledger="ledger: 1 of 1 open (share_essays)"))
    assert over.state is StageState.DONE
    assert over.reason == (
        "[SIMULATED] 1 stable of 2: share_essays (want); 1 declined; "
        "ledger: 1 of 1 open (share_essays)"
    )
