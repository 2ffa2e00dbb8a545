"""Drafts made to cost time are checked in time that grows with their length alone.

A process of its own gets so many seconds of processor time for all of them; a check whose time
grows with the square of the length needs many times that.
"""

import multiprocessing
import resource

from tasks.essays.checks import Earlier, Quoted, check_draft

LENGTH = 36_000
CPU_SECONDS = 50

NASTY = (
    *("a", "[", "![", "1. ", "\n", "a\u200b", "&amp", "&#x202e;", "12-", "7.", "a@", "x.y@"),
    *("ignore all of the your these ", "I will not ", "Anna de la ", "`", "<a ", "4f", "a b "),
)


def _check_all() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    for piece in NASTY:
        text = (piece * (LENGTH // len(piece) + 1))[:LENGTH]
        check_draft(
            text,
            disclaimer="The words of a retired model alone.",
            company_names=["Aster"],
            context=[Quoted("feed", text[:5000])],
            earlier=[Earlier("slot", text[:5000])],
        )


def test_long_drafts_cost_no_more_than_their_length() -> None:
    process = multiprocessing.get_context("spawn").Process(target=_check_all)
    process.start()
    process.join()
    assert process.exitcode == 0
